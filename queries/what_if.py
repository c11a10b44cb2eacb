"""What another value of a limit would have done in the last days, by what the service's database remembers.

A blocked job would not have been made: it counts no further, holds no place in the queue and costs nothing. Jobs
that would have been let in keep their real times, though with fewer jobs beside them they might have been quicker.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial

import sqlalchemy as sa
from sqlalchemy import Connection

from queries import book_shares, clock, costs, usage_sources, what_if_days, what_if_places, what_if_spend
from queries.aliases import Aliases
from queries.days import days as days_of
from queries.days import midnight
from queries.models import MoneySource, Spend
from queries.price_history import PriceHistory
from queries.replay import Came
from queries.schema import ServiceSchema
from queries.usage_models import Span
from queries.what_if_models import (
    Asked,
    BlockedUser,
    BlockedUserDay,
    LetThrough,
    Refused,
    Replayed,
    WhatIf,
    WhatIfDay,
)

__all__ = ["BlockedUser", "BlockedUserDay", "LetThrough", "WhatIf", "WhatIfDay", "tried"]

# More jobs than anybody looks through.
NAMED_JOBS = 1_000
# Enough for a mean.
BOOKS = 1_000
# Some days of an attack under ever new user keys.
MAX_REFUSED = 200_000

_CENT = Decimal("0.01")
_NO_PRICES = PriceHistory()
_DAILY = "daily_job_limit_per_user"
_OFF_AT_ZERO = frozenset({"daily_generation_budget", "daily_cost_limit_usd"})
_REPLAYS: Mapping[str, Callable[[Connection, ServiceSchema, Asked], Replayed | None]] = {
    _DAILY: partial(what_if_days.replayed, own=True),
    "daily_generation_budget": partial(what_if_days.replayed, own=False),
    "daily_cost_limit_usd": what_if_spend.replayed,
    "max_pending_jobs": partial(what_if_places.replayed, own=False),
    "max_pending_jobs_per_user": partial(what_if_places.replayed, own=True),
}


def tried(
    connection: Connection,
    schema: ServiceSchema,
    aliases: Aliases,
    *,
    limit: str,
    value: Decimal,
    timezone: str,
    days: int = 30,
    prices: PriceHistory = _NO_PRICES,
) -> WhatIf | None:
    """The limit at this value for the last days (the service's, today included) instead of what it was.

    timezone is the service's day (IANA name). Money is the ledger's, over all attempts, else estimated by the
    price list. None for a limit that the console does not know how to replay, and for one of money without a
    ledger. Raises DatabaseError.
    """
    if limit not in _REPLAYS:
        return None
    until = clock.now(connection, schema)
    last = days_of(timezone, until, until + timedelta.resolution)[0]
    asked = Asked(limit, value, timezone, Span(midnight(last - timedelta(days=days - 1), timezone), until))
    found = _replayed(connection, schema, asked)
    if found is None:
        return None
    spent = costs.spent_by_job(connection, schema, prices, [job.id for job in found.blocked])
    refused = _refused(connection, schema, asked, found.since)
    let_in = None if refused is None else list(found.lets_in(refused))
    book = _mean_cost_of_book(connection, schema, prices) if let_in else None
    source = _source(schema, prices)
    return _told(aliases, asked, found, spent=spent, let_in=let_in, book=book, source=source)


def _replayed(connection: Connection, schema: ServiceSchema, asked: Asked) -> Replayed | None:
    if asked.value == 0 and asked.limit in _OFF_AT_ZERO:
        return Replayed(asked.span.since, (), lambda refused: refused)
    return _REPLAYS[asked.limit](connection, schema, asked)


def _refused(connection: Connection, schema: ServiceSchema, asked: Asked, since: datetime) -> list[Refused] | None:
    """By hour, oldest first; of at most MAX_REFUSED users' hours, the newest ones."""
    if schema.rejections is None:
        return None
    table = schema.rejections.c
    hour, requests = schema.instant(table.hour).label("at"), sa.func.sum(table.requests).label("requests")
    question = (
        sa.select(table.user_key, hour, requests)
        .where(table.guardrail == asked.limit)
        .where(*usage_sources.within(schema, table.hour, Span(since, asked.span.until)))
        .group_by(table.user_key, table.hour)
        .order_by(table.hour.desc(), table.user_key)
        .limit(MAX_REFUSED)
    )
    rows = connection.execute(question).all()
    return [Refused(row.user_key, row.at, row.requests) for row in reversed(rows)]


def _mean_cost_of_book(connection: Connection, schema: ServiceSchema, prices: PriceHistory) -> Decimal | None:
    """USD that one of the newest finished books cost; None where there is none, or nothing tells."""
    jobs = schema.jobs.c
    newest = sa.select(jobs.id).where(jobs.status == "done").order_by(jobs.created_at.desc()).limit(BOOKS)
    spent = costs.spent_by_job(connection, schema, prices, connection.execute(newest).scalars().all())
    usd = [one.usd for one in spent.values() if one.usd is not None]
    return sum(usd, Decimal(0)) / len(usd) if usd else None


def _source(schema: ServiceSchema, prices: PriceHistory) -> MoneySource:
    if schema.has_ledger:
        return MoneySource.LEDGER
    return MoneySource.ESTIMATED if book_shares.ever_priced(prices) else MoneySource.NONE


def _told(
    aliases: Aliases,
    asked: Asked,
    found: Replayed,
    *,
    spent: Mapping[str, Spend],
    let_in: Sequence[Refused] | None,
    book: Decimal | None,
    source: MoneySource,
) -> WhatIf:
    blocked = _by_user_and_day(aliases, asked, found.blocked, spent)
    newest = sorted(found.blocked, key=lambda job: (job.created_at, job.id), reverse=True)
    return WhatIf(
        limit=asked.limit,
        value=asked.value,
        since=found.since,
        until=asked.span.until,
        blocked=blocked,
        users=_by_user(blocked),
        by_day=_by_day(asked, found.since, blocked, let_in),
        job_ids=tuple(job.id for job in newest[:NAMED_JOBS]),
        spend=Spend(_sum(one.usd for one in blocked), sum(one.unpriced for one in spent.values()), source),
        let_through=None if let_in is None else _let_through(asked, let_in, book),
    )


def _by_user_and_day(
    aliases: Aliases, asked: Asked, jobs: Iterable[Came], spent: Mapping[str, Spend]
) -> tuple[BlockedUserDay, ...]:
    """Most jobs first; a job that was deleted since has cost what nobody can tell."""
    costs_of = defaultdict(list)
    for job in jobs:
        known = spent.get(job.id)
        costs_of[job.user_key, asked.day(job.created_at)].append(None if known is None else known.usd)
    told = [
        BlockedUserDay(aliases.digest(user_key), day, len(usd), _sum(usd))
        for (user_key, day), usd in costs_of.items()
    ]
    return tuple(sorted(told, key=lambda one: (-one.jobs, one.day, one.digest)))


def _by_user(blocked: Iterable[BlockedUserDay]) -> tuple[BlockedUser, ...]:
    days = defaultdict(list)
    for one in blocked:
        days[one.digest].append(one)
    told = [
        BlockedUser(digest, len(own), sum(one.jobs for one in own), _sum(one.usd for one in own))
        for digest, own in days.items()
    ]
    return tuple(sorted(told, key=lambda one: (-one.jobs, one.digest)))


def _by_day(
    asked: Asked, since: datetime, blocked: Iterable[BlockedUserDay], let_in: Sequence[Refused] | None
) -> tuple[WhatIfDay, ...]:
    by_day, requests = defaultdict(list), Counter[date]()
    for one in blocked:
        by_day[one.day].append(one)
    for refused in let_in or ():
        requests[asked.day(refused.hour)] += refused.requests
    return tuple(
        WhatIfDay(
            day,
            jobs=sum(one.jobs for one in by_day[day]),
            users=len(by_day[day]),
            usd=_sum(one.usd for one in by_day[day]),
            let_through=None if let_in is None else requests[day],
        )
        for day in days_of(asked.timezone, since, asked.span.until)
    )


def _let_through(asked: Asked, let_in: Sequence[Refused], book: Decimal | None) -> LetThrough:
    requests = sum(one.requests for one in let_in)
    usd = None if book is None else (book * requests).quantize(_CENT)
    users = len({one.user_key for one in let_in})
    return LetThrough(requests, users, usd if requests else Decimal(0), at_most=asked.limit != _DAILY)


def _sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """None where one of them is not known."""
    known = list(amounts)
    return None if None in known else sum((one for one in known if one is not None), Decimal(0))
