"""What the console says another value would have done is what the service does under that value.

The same thirty days of orders come to the service's own admission twice: under generous limits, which is the past
that the console looks at, and under the value that it is asked about.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg import Connection
from psycopg.rows import dict_row
from sqlalchemy import Connection as Console

from queries import what_if
from queries.aliases import Aliases
from queries.days import midnight
from queries.schema import ServiceSchema
from service.admission import Order, Rejected, admit
from service.database import Row
from service.settings import Settings
from tests.queries.conftest import connect

D = Decimal
ZONE = "America/New_York"
# Neither the first day of the thirty nor the current moment: the test may run across a midnight.
DAYS, MARGIN = 28, timedelta(minutes=5)
USERS = ("ann", "ann", "ann", "ann", "ben", "ben", "cho", "dan")
GENEROUS = {
    "daily_job_limit_per_user": D(1_000),
    "daily_generation_budget": D(0),
    "daily_cost_limit_usd": D(0),
    "max_pending_jobs": D(10_000),
    "max_pending_jobs_per_user": D(1_000),
}
VALUES: tuple[tuple[str, str], ...] = (
    *(("daily_job_limit_per_user", value) for value in ("0", "3", "1000")),
    *(("daily_generation_budget", value) for value in ("0", "1", "6")),
    *(("daily_cost_limit_usd", value) for value in ("0", "0.01", "0.75")),
    *(("max_pending_jobs", value) for value in ("0", "2", "5")),
    *(("max_pending_jobs_per_user", value) for value in ("1", "3")),
)
HARMLESS = {("daily_job_limit_per_user", "1000"), ("daily_generation_budget", "0"), ("daily_cost_limit_usd", "0")}


TURN = """
with turned as (update jobs set status = %(status)s, updated_at = timezone('utc', %(at)s),
                       retry_count = retry_count + (%(event)s = 'retried')::int where id = %(job)s)
insert into job_events (job_id, attempt, at, event) values (%(job)s, 1, %(at)s, %(event)s)
"""
CALL = """
insert into cost_events
       (event_id, occurred_at, job_id, attempt, provider, kind, model, step, outcome, units, cost_usd)
values (%(at)s::text, %(at)s, %(job)s, 1, 'p', 'llm', 'm', 's', 'succeeded', 1, %(usd)s)
"""


@dataclass
class Served:
    """One history in a database: which orders became which jobs, and which were refused by what."""

    connection: Connection[Row]
    settings: Settings
    jobs: dict[int, str] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)
    turns: list[dict[str, Any]] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)

    def order(self, at: datetime, number: int, user: str) -> None:
        self.write()
        wish = Order(user, None, None, "0" * 32, {})
        try:
            self.jobs[number] = admit(self.connection, self.settings, wish, now=at)
        except Rejected as rejected:
            self.refused[number] = rejected.limit

    def turn(self, at: datetime, number: int, status: str, event: str) -> None:
        """The job ends, or is queued again."""
        if number in self.jobs:
            self.turns.append({"job": self.jobs[number], "at": at, "status": status, "event": event})

    def call(self, at: datetime, number: int | None, usd: Decimal | None) -> None:
        """A provider call of the job, or of none."""
        if number is None or number in self.jobs:
            self.calls.append({"job": None if number is None else self.jobs[number], "at": at, "usd": usd})

    def write(self) -> None:
        """Put down what happened since the last order, in its order."""
        with self.connection.cursor() as cursor:
            for statement, happened in ((TURN, self.turns), (CALL, self.calls)):
                cursor.executemany(statement, happened)
                happened.clear()


Happening = tuple[datetime, Callable[[Served], None]]


@dataclass(frozen=True)
class History:
    """What happens, in its order; users by the number of their order."""

    users: Mapping[int, str]
    came: Mapping[int, datetime]
    happenings: tuple[Happening, ...]

    def served(self, connection: Connection[Row], settings: Settings) -> Served:
        found = Served(connection, settings)
        for _, happen in self.happenings:
            happen(found)
        found.write()
        return found


@pytest.fixture(scope="module")
def history() -> History:
    """Some 250 orders: by day, and in bursts around the midnights of the zone. Every instant occurs once."""
    dice, now = random.Random(4), datetime.now(UTC)  # noqa: S311
    today = now.astimezone(_zone()).date()
    orders: list[datetime] = []
    for ago in range(DAYS, -1, -1):
        start = midnight(today - timedelta(days=ago), ZONE)
        burst = [start + timedelta(seconds=dice.uniform(-240, 240)) for _ in range(5 if ago % 2 else 1)]
        orders += [*burst, *(start + timedelta(hours=dice.uniform(0, 23)) for _ in range(dice.randint(2, 8)))]
    came = {number: at for number, at in enumerate(sorted(orders)) if at < now - MARGIN}
    users = {number: dice.choice(USERS) for number in came}
    happenings = [one for number, at in came.items() for one in _story(dice, number, users[number], at)]
    happenings += [_call(at + timedelta(microseconds=7), None, D("0.05")) for at in list(came.values())[::17]]
    past = sorted((one for one in happenings if one[0] < now), key=lambda one: one[0])
    assert len({at for at, _ in past}) == len(past)
    return History(users, came, tuple(past))


def _story(dice: random.Random, number: int, user: str, at: datetime) -> Iterator[Happening]:
    """A job that ends within minutes or hours, or days; many fail, and of those some are retried."""
    yield at, lambda served: served.order(at, number, user)
    if number % 40 == 39:
        return  # open ever since
    end = at + timedelta(minutes=dice.choice((4, 30, 300, 2000)) * dice.uniform(0.5, 1.5))
    yield from _calls(dice, number, at, end)
    failed = dice.random() < 0.4
    yield _turn(end, number, "failed" if failed else "done")
    if failed and dice.random() < 0.7:
        again = end + timedelta(minutes=dice.uniform(1, 1200))
        last = again + timedelta(minutes=dice.uniform(1, 600))
        yield again, lambda served: served.turn(again, number, "queued", "retried")
        yield from _calls(dice, number, again, last)
        yield _turn(last, number, dice.choice(("done", "cancelled")))


def _calls(dice: random.Random, number: int, since: datetime, until: datetime) -> Iterator[Happening]:
    for _ in range(3):
        usd = None if dice.random() < 0.1 else D(dice.randint(0, 200)) / 1000
        yield _call(since + (until - since) * dice.random(), number, usd)


def _call(at: datetime, number: int | None, usd: Decimal | None) -> Happening:
    return at, lambda served: served.call(at, number, usd)


def _turn(at: datetime, number: int, status: str) -> Happening:
    return at, lambda served: served.turn(at, number, status, status)


def _zone() -> ZoneInfo:
    return ZoneInfo(ZONE)


@contextmanager
def _database(settings: Settings, limits: Mapping[str, Decimal]) -> Iterator[Connection[Row]]:
    """A transaction under these limits, rolled back unless it is committed."""
    with psycopg.connect(settings.conninfo, row_factory=dict_row, options="-c TimeZone=UTC") as connection:
        for name, value in limits.items():
            connection.execute("update guardrails set value = %s where name = %s", [value, name])
        yield connection
        connection.rollback()


@pytest.fixture(scope="module")
def make_settings(new_database: Callable[[str], str], migrated_template: str) -> Callable[[], Settings]:
    return lambda: Settings(database_url=new_database(migrated_template), timezone=ZONE)


@dataclass(frozen=True)
class Past:
    """The recorded past, and the console that looks at it."""

    served: Served
    console: Console
    schema: ServiceSchema


@pytest.fixture(scope="module")
def past(history: History, make_settings: Callable[[], Settings]) -> Iterator[Past]:
    settings = make_settings()
    with _database(settings, GENEROUS) as connection:
        served = history.served(connection, settings)
        connection.commit()
        assert not served.refused
        with connect(settings.database_url) as (console, schema):
            yield Past(served, console, schema)


@pytest.fixture(scope="module")
def second(make_settings: Callable[[], Settings]) -> Settings:
    return make_settings()


@pytest.mark.parametrize(("limit", "value"), VALUES)
def test_the_service_refuses_whom_the_console_names(
    history: History, past: Past, second: Settings, limit: str, value: str
) -> None:
    with _database(second, {**GENEROUS, limit: D(value)}) as connection:
        refused = history.served(connection, second).refused
    assert set(refused.values()) <= {limit}
    assert bool(refused) == ((limit, value) not in HARMLESS)
    aliases = Aliases("a key for tests")
    found = what_if.tried(past.console, past.schema, aliases, limit=limit, value=D(value), timezone=ZONE)
    assert found is not None
    assert set(found.job_ids) == {past.served.jobs[number] for number in refused}
    by_user_and_day = Counter(_user_day(history, aliases, number) for number in refused)
    assert {(one.digest, one.day): one.jobs for one in found.blocked} == by_user_and_day
    assert found.blocked_users == len({history.users[number] for number in refused})
    assert found.usd == _spent_on(past.served, refused)


def _user_day(history: History, aliases: Aliases, number: int) -> tuple[str, date]:
    return aliases.digest(history.users[number]), history.came[number].astimezone(_zone()).date()


def _spent_on(served: Served, numbers: Mapping[int, str]) -> Decimal:
    row = served.connection.execute(
        "select coalesce(sum(cost_usd), 0) as usd from cost_events where job_id = any(%s)",
        [[served.jobs[number] for number in numbers]],
    ).fetchone()
    assert row is not None
    return D(row["usd"])
