"""Topics whose greatest record is too small: the limit is raised, and what the broker refuses is an error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from kafka.errors import KafkaError, TopicAuthorizationFailedError

from chassis.kafka import clients
from chassis.kafka.admin import TopicError, _raise_limits
from chassis.kafka.cluster import Cluster
from contracts.results.topics import Topic

_LIMIT = "max.message.bytes"
_TOPICS = [Topic("one", 1, {_LIMIT: "2000000"}), Topic("two", 1, {_LIMIT: "3000000"})]
_NOW = {"one": {_LIMIT: "1048588"}, "two": {_LIMIT: "1048588"}}


class Admin:
    """A client whose broker answers with `answers` for each topic, or fails."""

    def __init__(self, answers: dict[str, str] | KafkaError) -> None:
        self._answers = answers

    def alter_configs(self, _wanted: list[Any]) -> dict[str, dict[str, str]]:
        if isinstance(self._answers, KafkaError):
            raise self._answers
        return {"topic": self._answers}


def raise_limits(monkeypatch: pytest.MonkeyPatch, answers: dict[str, str] | KafkaError) -> None:
    @contextmanager
    def blocking_admin(_cluster: Cluster) -> Iterator[Admin]:
        yield Admin(answers)

    monkeypatch.setattr(clients, "blocking_admin", blocking_admin)
    _raise_limits(Cluster("broker:9092"), _TOPICS, _NOW)


def test_a_right_that_is_missing_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    denied = str(TopicAuthorizationFailedError("denied"))
    with pytest.raises(TopicError) as refused:
        raise_limits(monkeypatch, {"one": "OK", "two": denied})
    text = str(refused.value)
    assert "TopicAuthorizationFailedError" in text
    assert "give this account AlterConfigs" in text
    assert text.endswith("raise it with kafka-configs: two to 3000000"), (
        "not the one that was raised"
    )


def test_a_call_that_fails_names_every_topic(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TopicError, match=r"KafkaError.*one to 2000000, two to 3000000"):
        raise_limits(monkeypatch, KafkaError("gone"))


def test_limits_that_were_raised_are_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    raise_limits(monkeypatch, {"one": "OK", "two": "OK"})
