"""Records on `commands`, signed or not: whatever they hold, ingest takes the next command."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chassis.feeds.command_record import command_record
from chassis.kafka.cluster import Cluster
from chassis.kafka.memory.memory_log import MemoryRecord
from contracts.commands import AnswerReturn, Command, encode_command
from contracts.results.topics import COMMAND, COMMANDS, control_headers
from contracts.time.clock import RealClock
from producers.ingest.command_feed import CommandFeed
from producers.ingest.holds.standing_holds import StandingHolds
from producers.ingest.returned.standing_returns import StandingReturns
from tests import hostile
from tests.contracts.test_commands import HOLD, RETURNED
from tests.hostile import HostileRecord
from tests.producers.installation import KEY

_records = st.lists(st.tuples(hostile.records, st.booleans()), max_size=8)
_CUT = [encode_command(RETURNED)[:-5], encode_command(HOLD).replace(b"npsn:1", b"")]


def _signed(value: bytes) -> HostileRecord:
    return HostileRecord(value, None, [*control_headers(KEY, COMMAND, COMMANDS, 0, value)], 0)


@given(_records)
def test_whatever_lies_on_the_topic_the_next_command_is_taken(
    found: list[tuple[HostileRecord, bool]],
) -> None:
    holds, returns = StandingHolds(), StandingReturns()
    feed = CommandFeed(Cluster("localhost:1"), KEY, RealClock())
    hostile_ones = [_signed(one.value or b"") if is_ours else one for one, is_ours in found]
    good: list[Command] = [HOLD, RETURNED]
    answer = AnswerReturn(
        id="x", region="32.11", by="npsn:1", note="", unit="npsn:1", event="e-1", answer="e-2"
    )
    stranger = command_record(bytes(32), answer, 1)
    forged = HostileRecord(stranger.value, None, [*stranger.headers], 0)
    taken = [_signed(encode_command(one)) for one in good]
    for one in [*hostile_ones, *map(_signed, _CUT), *taken, forged]:
        record = MemoryRecord(COMMANDS, 0, 7, one.time_ms, one.key, one.value, one.headers)
        feed._apply(record, holds, returns)
    assert list(holds.of("npsn:2", 0)) == [HOLD.shown_as]
    assert list(returns.of("npsn:1", 0)) == ["e-1"]
