"""The cost ledger (cost_events): one row a provider call, appended, never changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from psycopg import Connection

from service.providers import Provider, Receipt
from service.steps import Step


@dataclass(frozen=True, slots=True)
class Spent:
    """USD of the calls with a price, and how many calls had none."""

    usd: Decimal
    unpriced_calls: int


def record(
    connection: Connection[Any],
    *,
    job_id: str,
    attempt: int,
    user_key: str,
    provider: Provider,
    step: Step,
    outcome: str,
    receipt: Receipt,
) -> None:
    """Write a call down. The provider's request id is the event id: a repeated write changes nothing."""
    connection.execute(
        "insert into cost_events (event_id, occurred_at, job_id, attempt, user_key, provider, kind, model, step,"
        " outcome, units, cost_usd)"
        " values (%s, clock_timestamp(), %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing",
        [
            receipt.request_id,
            job_id,
            attempt,
            user_key,
            provider.name,
            provider.kind,
            provider.model,
            step,
            outcome,
            receipt.units,
            receipt.cost_usd,
        ],
    )


def spent_on(connection: Connection[dict[str, Any]], job_id: str) -> Spent:
    """What a job has cost so far, over all attempts."""
    row = connection.execute(
        "select coalesce(sum(cost_usd), 0) as usd, count(*) filter (where cost_usd is null) as unpriced"
        " from cost_events where job_id = %s",
        [job_id],
    ).fetchone()
    return Spent(row["usd"], row["unpriced"]) if row is not None else Spent(Decimal(0), 0)


def spent_today(connection: Connection[dict[str, Any]], zone: ZoneInfo, now: datetime) -> Decimal:
    """USD from the start of the service's day until now."""
    row = connection.execute(
        "select coalesce(sum(cost_usd), 0) as usd from cost_events where occurred_at <= %(now)s"
        " and occurred_at >= date_trunc('day', %(now)s at time zone %(zone)s) at time zone %(zone)s",
        {"zone": zone.key, "now": now},
    ).fetchone()
    return Decimal(0) if row is None else row["usd"]
