"""The default view of the Usage page at 5,000,000 jobs of 90 days: closed hours rolled up, and all read live."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import LiteralString

import psycopg
import sqlalchemy as sa

from actions import migrations
from actions.rollups import roll_up
from demo.many_jobs import fill
from demo.postgres import BIN, Postgres, debian
from queries import clock, rollups, schema, usage
from queries.aliases import Aliases
from queries.database import engine
from queries.days import midnight
from queries.schema import ServiceSchema
from queries.usage_models import Span, UserTally

JOBS, DAYS = 5_000_000, 90
# The ledger of 5,000,000 jobs would fill the disk; the last days, which are read live, have all of their calls.
TOLD_PERCENT = 2
ROUNDS, LIVE_ROUNDS = 15, 3
SHOWN_USERS = 25
ZONE = "UTC"
HEATMAP, TREND, NEW = timedelta(days=13), timedelta(days=29), timedelta(hours=24)
TARGET_MS = 100
ALIASES = Aliases("a key for benchmarks")
TIMEOUT = timedelta(minutes=5)
SERVICE = Path(__file__).parent.parent / "service" / "schema.sql"
_LAST_CALLS: LiteralString = """
insert into cost_events (event_id, occurred_at, recorded_at, job_id, attempt, user_key, provider, kind, model,
                         step, outcome, units, cost_usd)
select id || call, at, at, id, 1, user_key, 'anthropic', 'llm', 'model', 'generate_story', 'succeeded', 1, 0.02
  from jobs, generate_series(1, 8) call,
       lateral (select timezone('UTC', created_at) + (updated_at - created_at) * call / 9 as at) made
 where created_at >= timezone('UTC', now()) - interval '2 days'
 order by at
    on conflict do nothing
"""


@dataclass(frozen=True, slots=True)
class Reader:
    """The console's way to the database, and the spans of the default view."""

    connection: sa.Connection
    schema: ServiceSchema
    today: Span
    process: int

    def since(self, before: timedelta) -> Span:
        return Span(self.today.since - before, self.today.until)

    def covered(self, span: Span) -> tuple[tuple[Span, ...], list[Span]]:
        """Runs of rolled hours, and what they leave out."""
        runs = rollups.covered(self.connection, ALIASES.fingerprint(), span.since, span.until)
        ends, starts = (span.since, *(run.until for run in runs)), (*(run.since for run in runs), span.until)
        return runs, [Span(*gap) for gap in zip(ends, starts, strict=True) if gap[0] < gap[1]]


def rolled_today(reader: Reader) -> tuple[UserTally, ...]:
    runs, gaps = reader.covered(reader.today)
    for gap in gaps:
        usage.by_user(reader.connection, reader.schema, ALIASES, gap.since, gap.until)
    return rollups.by_user(reader.connection, runs)


def rolled_heatmap(reader: Reader, digests: tuple[str, ...]) -> None:
    """Its live part is that of rolled_today, which the page asks once for both."""
    runs, gaps = reader.covered(reader.since(HEATMAP))
    assert all(reader.today.since <= gap.since for gap in gaps)
    rollups.by_user_and_day(reader.connection, runs, timezone=ZONE, digests=digests)


def rolled_trend(reader: Reader) -> None:
    runs, gaps = reader.covered(reader.since(TREND))
    rollups.by_kind_and_day(reader.connection, runs, timezone=ZONE)
    for gap in gaps:
        usage.by_kind_and_day(reader.connection, reader.schema, gap.since, gap.until, timezone=ZONE)


def rolled_new(reader: Reader) -> None:
    now = clock.now(reader.connection, reader.schema)
    runs, gaps = reader.covered(Span(now - NEW, now))
    rollups.new_users_by_hour(reader.connection, runs)
    for gap in gaps:
        usage.new_users_by_hour(reader.connection, reader.schema, ALIASES, gap.since, gap.until)


def live_today(reader: Reader) -> tuple[UserTally, ...]:
    return usage.by_user(reader.connection, reader.schema, ALIASES, reader.today.since, reader.today.until)


def live_heatmap(reader: Reader, digests: tuple[str, ...]) -> None:
    span = reader.since(HEATMAP)
    usage.by_user_and_day(
        reader.connection, reader.schema, ALIASES, span.since, span.until, timezone=ZONE, digests=digests
    )


def live_trend(reader: Reader) -> None:
    span = reader.since(TREND)
    usage.by_kind_and_day(reader.connection, reader.schema, span.since, span.until, timezone=ZONE)


def live_new(reader: Reader) -> None:
    now = clock.now(reader.connection, reader.schema)
    usage.new_users_by_hour(reader.connection, reader.schema, ALIASES, now - NEW, now)


Ask = Callable[[Reader], object]


def measured(digests: tuple[str, ...]) -> Mapping[str, tuple[Ask, Ask]]:
    """What the default view asks: rolled, and live."""
    return {
        "today per user": (rolled_today, live_today),
        f"{SHOWN_USERS} users x 14 days": (
            lambda reader: rolled_heatmap(reader, digests),
            lambda reader: live_heatmap(reader, digests),
        ),
        "kinds x 30 days": (rolled_trend, live_trend),
        "new users of 24 h": (rolled_new, live_new),
    }


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds of one asking: until its rows were there, and what the server's process computed for them."""

    waited: float
    computed: float


def cost(reader: Reader, ask: Ask) -> Cost:
    """Of its statements alone, without what Python makes of their rows."""
    took: list[float] = []

    def began(*_: object) -> None:
        took.append(-time.perf_counter())

    def ended(*_: object) -> None:
        took[-1] += time.perf_counter()

    events = {"before_cursor_execute": began, "after_cursor_execute": ended}
    for name, listener in events.items():
        sa.event.listen(reader.connection, name, listener)
    before = computed_ms(reader)
    ask(reader)
    after = computed_ms(reader)
    for name, listener in events.items():
        sa.event.remove(reader.connection, name, listener)
    return Cost(sum(took) * 1000, after - before)


def computed_ms(reader: Reader) -> float:
    """What Linux says that the connection's server process has used of a core so far."""
    return int(Path(f"/proc/{reader.process}/schedstat").read_text().split()[0]) / 1e6


@contextmanager
def reading(server: Postgres, jobs: int) -> Iterator[Reader]:
    """A database of so many jobs, rolled up, as the console reads it."""
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("create database usage")
    url = server.url("usage")
    with psycopg.connect(url) as connection:
        connection.execute(SERVICE.read_text().encode())
    told("made", lambda: filled(url, jobs))
    migrations.upgrade(url)
    source, store = (engine(url, statement_timeout=TIMEOUT, read_only=only) for only in (True, False))
    with source.connect() as connection:
        found = schema.discover(connection)
        told("rolled up", lambda: roll_up(source, found, ALIASES, store))
        with psycopg.connect(url, autocommit=True) as maintained:
            maintained.execute("vacuum (analyze)")
        day = datetime.now(UTC).date()
        today = Span(midnight(day, ZONE), midnight(day + timedelta(days=1), ZONE))
        yield Reader(
            connection, found, today, connection.execute(sa.select(sa.func.pg_backend_pid())).scalar_one()
        )
    source.dispose()
    store.dispose()


def filled(url: str, jobs: int) -> None:
    fill(url, jobs=jobs, days=DAYS * jobs / JOBS, told_percent=TOLD_PERCENT)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_LAST_CALLS)
        connection.execute("vacuum (analyze) cost_events")


def told(what: str, act: Callable[[], object]) -> None:
    began = time.perf_counter()
    result = act()
    print(f"{what} in {time.perf_counter() - began:.0f} s {result or ''}", flush=True)


def compared(reader: Reader) -> None:
    """Each question rolled and live in turn, so that a drift of the machine meets both alike."""
    digests = tuple(one.digest for one in rolled_today(reader)[:SHOWN_USERS])
    sums = dict.fromkeys(("waited", "computed", "live"), 0.0)
    for name, (rolled, live) in measured(digests).items():
        costs: list[Cost] = []
        lives: list[Cost] = []
        for number in range(ROUNDS):
            costs.append(cost(reader, rolled))
            if number < LIVE_ROUNDS:
                lives.append(cost(reader, live))
        found = {
            "waited": median(one.waited for one in costs),
            "computed": median(one.computed for one in costs),
            "live": median(one.waited for one in lives),
        }
        sums = {key: sums[key] + value for key, value in found.items()}
        shown(name, **found)
    shown("all", **sums)
    print(f"{'within' if sums['waited'] <= TARGET_MS else 'over'} the target of {TARGET_MS} ms")


def shown(name: str, *, waited: float, computed: float, live: float) -> None:
    print(
        f"{name:<20} {waited / live:6.3f} x   {waited:7.1f} : {live:.0f} ms   ({computed:.1f} ms computed)",
        flush=True,
    )


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--jobs", type=int, default=JOBS, help="fewer jobs of as much traffic a day: fewer days")
    asked.add_argument("--debian", action="store_true", help="Debian's PostgreSQL instead of the embedded one")
    given = asked.parse_args()
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        # What a server of this size is given; the rest makes the filling quicker.
        options = ("shared_buffers=1GB", "wal_level=minimal", "max_wal_senders=0", "maintenance_work_mem=256MB")
        binaries = debian() if given.debian else BIN
        server = stack.enter_context(Postgres(directory / "data", options=options, binaries=binaries))
        compared(stack.enter_context(reading(server, given.jobs)))


if __name__ == "__main__":
    main()
