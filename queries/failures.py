"""Failures by error code and time, and what the jobs of a filter have in common.

Each question takes the filter's conditions (see job_conditions) and raises DatabaseError, QualifierNotOffered.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import sqrt
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, FromClause

from queries import users
from queries.aliases import Aliases
from queries.filter_errors import QualifierNotOffered
from queries.job_conditions import changed_since, conditions
from queries.job_filter import JobFilter
from queries.job_search import any_status
from queries.jobs import BUCKET_LIMIT, binned, without_gaps
from queries.schema import REFUSALS, ServiceSchema

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WINDOWS = (HOUR, 3 * HOUR, DAY, 3 * DAY, 7 * DAY)
# The contract has fifteen; more than this many are no codes but free text.
CODES_LIMIT = 50
# Fewer are no rise: one may be chance.
RISING_LEAST = 5
RISING_FACTOR = 2


@dataclass(frozen=True, slots=True)
class FailureRow:
    """The failures of one error code ("" without one), a number for each of WINDOWS."""

    code: str
    counts: tuple[int, ...]

    @property
    def refusal(self) -> bool:
        """Whether the service refused the content on purpose."""
        return self.code in REFUSALS

    @property
    def new(self) -> bool:
        """Whether the first one of 7 days came in the last 24 hours."""
        day, week = self.of(DAY), self.of(7 * DAY)
        return 0 < day == week

    @property
    def rising(self) -> bool:
        """Whether the last hour or the last three hours had more than the rest of the 24 hours makes likely.

        By that rest's rate one would expect e. Rising is at least RISING_LEAST, at least RISING_FACTOR times e,
        and more than e + 3√e, which chance alone (a Poisson distribution) passes less than once in 200 times.
        """
        return any(self._rose(recent) for recent in (HOUR, 3 * HOUR))

    def _rose(self, recent: timedelta) -> bool:
        number = self.of(recent)
        expected = (self.of(DAY) - number) * (recent / (DAY - recent))
        least = max(RISING_LEAST, RISING_FACTOR * expected)
        return number >= least and number > expected + 3 * sqrt(expected)

    def of(self, window: timedelta) -> int:
        """The number of one of WINDOWS."""
        return self.counts[WINDOWS.index(window)]


@dataclass(frozen=True, slots=True)
class FailureMatrix:
    """Rows by their failures of 24 hours, then of 7 days, most first; now is the database's clock.

    others sums the other_codes codes beyond CODES_LIMIT.
    """

    rows: tuple[FailureRow, ...]
    others: tuple[int, ...]
    other_codes: int
    now: datetime

    @property
    def totals(self) -> tuple[int, ...]:
        """All failures, a number for each of WINDOWS."""
        return tuple(map(sum, zip(self.others, *(row.counts for row in self.rows), strict=True)))


@dataclass(frozen=True, slots=True)
class JobBucket:
    """How many jobs changed last in [start, start + the bucket's width)."""

    start: datetime
    jobs: int


def matrix(
    connection: Connection, schema: ServiceSchema, aliases: Aliases, filter: JobFilter, *, timezone: str
) -> FailureMatrix:
    """Failed jobs, refused ones too, by error code and by how long ago they changed last: WINDOWS.

    What the filter says of status, error, since and until is left out: a cell is what
    job_search.count counts with status failed, this error, and since the window.
    """
    if not schema.has("error_code"):
        raise QualifierNotOffered(qualifier="error", needs=f"{schema.jobs.name}.error_code")
    users.resolve_unknown(connection, schema, aliases, filter.users)
    clock = sa.select(schema.now.label("now")).subquery("clock")
    shown = _shown(_by_code(schema, aliases, filter, timezone))
    question = sa.select(clock, shown).select_from(clock.outerjoin(shown, sa.true())).order_by(shown.c.rank)
    rows = connection.execute(question).all()
    others = next((row for row in rows if row.codes and row.rank > CODES_LIMIT), None)
    return FailureMatrix(
        rows=tuple(FailureRow(row.code, _counts(row)) for row in rows if row.codes and row is not others),
        others=_counts(others) if others else (0,) * len(WINDOWS),
        other_codes=others.codes if others else 0,
        now=rows[0].now,
    )


def failures_by_bucket(
    connection: Connection,
    schema: ServiceSchema,
    aliases: Aliases,
    filter: JobFilter,
    *,
    timezone: str,
    since: timedelta,
    bucket: timedelta,
) -> tuple[JobBucket, ...]:
    """The filter's jobs by their last change: oldest first, without gaps, aligned to the bucket in UTC.

    The first is whole, the last one still fills. At most BUCKET_LIMIT buckets, the newest ones.
    """
    users.resolve_unknown(connection, schema, aliases, filter.users)
    width = sa.literal(bucket, sa.Interval())
    first = binned(width, schema.now - min(since, bucket * BUCKET_LIMIT))
    served = [any_status(schema)] if schema.by_status and not filter.statuses else []
    changed = (
        sa.select(binned(width, schema.instant("updated_at")).label("start"), sa.func.count().label("jobs"))
        .where(*conditions(schema, aliases, filter, timezone), *changed_since(schema, first), *served)
        .group_by(sa.text("1"))
        .subquery("changed")
    )
    question = without_gaps(schema, first, width, changed, ("jobs",))
    return tuple(JobBucket(row.start, row.jobs) for row in connection.execute(question))


def _by_code(schema: ServiceSchema, aliases: Aliases, filter: JobFilter, timezone: str) -> FromClause:
    """Each code with its numbers (w0 for the first window) and its rank from 1."""
    asked = replace(filter, statuses=("failed",), errors=(), since=WINDOWS[-1], until=None)
    code = sa.func.coalesce(schema.jobs.c.error_code, "").label("code")
    numbers = [
        sa.func.count().filter(*changed_since(schema, schema.now - sa.literal(window, sa.Interval())))
        for window in WINDOWS
    ]
    rank = sa.func.row_number().over(order_by=(numbers[WINDOWS.index(DAY)].desc(), numbers[-1].desc(), code))
    return (
        sa.select(code, rank.label("rank"), *(one.label(f"w{place}") for place, one in enumerate(numbers)))
        .where(*conditions(schema, aliases, asked, timezone))
        .group_by(code)
        .subquery("by_code")
    )


def _shown(by_code: FromClause) -> FromClause:
    """The first CODES_LIMIT as they are, all the others as one row of the rank after theirs."""
    rank = sa.func.least(by_code.c.rank, CODES_LIMIT + 1, type_=sa.BigInteger())
    numbers = [sa.func.sum(by_code.c[name]).label(name) for name in _names()]
    question = sa.select(
        rank.label("rank"), sa.func.min(by_code.c.code).label("code"), sa.func.count().label("codes"), *numbers
    )
    return question.group_by(rank).subquery("shown")


def _names() -> list[str]:
    return [f"w{place}" for place in range(len(WINDOWS))]


def _counts(row: sa.Row[Any]) -> tuple[int, ...]:
    return tuple(int(row._mapping[name]) for name in _names())
