"""What makes two lines the same event, as SQL over the columns of `raw_lines`; the audit finds copies by these.

They are computed when a line lands, once, so that nobody has to read a month of lines again to find them.
"""

from __future__ import annotations

from typing import Final

KEY: Final = "cityHash64(`source`, `id`)"
"""The identity (source, id) as a number: equal ones are equal, others are compared in full before anything is reported."""

# A value written in another way is the same JSON value: 4 and 4.0, "A" and "A", other order of keys.
_SCALAR: Final = (
    "multiIf(JSONType(v) = 'String', concat('s', JSONExtractString(v)), "
    "JSONType(v) IN ('Int64', 'UInt64', 'Double'), toString(toFloat64OrZero(v) + 0), "
    "JSONType(v) = 'Array', toString(JSONExtract(v, 'Array(String)')), v)"
)
_NESTED: Final = (
    "if(JSONType(f.2) = 'Object', toString(arraySort(arrayMap(g -> (g.1, toFloat64OrZero(g.2)), "
    f"JSONExtractKeysAndValuesRaw(f.2)))), arrayMap(v -> {_SCALAR}, [f.2])[1])"
)
CONTENT: Final = (
    "cityHash64(`type`, `subject`, `supersedes`, `time`, "
    f"toString(arraySort(arrayMap(f -> (f.1, {_NESTED}), JSONExtractKeysAndValuesRaw(`value`, 'data')))))"
)
"""What an event says, whatever way it is written: copies with another content are conflicts."""
