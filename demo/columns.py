"""Columns of text and time, made by the hundred thousand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo.rhythm import Flags, Floats, Integers

MICROSECONDS = 1_000_000


def instants(at: Floats, *, zone: str | None = "UTC") -> pa.Array:
    """Unix times as timestamps; zone None for the naive ones of the jobs table."""
    return pa.array(np.rint(at * MICROSECONDS).astype(np.int64)).cast(pa.timestamp("us", tz=zone))


def chosen(vocabulary: Sequence[str | None], index: Integers) -> pa.Array:
    """Each row's word."""
    return pa.array(vocabulary, pa.string()).take(pa.array(index))


def hexadecimal(random: np.random.Generator, count: int, digits: int) -> pa.StringArray:
    """Random ids of an even number of hex digits."""
    text = random.bytes(count * digits // 2).hex().encode()
    offsets = np.arange(count + 1, dtype=np.int32) * digits
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(text))


def joined(*parts: pa.Array | str, separator: str = "") -> pa.Array:
    """Each row's parts, one after another."""
    return pc.binary_join_element_wise(*parts, separator)


def only(column: pa.Array, where: Flags) -> pa.Array:
    """The column with null in the other rows."""
    return pc.if_else(pa.array(where), column, pa.scalar(None, column.type))


def decimals(nano: Integers, unknown: Flags) -> pa.Array:
    """USD x 10^9 as exact decimals, null where unknown."""
    dollars, rest = nano // 10**9, nano % 10**9
    text = joined(
        pa.array(dollars).cast(pa.string()), pc.utf8_lpad(pa.array(rest).cast(pa.string()), 9, "0"), separator="."
    )
    return only(text, ~unknown)
