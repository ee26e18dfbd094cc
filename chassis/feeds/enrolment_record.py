"""What is known of a code for a phone, as it goes to Kafka: signed."""

from __future__ import annotations

import msgspec

from chassis.kafka.interface import OutgoingRecord
from contracts.enrolments import EnrolmentRecord
from contracts.results.topics import ENROLMENT, ENROLMENTS, control_headers


def enrolment_record(key: bytes, one: EnrolmentRecord) -> OutgoingRecord:
    """`key`: the installation's."""
    value = msgspec.json.encode(one)
    headers = control_headers(key, ENROLMENT, ENROLMENTS, 0, value)
    return OutgoingRecord(ENROLMENTS, value, one.record_key, 0, headers)
