"""A command as it goes to Kafka: signed, and in the partition of its region."""

from __future__ import annotations

from chassis.kafka.interface import OutgoingRecord
from contracts.commands import Command, encode_command
from contracts.events.partition import partition_of
from contracts.results.topics import COMMAND, COMMANDS, control_headers


def command_record(key: bytes, command: Command, partitions: int) -> OutgoingRecord:
    """`key`: the installation's; `partitions`: of the topic."""
    value = encode_command(command)
    partition = partition_of(command.region, partitions)
    headers = control_headers(key, COMMAND, COMMANDS, partition, value)
    return OutgoingRecord(COMMANDS, value, command.about.encode(), partition, headers)
