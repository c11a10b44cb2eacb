"""How the service's limits are met: who is how close to them, what they turned away, and how they moved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from queries import metrics
from queries.aliases import Aliases, shown
from queries.models import Series
from queries.prometheus import Prometheus
from queries.schema import OPEN, ServiceSchema

# More users than any service lets have open jobs at a time.
USERS_LIMIT = 1_000


@dataclass(frozen=True, slots=True)
class UserJobs:
    """How many jobs one user has, under the digest of their key (Aliases.digest)."""

    digest: str
    jobs: int

    @property
    def alias(self) -> str:
        return shown(self.digest)


def open_by_user(connection: Connection, schema: ServiceSchema, aliases: Aliases) -> tuple[UserJobs, ...]:
    """Jobs that wait or run by user, most first; at most USERS_LIMIT users. Raises DatabaseError."""
    jobs, number = schema.jobs.c, sa.func.count()
    question = (
        sa.select(jobs.user_key, number.label("jobs"))
        .where(jobs.status.in_(OPEN))
        .group_by(jobs.user_key)
        .order_by(number.desc(), jobs.user_key)
        .limit(USERS_LIMIT)
    )
    return tuple(UserJobs(aliases.digest(row.user_key), row.jobs) for row in connection.execute(question))


def rejections(prometheus: Prometheus, start: datetime, end: datetime, bucket: timedelta) -> tuple[Series, ...]:
    """Requests turned away by limit, a point for each bucket's beginning; start and end on multiples of bucket.

    The last bucket may still fill. Raises PrometheusError.
    """
    expression = metrics.rejections(prometheus.prefix, bucket)
    found = prometheus.range(expression, start + bucket, end, bucket)
    return tuple(
        Series(one.labels, tuple((at - bucket, float(round(value))) for at, value in one.points)) for one in found
    )


def courses(prometheus: Prometheus, start: datetime, end: datetime, step: timedelta) -> tuple[Series, ...]:
    """What each limit counted in jobs was over time, by limit. Raises PrometheusError."""
    return prometheus.range(metrics.guardrail_limit_jobs(prometheus.prefix), start, end, step)


def values(prometheus: Prometheus) -> dict[str, float]:
    """What each limit counted in jobs is by the service's metrics, by limit. Raises PrometheusError."""
    samples = prometheus.instant(metrics.guardrail_limit_jobs(prometheus.prefix))
    return {one.labels.get("limit", ""): one.value for one in samples}
