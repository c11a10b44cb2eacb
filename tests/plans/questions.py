"""Every question of the console that reads the service's tables, asked as the pages ask it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection

from queries import (
    causes,
    clock,
    costs,
    failures,
    guardrails,
    indexes,
    job_search,
    job_story,
    jobs,
    queue,
    retry_costs,
    step_times,
    stuck,
    usage,
    user_habits,
    user_history,
    users,
    what_if,
    what_if_days,
    what_if_places,
    what_if_spend,
)
from queries.aliases import Aliases
from queries.job_filter import JobFilter
from queries.job_language import parse
from queries.models import PriceList, StuckRules
from queries.schema import ServiceSchema

ZONE = "Asia/Seoul"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PRICES = PriceList(Decimal("0.01"), Decimal("0.04"))
PAGE = 50
SELECTED, LARGEST = 1_000, 10_000
ROWS = 1_000_000
# A quarter of a minute on an idle machine.
FILLING_SECONDS = 300
# In ten days, the longest window (a week, and the time that jobs may take to end), came 17 of 100 jobs.
RECENT = 200_000
# Only one job in thirty has calls here: of thousands of jobs they are found by an index in a longer ledger alone.
LEDGER = frozenset({"cost_events"})
# Nothing was rejected here, or so little that no index is worth a look.
FEW = frozenset({"guardrail_rejections"})

NOT_OF_THE_TABLES: Mapping[Callable[..., Any], str] = {
    clock.now: "asks for the time",
    indexes.advice: "reads the catalogue",
    users.resolve_unknown: "is users.resolve for several aliases",
    what_if_days.replayed: "is asked by what_if.tried",
    what_if_places.replayed: "is asked by what_if.tried",
    what_if_spend.replayed: "is asked by what_if.tried",
}


@dataclass(frozen=True)
class World:
    """A connection as the console makes it, and some jobs and a user to ask for."""

    connection: Connection
    schema: ServiceSchema
    aliases: Aliases
    largest: tuple[str, ...]
    user: str

    @property
    def job_ids(self) -> tuple[str, ...]:
        return self.largest[:SELECTED]

    @property
    def job_id(self) -> str:
        return self.largest[0]

    def filter(self, text: str) -> JobFilter:
        return parse(text.replace("USER", self.user), ZoneInfo(ZONE))


@dataclass(frozen=True)
class Question:
    """A public function of queries; it may look at so many rows of jobs, and read these tables whole."""

    function: Callable[..., Any]
    arguments: Callable[[World], tuple[Any, ...]] = lambda _: ()
    keywords: Mapping[str, Any] = field(default_factory=dict)
    of: str = ""
    reads: int = RECENT
    whole: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        module = self.function.__module__.removeprefix("queries.")
        return f"{module}.{self.function.__name__} {self.of}".strip()

    def ask(self, world: World) -> object:
        return self.function(world.connection, world.schema, *self.arguments(world), **self.keywords)


def world(connection: Connection, schema: ServiceSchema) -> World:
    """The newest failed jobs and the user who has most jobs."""
    aliases, table = Aliases("a key for tests"), schema.jobs.c
    failed = sa.select(table.id).where(table.status == "failed").order_by(table.created_at.desc()).limit(LARGEST)
    busiest = sa.select(table.user_key).group_by(table.user_key).order_by(sa.func.count().desc()).limit(1)
    largest = tuple(connection.execute(failed).scalars())
    return World(connection, schema, aliases, largest, aliases.alias(connection.execute(busiest).scalar_one()))


# Nothing narrows these, and no index knows what they ask for: each row is read, but once.
UNBOUNDED = ROWS + 100
# How many rows a count may look at: a list stops sooner.
FILTERS: Mapping[str, int] = {
    "": 40_000,
    "status:failed": 11_000,
    "status:queued,running": 100,
    "status:failed error:IMAGE_* since:24h": 20_000,
    "status:failed error:DB_WRITE_FAILED": 120_000,
    "status:done since:1h": 70_000,
    "since:7d": RECENT,
    "created:>=2026-01-01 kind:audio status:cancelled": 20_000,
    "step:generate_images status:failed since:3d": 20_000,
    'status:failed text:"nothing like it" since:7d': 30_000,
    "attempts:>=3 cost:>0.1 since:24h": RECENT,
    "user:USER": 70_000,
    "user:USER status:failed since:24h": 10_000,
    "error:DB_WRITE_FAILED": UNBOUNDED,
}
MONTH_AGO = job_search.Position(datetime.now(UTC) - 30 * DAY, "job")
EXPLAINED = "status:failed error:IMAGE_* since:24h"


def of_filter(function: Callable[..., Any], text: str, reads: int, **keywords: Any) -> Question:
    """A question that takes the filter's conditions."""

    def arguments(world: World) -> tuple[Any, ...]:
        return world.aliases, world.filter(text)

    return Question(function, arguments, {"timezone": ZONE, **keywords}, text or "all", reads)


def of_filters() -> Iterator[Question]:
    for text, reads in FILTERS.items():
        yield of_filter(job_search.search, text, reads, limit=PAGE)
        yield of_filter(job_search.count, text, reads)
    for text in ("", EXPLAINED):
        yield of_filter(failures.matrix, text, 30_000)
        yield of_filter(failures.failures_by_bucket, text, RECENT, since=7 * DAY, bucket=HOUR)
        yield replace(of_filter(causes.causes, text, 40_000), whole=LEDGER)
        yield of_filter(job_search.newer, text, 40_000, after=None)
        # Of every status as many as wanted: those of one status alone could be the newest.
        yield of_filter(job_search.matching_ids, text, 220_000)
    yield replace(of_filter(job_search.search, "", 1_000, limit=PAGE, before=MONTH_AGO), of="before")
    yield replace(of_filter(job_search.newer, "", 40_000, after=MONTH_AGO), of="after")
    yield of_filter(job_search.export, EXPLAINED, 20_000)


def of_selected(
    of: str, ids: Callable[[World], tuple[str, ...]], reads: int, whole: frozenset[str]
) -> Iterator[Question]:
    """What a dry run asks about the jobs that were selected."""

    def question(
        function: Callable[..., Any], arguments: Callable[[World, tuple[str, ...]], tuple[Any, ...]], how: str = ""
    ) -> Question:
        name = f"{of} {how}".strip()
        return Question(function, lambda world: arguments(world, ids(world)), of=name, reads=reads, whole=whole)

    yield question(jobs.get_many, lambda world, ids: (world.aliases, ids))
    yield question(usage.jobs_today_by_owner, lambda _, ids: (ZONE, ids))
    yield question(costs.spent_by_job, lambda _, ids: (PRICES, ids))
    yield question(
        retry_costs.retry_estimates, lambda _, ids: (PRICES, ids, "failed_step"), "from the failed step"
    )
    yield question(retry_costs.retry_estimates, lambda _, ids: (PRICES, ids, "start"), "from the start")


NOW = datetime.now(UTC)


def of_span(of: str, since: datetime, reads: int) -> Iterator[Question]:
    """Everybody's usage since then, live."""

    def named(_: World) -> tuple[Any, ...]:
        return since, NOW

    def aliased(world: World) -> tuple[Any, ...]:
        return world.aliases, since, NOW

    zone = {"timezone": ZONE}
    yield Question(usage.by_user, aliased, {}, of, reads, FEW)
    yield Question(usage.by_user_and_day, aliased, zone, of, reads, FEW)
    yield Question(usage.by_kind_and_day, named, zone, of, reads)
    yield Question(usage.hourly_usage, aliased, {}, of, reads, FEW)
    yield Question(usage.hourly_kinds, named, of=of, reads=reads)


def of_users() -> Iterator[Question]:
    """What the page of one user asks, and who has most jobs open."""
    month = {"timezone": ZONE, "since": NOW - 30 * DAY, "until": NOW}
    yield Question(user_history.seen, lambda world: (world.aliases, world.user), reads=70_000)
    yield Question(
        user_history.refused_by_day, lambda world: (world.aliases, world.user), month, reads=0, whole=FEW
    )
    yield Question(user_habits.habits, lambda world: (world.aliases, NOW - DAY, NOW), {"least": 10}, reads=40_000)
    yield Question(guardrails.open_by_user, lambda world: (world.aliases,), reads=100)


def of_usage() -> Iterator[Question]:
    """What is read live: the hours that are not rolled up yet, or all where there is no roll-up."""
    yield from of_span("3 h", NOW - 3 * HOUR, 10_000)
    yield from of_span("7 d", NOW - 7 * DAY, RECENT)
    # Of each user an earlier job is looked for.
    yield Question(usage.new_users_by_hour, lambda world: (world.aliases, NOW - DAY, NOW), reads=60_000)
    yield Question(usage.first_hour, reads=100, whole=FEW)
    # Those of LOOKBACK, and those with an event.
    yield Question(usage.changed_hours, lambda _: (NOW - MINUTE, NOW), reads=RECENT, whole=FEW)


# Of all jobs, 42 of 100 came in the thirty days: an index may serve, or the whole table, and up to three times.
WHAT_IF_READS = 3 * ROWS
TRIED: Mapping[str, tuple[int, ...]] = {
    "daily_job_limit_per_user": (1_000, 100),
    "daily_generation_budget": (0, 17_000),
    "daily_cost_limit_usd": (1_000, 80),
    "max_pending_jobs": (1_000, 100),
    "max_pending_jobs_per_user": (100, 10),
}


def of_what_if() -> Iterator[Question]:
    """A value that would have blocked nothing, and one that would have blocked some jobs."""
    whole = frozenset({"jobs", "job_events"}) | LEDGER | FEW
    for limit, values in TRIED.items():
        for value in values:
            asked = {"limit": limit, "value": Decimal(value), "timezone": ZONE}
            of = f"{limit} {value}"
            yield Question(what_if.tried, lambda world: (world.aliases,), asked, of, WHAT_IF_READS, whole)


ONE_JOB = 10
WITHOUT_LEDGER: tuple[Question, ...] = (
    Question(costs.spent_today, lambda _: (PRICES, ZONE), reads=40_000),
    Question(costs.spent_by_hour, lambda _: (PRICES, 24), reads=40_000),
    Question(costs.spent_by_job, lambda world: (PRICES, world.job_ids), reads=SELECTED),
    Question(usage.by_user, lambda world: (world.aliases, NOW - 3 * HOUR, NOW), reads=10_000, whole=FEW),
    Question(retry_costs.retry_estimates, lambda world: (PRICES, world.job_ids, "failed_step"), reads=SELECTED),
)
QUESTIONS: tuple[Question, ...] = (
    Question(stuck.find, lambda world: (world.aliases, StuckRules(), {"generate_images": HOUR}), reads=100),
    Question(queue.open_jobs, reads=100),
    Question(queue.open_ids, reads=100),
    Question(queue.recent_id, reads=100),
    Question(queue.running, lambda world: (world.aliases,), reads=100),
    Question(queue.flows),
    Question(queue.flow_by_bucket, lambda _: (3 * HOUR, 5 * MINUTE), of="3 h"),
    Question(queue.flow_by_bucket, lambda _: (7 * DAY, HOUR), of="7 d", reads=3 * RECENT),
    Question(jobs.outcomes, lambda _: (HOUR,)),
    Question(jobs.outcomes_by_bucket, lambda _: (DAY, 5 * MINUTE)),
    Question(jobs.duration_p95, lambda _: (HOUR,)),
    Question(jobs.failures_by_code, lambda _: (DAY,), reads=20_000),
    Question(jobs.get, lambda world: (world.aliases, world.job_id), reads=ONE_JOB),
    Question(users.resolve, lambda world: (world.aliases, "user-00000000"), reads=6_000),
    Question(costs.spent_today, lambda _: (PRICES, ZONE), reads=0),
    Question(costs.spent_by_hour, lambda _: (PRICES, 24), reads=0),
    Question(costs.spent_by_job, lambda world: (PRICES, world.job_ids[:PAGE]), of="page", reads=0),
    Question(costs.usual_spend_by_now, lambda _: (ZONE,), reads=0),
    Question(step_times.usual, reads=0),
    Question(job_story.events, lambda world: (world.aliases, world.job_id), reads=ONE_JOB),
    Question(job_story.calls, lambda world: (world.job_id,), reads=0),
    Question(job_story.checks, lambda world: (world.job_id,), reads=0),
    Question(job_story.moderation, lambda world: (world.aliases, world.job_id), reads=ONE_JOB),
    *of_filters(),
    *of_usage(),
    *of_users(),
    *of_what_if(),
    *of_selected("1,000", lambda world: world.job_ids, 30_000, LEDGER),
    # An old PostgreSQL expects to find so many sooner by reading all jobs, once more for their owners' jobs.
    *of_selected("10,000", lambda world: world.largest, 2 * ROWS, LEDGER | {"jobs"}),
)
