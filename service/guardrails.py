"""The limits: kept in the database, so that a change works at once in every process."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from psycopg import Connection

from service import clock, guardrail_history
from service.errors import (
    ExpiryInThePast,
    ExpiryTooLate,
    GuardrailsChanged,
    NotANumber,
    NothingToChange,
    OutOfRange,
    UnknownLimit,
)
from service.guardrail_history import Decision, number


@dataclass(frozen=True, slots=True)
class Limit:
    """What a limit may be. unit is jobs or usd."""

    name: str
    unit: str
    default: int
    minimum: int
    maximum: int
    description: str


@dataclass(frozen=True, slots=True)
class Guardrail:
    """A limit's value now; permanent is what it falls back to at expires_at."""

    limit: Limit
    value: Decimal
    permanent: Decimal
    expires_at: datetime | None


Guardrails = Mapping[str, Guardrail]

LIMITS = (
    Limit(
        "daily_job_limit_per_user", "jobs", 20, 0, 1000, "Books one user may order in one day; failed ones count."
    ),
    Limit("max_pending_jobs", "jobs", 100, 0, 10_000, "Books that may wait or be made at the same time."),
    Limit("max_pending_jobs_per_user", "jobs", 10, 0, 1000, "Of these, how many may be one user's."),
    Limit(
        "daily_generation_budget", "jobs", 0, 0, 1_000_000, "Books all users together may order a day; 0 is off."
    ),
    Limit("daily_cost_limit_usd", "usd", 500, 0, 100_000, "USD a day at which no new book is taken; 0 is off."),
)
LONGEST_TEMPORARY = timedelta(days=366)
# every limit's maximum is far below it
LARGEST_TOLD = 10**15
BY_NAME = {limit.name: limit for limit in LIMITS}


def insert_missing(connection: Connection[Any]) -> None:
    """Give each limit that has no row its default."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into guardrails (name, value) values (%s, %s) on conflict do nothing",
            [(limit.name, limit.default) for limit in LIMITS],
        )


def read(connection: Connection[dict[str, Any]], now: datetime | None = None) -> Guardrails:
    """Every limit with the value that holds now; without now, by the database's clock."""
    rows = connection.execute(
        "select name, value, case when expires_at > now then temporary_value end as temporary,"
        " case when expires_at > now then expires_at end as expires_at"
        " from guardrails, (select coalesce(%s, clock_timestamp()) as now) clock",
        [now],
    ).fetchall()
    by_name = {row["name"]: row for row in rows}
    return {limit.name: _guardrail(limit, by_name[limit.name]) for limit in LIMITS}


def _guardrail(limit: Limit, row: dict[str, Any]) -> Guardrail:
    value = row["value"] if row["temporary"] is None else row["temporary"]
    return Guardrail(limit, value, row["value"], row["expires_at"])


def as_json(guardrails: Guardrails) -> dict[str, dict[str, Any]]:
    """The body of GET /v1/admin/guardrails."""
    return {
        name: {
            "value": number(rail.value),
            "min": rail.limit.minimum,
            "max": rail.limit.maximum,
            "default": rail.limit.default,
            "description": rail.limit.description,
            "unit": rail.limit.unit,
            "expires_at": None if rail.expires_at is None else rail.expires_at.astimezone(UTC).isoformat(),
            "reverts_to": None if rail.expires_at is None else number(rail.permanent),
        }
        for name, rail in guardrails.items()
    }


def etag(guardrails: Guardrails) -> str:
    """Changes whenever a value or an expiry does, also when a temporary value has run out."""
    digest = hashlib.sha256(json.dumps(as_json(guardrails), sort_keys=True).encode()).hexdigest()
    return f'"{digest[:20]}"'


def change(
    connection: Connection[dict[str, Any]],
    values: Mapping[str, Any],
    *,
    if_match: str,
    expires_at: datetime | None,
    actor: str,
    reason: str,
    request_id: str | None = None,
) -> Guardrails:
    """Set limits, for good or until expires_at; raises Refused. Changes wait for each other on the rows."""
    connection.execute("select 1 from guardrails order by name for update")
    # one instant for all that follows: a value must not run out between being settled and being read
    now = clock.now(connection)
    guardrail_history.settle_expired(connection, now)
    before = read(connection, now)
    if if_match.removeprefix("W/") not in ("*", etag(before)):
        raise GuardrailsChanged
    numbers = checked(values)
    _check_expiry(expires_at, now)
    decision = Decision(now, expires_at, actor, reason, request_id)
    for name, value in numbers.items():
        _write(connection, name, value, expires_at)
        guardrail_history.remember(connection, decision, name=name, old=before[name].value, new=value)
    return read(connection, now)


def _check_expiry(expires_at: datetime | None, now: datetime) -> None:
    if expires_at is None:
        return
    if expires_at <= now:
        raise ExpiryInThePast
    if expires_at > now + LONGEST_TEMPORARY:
        raise ExpiryTooLate(days=LONGEST_TEMPORARY.days)


def checked(values: Mapping[str, Any]) -> dict[str, Decimal]:
    """The values as numbers; raises UnknownLimit, NotANumber, OutOfRange or NothingToChange."""
    if not values:
        raise NothingToChange
    return {name: _checked(name, value) for name, value in values.items()}


def _checked(name: str, value: Any) -> Decimal:
    limit = BY_NAME.get(name)
    if limit is None:
        raise UnknownLimit(limit=name.encode(errors="replace").decode()[:80])
    kinds = (int,) if limit.unit == "jobs" else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds):
        raise NotANumber(limit=name, unit="whole number" if limit.unit == "jobs" else "number")
    if not limit.minimum <= value <= limit.maximum:
        raise OutOfRange(limit=name, min=limit.minimum, max=limit.maximum, value=_told(value))
    return Decimal(str(value))


def _told(value: float) -> float | str:
    """A refused number as JSON can carry it: there is no infinity, and an int may have thousands of digits."""
    return value if abs(value) < LARGEST_TOLD else str(value)[:20]


def _write(connection: Connection[Any], name: str, number: Decimal, expires_at: datetime | None) -> None:
    if expires_at is None:
        connection.execute(
            "update guardrails set value = %s, temporary_value = null, expires_at = null where name = %s",
            [number, name],
        )
    else:
        connection.execute(
            "update guardrails set temporary_value = %s, expires_at = %s where name = %s",
            [number, expires_at, name],
        )
