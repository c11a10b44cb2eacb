"""What the service answers with, read tolerantly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import cast

import httpx

from actions.errors import MalformedAnswer
from actions.reasons import REASON_LIMIT, cleaned

# A sentence for the operator; more is a page of HTML or a traceback.
DETAIL_LIMIT = 300
# No amount or count of anything is longer; a few signs more can stand for a number that fills the memory.
NUMBER_LIMIT = 30
# Far enough from both ends of the calendar to be told in every zone.
_YEARS = range(1970, 9999)
# Who changes a limit when its temporary value has run out.
SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the service's control API offers. max_retries is None where the service does not say."""

    actions: frozenset[str]
    version: str
    max_retries: int | None = None


@dataclass(frozen=True, slots=True)
class Retried:
    status: str
    attempt: int | None
    retry_count: int | None


@dataclass(frozen=True, slots=True)
class Cancelled:
    """cost_usd_spent is None where the service could not tell."""

    status: str
    cost_usd_spent: Decimal | None


@dataclass(frozen=True, slots=True)
class Guardrail:
    """One limit. unit is jobs or usd, "" where the service does not say.

    expires_at is when a temporary value goes back to reverts_to; both are None for a lasting one.
    """

    value: Decimal
    min: Decimal | None
    max: Decimal | None
    default: Decimal | None
    description: str
    expires_at: datetime | None
    unit: str = ""
    reverts_to: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Guardrails:
    """The service's limits by name, and the ETag that a change must name."""

    limits: Mapping[str, Guardrail]
    etag: str


@dataclass(frozen=True, slots=True)
class GuardrailChange:
    """One change of a limit's value in force, also by running out; expires_at as in Guardrail.

    actor and reason are "" and request_id is None where the service does not tell.
    """

    id: str
    at: datetime
    limit: str
    old: Decimal
    new: Decimal
    expires_at: datetime | None
    actor: str
    reason: str
    request_id: str | None

    @property
    def ran_out(self) -> bool:
        """Whether the service did it by itself, at the end of a temporary value."""
        return self.actor == SERVICE and self.request_id is None


@dataclass(frozen=True, slots=True)
class Intake:
    """Whether the service takes new jobs, and why not; who switched it last and when, where the service tells."""

    accepting: bool
    reason: str
    changed_by: str | None = None
    changed_at: datetime | None = None


def document(response: httpx.Response) -> Mapping[str, object] | None:
    """The answer's JSON object, or None where it is something else."""
    try:
        value = response.json()
    except (ValueError, RecursionError):
        return None
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else None


def text(answer: Mapping[str, object], name: str) -> str:
    """A string field; raises MalformedAnswer."""
    value = answer.get(name)
    if not isinstance(value, str):
        raise MalformedAnswer(detail=f"no text in {name}")
    return cleaned(value)[:DETAIL_LIMIT]


def whole(answer: Mapping[str, object], name: str) -> int | None:
    value = answer.get(name)
    whole = isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63
    return cast("int", value) if whole else None


def number(answer: Mapping[str, object], name: str) -> Decimal | None:
    """A number, also one that came as a string; None where there is none."""
    value = answer.get(name)
    if not isinstance(value, int | float | str) or isinstance(value, bool) or len(str(value)) > NUMBER_LIMIT:
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() and abs(found.adjusted()) < NUMBER_LIMIT else None


def instant(answer: Mapping[str, object], name: str) -> datetime | None:
    """An instant with its zone; raises MalformedAnswer on anything else but null."""
    found = instant_or_none(answer, name)
    if found is None and answer.get(name) is not None:
        raise MalformedAnswer(detail=f"no instant in {name}")
    return found


def instant_or_none(answer: Mapping[str, object], name: str) -> datetime | None:
    """As instant(), but None where it is anything else, too: for what is only told beside."""
    try:
        found = datetime.fromisoformat(str(answer.get(name)))
    except ValueError:
        return None
    return found if found.tzinfo is not None and found.year in _YEARS else None


def guardrail(name: str, limit: object) -> Guardrail:
    """Raises MalformedAnswer when the limit has no value."""
    fields = cast("Mapping[str, object]", limit) if isinstance(limit, dict) else {}
    value = number(fields, "value")
    if value is None:
        raise MalformedAnswer(detail=f"no number in {short(name)}.value")
    return Guardrail(
        value=value,
        min=number(fields, "min"),
        max=number(fields, "max"),
        default=number(fields, "default"),
        description=cleaned(str(fields.get("description") or "")),
        expires_at=instant(fields, "expires_at"),
        unit=short(fields.get("unit")),
        reverts_to=number(fields, "reverts_to"),
    )


def guardrail_change(fields: Mapping[str, object]) -> GuardrailChange:
    """Raises MalformedAnswer where it does not say what changed when: a history with gaps would be a wrong one."""
    at, old, new = instant(fields, "at"), number(fields, "from"), number(fields, "to")
    name, identity = short(fields.get("limit")), short(fields.get("id"))
    if at is None or old is None or new is None or not name or not identity:
        raise MalformedAnswer(detail="a change of the history lacks its id, at, limit, from or to")
    return GuardrailChange(
        id=identity,
        at=at,
        limit=name,
        old=old,
        new=new,
        expires_at=instant_or_none(fields, "expires_at"),
        actor=short(fields.get("actor")),
        reason=cleaned(str(fields.get("reason") or ""))[:REASON_LIMIT],
        request_id=short(fields.get("request_id")) or None,
    )


def intake(answer: Mapping[str, object]) -> Intake:
    """Raises MalformedAnswer where it does not say whether new jobs are taken; the rest may be missing."""
    accepting = answer.get("accepting")
    if not isinstance(accepting, bool):
        raise MalformedAnswer(detail="no true or false in accepting")
    who = short(answer.get("changed_by"))
    return Intake(accepting, short(answer.get("reason")), who or None, instant_or_none(answer, "changed_at"))


def short(value: object) -> str:
    """Any value as one plain, bounded line; "" for None."""
    return "" if value is None else cleaned(str(value))[:DETAIL_LIMIT]


def part(answer: Mapping[str, object], name: str) -> Mapping[str, object]:
    """An object within the answer; empty where there is none."""
    value = answer.get(name)
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}
