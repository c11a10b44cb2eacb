"""What a plan is looked at with: a million jobs, a connection as the console makes it, and a question."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection

from queries.aliases import Aliases
from queries.job_filter import JobFilter
from queries.job_language import parse
from queries.models import PriceList
from queries.price_history import PriceHistory
from queries.schema import ServiceSchema

ZONE = "Asia/Seoul"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PRICES = PriceList(Decimal("0.01"), Decimal("0.04"))
PRICE_HISTORY = PriceHistory.always(PRICES)
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
