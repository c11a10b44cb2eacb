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

from service.errors import (
    ExpiryInThePast,
    ExpiryTooLate,
    GuardrailsChanged,
    NotANumber,
    NothingToChange,
    OutOfRange,
    UnknownLimit,
)


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
BY_NAME = {limit.name: limit for limit in LIMITS}


def insert_missing(connection: Connection[Any]) -> None:
    """Give each limit that has no row its default."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into guardrails (name, value) values (%s, %s) on conflict do nothing",
            [(limit.name, limit.default) for limit in LIMITS],
        )


def read(connection: Connection[dict[str, Any]]) -> Guardrails:
    """Every limit with the value that holds now, by the database's clock."""
    rows = connection.execute(
        "select name, value, case when expires_at > clock_timestamp() then temporary_value end as temporary,"
        " case when expires_at > clock_timestamp() then expires_at end as expires_at from guardrails"
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
            "value": _number(rail.limit, rail.value),
            "min": rail.limit.minimum,
            "max": rail.limit.maximum,
            "default": rail.limit.default,
            "description": rail.limit.description,
            "unit": rail.limit.unit,
            "expires_at": None if rail.expires_at is None else rail.expires_at.astimezone(UTC).isoformat(),
            "reverts_to": None if rail.expires_at is None else _number(rail.limit, rail.permanent),
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
) -> Guardrails:
    """Set limits, for good or until expires_at; raises Refused. Changes wait for each other on the rows."""
    connection.execute("select 1 from guardrails order by name for update")
    settle_expired(connection)
    before = read(connection)
    if if_match.removeprefix("W/") not in ("*", etag(before)):
        raise GuardrailsChanged
    numbers = checked(values)
    _check_expiry(expires_at)
    for name, number in numbers.items():
        _write(connection, name, number, expires_at)
        _remember(
            connection,
            name=name,
            old=before[name].value,
            new=number,
            expires_at=expires_at,
            actor=actor,
            reason=reason,
        )
    return read(connection)


def _check_expiry(expires_at: datetime | None) -> None:
    if expires_at is None:
        return
    if expires_at <= datetime.now(UTC):
        raise ExpiryInThePast
    if expires_at > datetime.now(UTC) + LONGEST_TEMPORARY:
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
        raise OutOfRange(limit=name, min=limit.minimum, max=limit.maximum)
    return Decimal(str(value))


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


def _remember(
    connection: Connection[Any],
    *,
    name: str,
    old: Decimal,
    new: Decimal,
    expires_at: datetime | None,
    actor: str,
    reason: str,
) -> None:
    connection.execute(
        "insert into guardrail_history (name, old_value, new_value, expires_at, actor, reason)"
        " values (%s, %s, %s, %s, %s, %s)",
        [name, old, new, expires_at, actor, reason],
    )


def settle_expired(connection: Connection[Any]) -> None:
    """Write run-out temporary values into the history. They ceased to hold at expires_at, whenever this runs."""
    connection.execute(
        "with expired as (select name, value, temporary_value, expires_at from guardrails"
        "   where expires_at <= clock_timestamp() for update),"
        " cleared as (update guardrails g set temporary_value = null, expires_at = null"
        "   from expired e where g.name = e.name)"
        " insert into guardrail_history (at, name, old_value, new_value, actor, reason)"
        " select expires_at, name, temporary_value, value, 'service', 'the temporary value expired' from expired"
    )


def _number(limit: Limit, value: Decimal) -> int | float:
    return int(value) if limit.unit == "jobs" else float(value)
