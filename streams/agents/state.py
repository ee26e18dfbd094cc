"""The position in the input, as it is stored beside the state."""

from __future__ import annotations

import msgspec

POSITION_KEY = b"~position"


class StoredPosition(msgspec.Struct, frozen=True):
    """Where the input goes on. `topic_id`: Kafka's id of the input topic, since a topic made anew starts over."""

    offset: int
    topic_id: str


decode_position = msgspec.json.Decoder(StoredPosition).decode
encode_position = msgspec.json.Encoder().encode
