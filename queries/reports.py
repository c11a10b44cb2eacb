"""Weekly reports that were made, and whom they were sent to: what the store keeps of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from queries.ops_store import REPORT_DELIVERIES, WEEKLY_REPORTS


@dataclass(frozen=True, slots=True)
class KeptReport:
    """A week's numbers as they were at made_at; revision counts how often they were made, from 1 on."""

    numbers: Mapping[str, Any]
    made_at: datetime
    revision: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """A claim to send a week's report to a target; sent_at is None where nobody knows whether it arrived."""

    target: str
    claimed_at: datetime
    sent_at: datetime | None


def kept(connection: Connection, week: str, zone: str) -> KeptReport | None:
    """The week's, such as 2026-W47, in days of zone (IANA name). Raises DatabaseError."""
    row = connection.execute(of_week(week, zone)).one_or_none()
    return None if row is None else read(row)


def of_week(week: str, zone: str) -> sa.Select[Any]:
    """One row for read(), or none."""
    made = WEEKLY_REPORTS.c
    return sa.select(made.numbers, made.made_at).where(made.week == week, made.zone == zone)


def read(row: sa.Row[Any]) -> KeptReport:
    """What the store keeps of a report."""
    return KeptReport(row.numbers["numbers"], row.made_at, row.numbers["revision"])


def to_target(week: str, zone: str, target: str) -> sa.Select[Any]:
    """One row with the fields of a Delivery, or none."""
    sent = REPORT_DELIVERIES.c
    question = sa.select(sent.target, sent.claimed_at, sent.sent_at)
    return question.where(sent.week == week, sent.zone == zone, sent.target == target)
