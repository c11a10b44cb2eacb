"""Every question of the console that reads the service's tables, asked as the pages ask it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from queries import (
    causes,
    clock,
    cost_books,
    costs,
    failures,
    indexes,
    job_search,
    job_story,
    jobs,
    queue,
    retry_costs,
    step_times,
    stuck,
    usage,
    users,
    what_if_days,
    what_if_places,
    what_if_spend,
)
from queries.models import StuckRules
from tests.plans.cost_questions import of_costs, of_costs_without_ledger
from tests.plans.usage_questions import NOW, of_usage, of_users, of_what_if
from tests.plans.worlds import (
    DAY,
    FEW,
    HOUR,
    LEDGER,
    MINUTE,
    PAGE,
    PRICE_HISTORY,
    PRICES,
    RECENT,
    ROWS,
    SELECTED,
    ZONE,
    Question,
    World,
)

NOT_OF_THE_TABLES: Mapping[Callable[..., Any], str] = {
    clock.now: "asks for the time",
    indexes.advice: "reads the catalogue",
    users.resolve_unknown: "is users.resolve for several aliases",
    what_if_days.replayed: "is asked by what_if.tried",
    what_if_places.replayed: "is asked by what_if.tried",
    what_if_spend.replayed: "is asked by what_if.tried",
}


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
    yield question(costs.spent_by_job, lambda _, ids: (PRICE_HISTORY, ids))
    yield question(
        retry_costs.retry_estimates, lambda _, ids: (PRICES, ids, "failed_step"), "from the failed step"
    )
    yield question(retry_costs.retry_estimates, lambda _, ids: (PRICES, ids, "start"), "from the start")


ONE_JOB = 10
WITHOUT_LEDGER: tuple[Question, ...] = (
    Question(costs.spent_today, lambda _: (PRICES, ZONE), reads=40_000),
    Question(costs.spent_by_hour, lambda _: (PRICE_HISTORY, 24), reads=40_000),
    Question(costs.spent_by_job, lambda world: (PRICE_HISTORY, world.job_ids), reads=SELECTED),
    Question(usage.by_user, lambda world: (world.aliases, NOW - 3 * HOUR, NOW), reads=10_000, whole=FEW),
    Question(retry_costs.retry_estimates, lambda world: (PRICES, world.job_ids, "failed_step"), reads=SELECTED),
    *of_costs_without_ledger(),
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
    Question(costs.spent_by_hour, lambda _: (PRICE_HISTORY, 24), reads=0),
    Question(costs.spent_by_job, lambda world: (PRICE_HISTORY, world.job_ids[:PAGE]), of="page", reads=0),
    Question(costs.usual_spend_by_now, lambda _: (ZONE,), reads=0),
    Question(
        cost_books.median_usd,
        lambda _: (PRICE_HISTORY,),
        {"since": NOW - 30 * DAY, "until": NOW},
        reads=SELECTED,
        whole=LEDGER,
    ),
    Question(step_times.usual, reads=0),
    Question(job_story.events, lambda world: (world.aliases, world.job_id), reads=ONE_JOB),
    Question(job_story.calls, lambda world: (world.job_id,), reads=0),
    Question(job_story.checks, lambda world: (world.job_id,), reads=0),
    Question(job_story.moderation, lambda world: (world.aliases, world.job_id), reads=ONE_JOB),
    *of_filters(),
    *of_usage(),
    *of_costs(),
    *of_users(),
    *of_what_if(),
    *of_selected("1,000", lambda world: world.job_ids, 30_000, LEDGER),
    # An old PostgreSQL expects to find so many sooner by reading all jobs, once more for their owners' jobs.
    *of_selected("10,000", lambda world: world.largest, 2 * ROWS, LEDGER | {"jobs"}),
)
