"""What the Jobs page asks for; queries/job_language.py reads and writes it as one line of text."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Literal, TypeAlias

# How long ago; a time of today in the reader's zone; an instant.
Moment: TypeAlias = timedelta | time | datetime
Operator: TypeAlias = Literal["<", "<=", "=", ">=", ">"]

# The value of errors for jobs without a code.
NONE = "none"
WILDCARD = "*"


@dataclass(frozen=True, slots=True)
class Comparison:
    """With a number: whole for attempts, USD for cost."""

    operator: Operator
    value: Decimal


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs: fields are AND-ed, the values of one field OR-ed, but comparisons, which all hold (a range).

    In ids, steps and errors * stands for any text, and a backslash takes the next character as it is. Repeated
    and empty values are dropped; instants must be aware and are kept in UTC.
    """

    ids: tuple[str, ...] = ()
    users: tuple[str, ...] = ()  # aliases, never keys
    statuses: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()  # what an id begins with, up to its first _
    steps: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()  # NONE: without a code
    texts: tuple[str, ...] = ()  # a part of the error message, in any case
    since: Moment | None = None  # last change (updated_at), at or after
    until: Moment | None = None  # and before
    created_since: Moment | None = None
    created_until: Moment | None = None
    attempts: tuple[Comparison, ...] = ()
    cost: tuple[Comparison, ...] = ()

    def __post_init__(self) -> None:
        for field in fields(self):
            object.__setattr__(self, field.name, _normal(getattr(self, field.name)))


def exactly(value: str | None) -> str:
    """The value of ids, steps or errors that stands for this text alone; NONE where there is no text."""
    if not value:
        return NONE
    escaped = value.replace("\\", "\\\\").replace(WILDCARD, f"\\{WILDCARD}")
    return f"\\{value}" if value == NONE else escaped


def _normal(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(dict.fromkeys(one for one in value if one))
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("an instant of a filter needs a time zone")
        return value.astimezone(UTC)
    return value
