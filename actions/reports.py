"""Keeps the numbers of weekly reports, and that each is sent once. All raise NotKept and DatabaseError."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine
from sqlalchemy.dialects.postgresql import insert

from actions.store import keeping
from queries import reports
from queries.ops_store import REPORT_DELIVERIES, WEEKLY_REPORTS
from queries.reports import Delivery, KeptReport

_NOW = sa.func.clock_timestamp()
_KEY = ("week", "zone")


@dataclass(frozen=True, slots=True)
class Target:
    """One week's report for one receiver: week such as 2026-W47, zone an IANA name, name without a secret."""

    week: str
    zone: str
    name: str


@dataclass(frozen=True, slots=True)
class Claim:
    """mine: whoever asked is the one who sends now. before is what was known of it until then."""

    mine: bool
    at: datetime
    before: Delivery | None = None


def keep(store: Engine, week: str, zone: str, numbers: Mapping[str, Any], *, anew: bool = False) -> KeptReport:
    """Fix the week's numbers, unless they are; anew puts these in their place, as the next revision.

    Answers what is kept, which is another's where two made it at once. numbers are as JSON holds them.
    """
    kept = WEEKLY_REPORTS.c
    first = insert(WEEKLY_REPORTS).values(week=week, zone=zone, numbers={"revision": 1, "numbers": numbers})
    with keeping(store) as connection:
        if anew:
            last = sa.cast(kept.numbers["revision"].astext, sa.Integer)
            next_one = sa.func.jsonb_set(first.excluded.numbers, ["revision"], sa.func.to_jsonb(last + 1))
            changes = {"numbers": next_one, "made_at": _NOW}
            made = first.on_conflict_do_update(index_elements=_KEY, set_=changes)
        else:
            made = first.on_conflict_do_nothing()
        row = connection.execute(made.returning(kept.numbers, kept.made_at)).one_or_none()
        return reports.read(row or connection.execute(reports.of_week(week, zone)).one())


def claim(store: Engine, target: Target, *, again: bool = False, everyone: bool = False) -> Claim:
    """Before anything is sent: who claims it first sends it, and nobody else does.

    again takes over a claim of which nobody knows whether it arrived; with everyone, also one that did.
    """
    with keeping(store) as connection:
        first = insert(REPORT_DELIVERIES).values(week=target.week, zone=target.zone, target=target.name)
        claimed_at = REPORT_DELIVERIES.c.claimed_at
        at = connection.execute(first.on_conflict_do_nothing().returning(claimed_at)).scalar()
        if at is not None:
            return Claim(True, at)
        before = Delivery(*connection.execute(reports.to_target(target.week, target.zone, target.name)).one())
        open_ = again and (everyone or before.sent_at is None)
        return _taken_over(connection, target, before) if open_ else Claim(False, before.claimed_at, before)


def sent(store: Engine, target: Target, claim: Claim) -> None:
    """It was taken by the receiver."""
    with keeping(store) as connection:
        connection.execute(_mine(target, claim.at).values(sent_at=_NOW))


def _taken_over(connection: Connection, target: Target, before: Delivery) -> Claim:
    """Unless another did at the same time."""
    taken = _mine(target, before.claimed_at).values(claimed_at=_NOW, sent_at=None)
    at = connection.execute(taken.returning(REPORT_DELIVERIES.c.claimed_at)).scalar()
    return Claim(at is not None, at or before.claimed_at, before)


def _mine(target: Target, claimed_at: datetime) -> sa.Update:
    row = REPORT_DELIVERIES.c
    there = (row.week == target.week, row.zone == target.zone, row.target == target.name)
    return REPORT_DELIVERIES.update().where(*there, row.claimed_at == claimed_at)
