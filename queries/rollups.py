"""Usage of closed hours, from the console's own tables: the sums of queries.usage over hours that were rolled up.

What is covered has to be asked first; the sums are then over exactly these runs of whole hours, and live questions
over the rest. Each raises DatabaseError.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from queries.days import days
from queries.jobs import LOOKBACK
from queries.ops_store import FIRST_SEEN, HOURLY_KINDS, HOURLY_USAGE, ROLLED_HOURS, ROLLUP_STATE
from queries.usage_models import KindDay, NewUser, RollupState, Span, UserDay, UserTally
from queries.usage_sources import day, sums, tally

HOUR = timedelta(hours=1)
# By then the last rows of an hour are there; what is still open changes later, and with it its hour is made anew.
CLOSED_AFTER = timedelta(minutes=5)
# Once nobody has looked for changes of the source for so long, hours that may have changed are read live.
STALE_AFTER = timedelta(hours=2)
# What lies between two runs is read live, by a statement of its own.
RUNS_LIMIT = 8

_AWARE = sa.DateTime(timezone=True)


def covered(connection: Connection, fingerprint: str, since: datetime, until: datetime) -> tuple[Span, ...]:
    """The runs of whole hours in [since, until) that are rolled up and not dirty, oldest first.

    None where the hours were rolled under another key of the aliases; none younger than LOOKBACK where the roll-up
    has not looked for changes lately. At most RUNS_LIMIT, the longest ones.
    """
    return _runs(connection, fingerprint, since, until, sa.true())


def covered_with_past(
    connection: Connection, fingerprint: str, since: datetime, until: datetime
) -> tuple[Span, ...]:
    """As covered(); none while hours before since are missing: then somebody may look new who is not."""
    rolled, first = ROLLED_HOURS.alias("past").c.hour, ROLLUP_STATE.c.first_hour
    past = sa.select(sa.func.count()).where(rolled >= first, rolled <= since - HOUR).scalar_subquery()
    whole = first + past * sa.literal(HOUR, sa.Interval()) > sa.literal(since - HOUR, _AWARE)
    return _runs(connection, fingerprint, since, until, whole)


def by_user(connection: Connection, runs: Sequence[Span]) -> tuple[UserTally, ...]:
    """Everybody's, most jobs first."""
    usage = HOURLY_USAGE.c
    question = sa.select(usage.digest, *sums(HOURLY_USAGE)).where(in_runs(usage.hour, runs)).group_by(usage.digest)
    rows = connection.execute(question.order_by(sa.desc("jobs"), usage.digest))
    return tuple(UserTally(row.digest, tally(row)) for row in rows)


def by_user_and_day(
    connection: Connection, runs: Sequence[Span], *, timezone: str, digests: Sequence[str] | None = None
) -> tuple[UserDay, ...]:
    """By day of timezone (IANA name), whose days begin at whole hours of UTC; of these users, else of all."""
    if not runs:
        return ()
    usage, piece, named = HOURLY_USAGE.c, *pieces(HOURLY_USAGE, timezone, runs)
    question = sa.select(usage.digest, piece, *sums(HOURLY_USAGE)).where(in_runs(usage.hour, runs))
    if digests is not None:
        asked = sa.bindparam(None, list(digests), type_=sa.ARRAY(sa.Text()))
        question = question.where(usage.digest == sa.any_(asked))
    rows = connection.execute(question.group_by(sa.text("1, 2")))
    return tuple(UserDay(row.digest, named[row.piece - 1], tally(row)) for row in rows)


def by_kind_and_day(connection: Connection, runs: Sequence[Span], *, timezone: str) -> tuple[KindDay, ...]:
    """By kind of work and day of timezone (IANA name), whose days begin at whole hours of UTC."""
    if not runs:
        return ()
    kinds, piece, named = HOURLY_KINDS.c, *pieces(HOURLY_KINDS, timezone, runs)
    question = sa.select(kinds.kind, piece, *sums(HOURLY_KINDS)).where(in_runs(kinds.hour, runs))
    rows = connection.execute(question.group_by(sa.text("1, 2")).order_by(sa.text("2, 1")))
    return tuple(KindDay(row.kind, named[row.piece - 1], tally(row)) for row in rows)


def new_users_by_hour(connection: Connection, runs: Sequence[Span]) -> tuple[NewUser, ...]:
    """Whose first job ever was created in these hours, oldest first."""
    seen = FIRST_SEEN.c
    question = sa.select(seen.hour, seen.digest).where(in_runs(seen.hour, runs)).order_by(seen.hour, seen.digest)
    return tuple(NewUser(row.hour, row.digest) for row in connection.execute(question))


def state(connection: Connection) -> RollupState | None:
    """How far the roll-up has come; None before it ran for the first time."""
    newest = sa.select(sa.func.max(ROLLED_HOURS.c.hour) + sa.literal(HOUR, sa.Interval())).scalar_subquery()
    dirty = sa.select(sa.func.count()).where(ROLLED_HOURS.c.dirty).scalar_subquery()
    found = ROLLUP_STATE.c
    row = connection.execute(
        sa.select(
            *(found[name] for name in ("fingerprint", "first_hour", "seen_until", "checked_at", "differences")),
            newest.label("rolled_until"),
            dirty.label("dirty_hours"),
        )
    ).one_or_none()
    return None if row is None else RollupState(**row._mapping)


def pieces(table: sa.Table, timezone: str, runs: Sequence[Span]) -> tuple[ColumnElement[Any], tuple[date, ...]]:
    """Which of the days that the runs touch an hour of the table falls into, from 1; and these days."""
    since, until = runs[0].since, runs[-1].until
    return day(timezone, since, until)(table.c.hour).label("piece"), days(timezone, since, until)


def in_runs(hour: ColumnElement[Any], runs: Sequence[Span]) -> ColumnElement[bool]:
    """Ranges that the planner sees, so that it takes the index for a day and reads the table for a quarter."""
    return sa.or_(sa.false(), *(sa.and_(hour >= run.since, hour < run.until) for run in runs))


def _runs(
    connection: Connection, fingerprint: str, since: datetime, until: datetime, only: ColumnElement[bool]
) -> tuple[Span, ...]:
    rolled = ROLLED_HOURS.c.hour
    number = sa.func.row_number().over(order_by=rolled)
    hours = (
        sa.select(rolled, (rolled - number * sa.literal(HOUR, sa.Interval())).label("run"))
        .join_from(ROLLED_HOURS, ROLLUP_STATE, ROLLUP_STATE.c.fingerprint == fingerprint)
        .where(rolled >= since, rolled <= until - HOUR, ~ROLLED_HOURS.c.dirty, _known(), only)
        .subquery("hours")
    )
    first, last = sa.func.min(hours.c.hour), sa.func.max(hours.c.hour)
    question = sa.select(first.label("first"), last.label("last")).group_by(hours.c.run)
    longest = connection.execute(question.order_by(sa.desc(last - first), sa.desc(last)).limit(RUNS_LIMIT))
    return tuple(sorted((Span(row.first, row.last + HOUR) for row in longest), key=lambda run: run.since))


def _known() -> ColumnElement[bool]:
    """The hour is as it was lately, or was too old to change when it was looked at last."""
    looked = sa.func.greatest(ROLLUP_STATE.c.seen_until, ROLLED_HOURS.c.rolled_at, type_=_AWARE)
    lately = sa.func.statement_timestamp(type_=_AWARE) - sa.literal(STALE_AFTER, sa.Interval())
    return sa.or_(looked >= lately, ROLLED_HOURS.c.hour < looked - sa.literal(LOOKBACK, sa.Interval()))
