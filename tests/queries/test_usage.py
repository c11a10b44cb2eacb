"""Usage as the service's tables tell it, live."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from queries import usage
from queries.aliases import Aliases
from queries.days import days, midnight
from queries.schema import ServiceSchema
from queries.usage_models import AMOUNTS, COUNTS, KindHour, NewUser, Span, Tally, UserTally, total
from tests.queries.conftest import connect, run
from tests.queries.usage_rows import AUTUMN, SPRING, Season, fill, source

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
NOON = datetime(2026, 5, 5, 12, tzinfo=UTC)
DAY = (NOON - 12 * HOUR, NOON + 12 * HOUR)


def add_job(url: str, name: str, at: datetime, user: str = "u", *, status: str = "done", code: str = "") -> None:
    run(
        url,
        "insert into jobs (id, status, progress, current_step, error_code, user_key, created_at, updated_at)"  # noqa: S608
        f" values ('{name}', '{status}', 0, 'queued', nullif('{code}', ''), '{user}',"
        f" timezone('UTC', timestamptz '{at}'), timezone('UTC', timestamptz '{at}'))",
    )


def add_call(
    url: str, event: str, at: datetime, *, job: str = "null", user: str = "null", usd: str = "0.5"
) -> None:
    run(
        url,
        "insert into cost_events"  # noqa: S608
        " (event_id, occurred_at, job_id, user_key, cost_usd, attempt, provider, kind, model, step, outcome,"
        f" units) values ('{event}', '{at}', {job}, {user}, {usd}, 1, 'p', 'llm', 'm', 's', 'failed', 1)",
    )


def reject(url: str, hour: datetime, user: str, requests: int) -> None:
    run(
        url,
        "insert into guardrail_rejections"  # noqa: S608
        f" values ('{hour}', '{user}', 'max_pending_jobs', {requests}, '{hour}')",
    )


def without_user_key(schema: ServiceSchema) -> ServiceSchema:
    """The ledger of a service that does not tell whose calls they are."""
    assert schema.ledger is not None
    kept = (sa.Column(one.name, one.type) for one in schema.ledger.c if one.name != "user_key")
    ledger = sa.Table("cost_events", sa.MetaData(), *kept)
    return ServiceSchema(
        schema.jobs, ledger, schema.events, schema.quality, schema.rejections, by_status=schema.by_status
    )


def test_a_tally_takes_its_fields_in_order() -> None:
    assert Tally.__slots__ == (*COUNTS, *AMOUNTS)
    one = Tally(*range(1, 8), *map(Decimal, range(8, 12)))
    assert total([one, one]) == one + one == Tally(*range(2, 16, 2), *map(Decimal, range(16, 24, 2)))
    assert total([]) == Tally()


def test_jobs_count_at_their_creation_by_what_became_of_them(newer_url: str, aliases: Aliases) -> None:
    codes = (("done", ""), ("failed", ""), ("failed", "IMAGE_FAILED"), ("failed", "SAFETY_OUTPUT"))
    more = (("cancelled", "SAFETY_INPUT"), ("queued", ""), ("on hold", ""))
    for number, (status, code) in enumerate((*codes, *more)):
        add_job(newer_url, f"job_{number}", NOON, status=status, code=code)
    add_job(newer_url, "job_late", NOON + HOUR)
    with connect(newer_url) as (connection, schema):
        found = usage.by_user(connection, schema, aliases, NOON, NOON + HOUR)
    (one,) = found
    assert one == UserTally(aliases.digest("u"), Tally(jobs=7, done=1, failed=2, refused=1, cancelled=1))
    assert (one.tally.open, one.alias) == (2, aliases.alias("u"))


def test_money_and_rejections_count_where_they_fell(newer_url: str, aliases: Aliases) -> None:
    add_job(newer_url, "job_1", NOON - 24 * HOUR)
    add_call(newer_url, "e1", NOON, job="'job_1'", user="'u'", usd="0.000000001")
    add_call(newer_url, "e2", NOON + HOUR - timedelta.resolution, user="'u'", usd="null")
    add_call(newer_url, "e3", NOON + HOUR, user="'u'")
    for hour, requests in ((-1, 1), (0, 2), (1, 4)):
        reject(newer_url, NOON + hour * HOUR, "v", requests)
    with connect(newer_url) as (connection, schema):
        found = usage.by_user(connection, schema, aliases, NOON, NOON + HOUR)
    assert {one.digest: one.tally for one in found} == {
        aliases.digest("u"): Tally(usd=Decimal("0.000000001"), unpriced=1),
        aliases.digest("v"): Tally(rejected=2),
    }


def test_calls_without_a_user_belong_to_nobody(newer_url: str, aliases: Aliases) -> None:
    """Not even to the job's user: the service would have named them. To them where it names nobody at all."""
    add_job(newer_url, "job_1", NOON)
    add_call(newer_url, "e1", NOON, job="'job_1'")
    add_call(newer_url, "e2", NOON, job="'job_gone'", usd="0.25")
    with connect(newer_url) as (connection, schema):
        named = usage.by_user(connection, schema, aliases, *DAY)
        joined = usage.by_user(connection, without_user_key(schema), aliases, *DAY)
    user, half, quarter = aliases.digest("u"), Decimal("0.5"), Decimal("0.25")
    assert named == (UserTally(user, Tally(jobs=1, done=1)), UserTally("", Tally(usd=half + quarter)))
    assert joined == (UserTally(user, Tally(jobs=1, done=1, usd=half)), UserTally("", Tally(usd=quarter)))


def test_most_jobs_come_first(newer_url: str, aliases: Aliases) -> None:
    for name, user in (("job_1", "few"), ("job_2", "many"), ("job_3", "many")):
        add_job(newer_url, name, NOON, user)
    with connect(newer_url) as (connection, schema):
        found = usage.by_user(connection, schema, aliases, *DAY)
    assert [one.digest for one in found] == [aliases.digest("many"), aliases.digest("few")]


def test_a_kind_is_what_a_filter_calls_so(newer_url: str) -> None:
    for name in ("job_1", "job_2_x", "retell_1", "nothing", "_odd"):
        add_job(newer_url, name, NOON)
    add_call(newer_url, "e1", NOON, job="'retell_1'")
    add_call(newer_url, "e2", NOON)
    reject(newer_url, NOON, "u", 5)
    with connect(newer_url) as (connection, schema):
        found = usage.by_kind_and_day(connection, schema, *DAY, timezone="UTC")
        assert usage.hourly_kinds(connection, schema, *DAY) == tuple(
            KindHour(NOON, one.kind, one.tally) for one in found
        )
    assert {one.kind: (one.tally.jobs, one.tally.usd) for one in found} == {
        "": (2, Decimal("0.5")),
        "job": (2, 0),
        "retell": (1, Decimal("0.5")),
    }


@pytest.mark.parametrize("known", [True, False])
def test_only_the_users_that_were_asked_for(newer_url: str, known: bool) -> None:
    aliases = Aliases("a key for tests")
    for name, user in (("job_1", "one"), ("job_2", "two"), ("job_3", "three")):
        add_job(newer_url, name, NOON, user)
        add_call(newer_url, name, NOON, user=f"'{user}'")
        reject(newer_url, NOON, user, 1)
    wanted = (aliases.digest("one"), aliases.digest("three"))
    if known:
        aliases.alias("one"), aliases.alias("three")
    with connect(newer_url) as (connection, schema):
        found = usage.by_user_and_day(connection, schema, aliases, *DAY, timezone="UTC", digests=wanted)
        assert usage.by_user_and_day(connection, schema, aliases, *DAY, timezone="UTC", digests=()) == ()
    assert sorted(one.digest for one in found) == sorted(wanted)
    assert {one.tally for one in found} == {Tally(jobs=1, done=1, rejected=1, usd=Decimal("0.5"))}


@pytest.mark.parametrize(
    ("zone", "day", "length"),
    [
        ("America/New_York", date(2026, 3, 8), 23),
        ("America/New_York", date(2026, 11, 1), 25),
        ("Asia/Seoul", date(2026, 11, 1), 24),
        ("America/Sao_Paulo", date(2018, 11, 4), 23),  # it began at 01:00
        ("America/Havana", date(2026, 11, 1), 25),  # 00:00 came twice
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
    ],
)
def test_days_are_as_long_as_they_are(zone: str, day: date, length: float) -> None:
    since, until = midnight(day, zone), midnight(day + timedelta(1), zone)
    assert (until - since) / HOUR == length
    assert days(zone, since, until) == (day,)
    assert days(zone, since - timedelta.resolution, until + timedelta.resolution)[1:-1] == (day,)
    assert since.astimezone(ZoneInfo(zone)).date() == day


@pytest.mark.parametrize("season", [SPRING, AUTUMN])
def test_hours_hold_what_the_tables_hold(newer_url: str, aliases: Aliases, season: Season) -> None:
    fill(newer_url, season, newer=True)
    span = Span(midnight(season.change, "UTC"), midnight(season.change + timedelta(3), "UTC"))
    with connect(newer_url) as (connection, schema):
        users = usage.hourly_usage(connection, schema, aliases, span.since, span.until)
        kinds = usage.hourly_kinds(connection, schema, span.since, span.until)
    assert total(one.tally for one in users) == source(newer_url, span)
    assert total(one.tally for one in kinds).usd == source(newer_url, span).usd
    hours = sorted({one.hour for one in users})
    assert span.since <= hours[0] < hours[-1] < span.until
    for hour in hours:
        expected = source(newer_url, Span(hour, hour + HOUR))
        assert total(one.tally for one in users if one.hour == hour) == expected
        assert total(one.tally for one in kinds if one.hour == hour).jobs == expected.jobs


def test_somebody_is_new_once(newer_url: str, aliases: Aliases) -> None:
    add_job(newer_url, "job_1", NOON - 48 * HOUR, "old")
    for number, user in enumerate(("old", "new", "newer", "new")):
        add_job(newer_url, f"job_{user}{number}", NOON + number * HOUR + timedelta(minutes=59), user)
    with connect(newer_url) as (connection, schema):
        found = usage.new_users_by_hour(connection, schema, aliases, *DAY)
        later = usage.new_users_by_hour(connection, schema, aliases, NOON + 3 * HOUR, NOON + 9 * HOUR)
    hour = NOON + HOUR
    assert found == (NewUser(hour, aliases.digest("new")), NewUser(hour + HOUR, aliases.digest("newer")))
    assert later == ()


def test_the_older_deployment_counts_jobs_and_shares_of_books(older_url: str, aliases: Aliases) -> None:
    with connect(older_url) as (connection, schema):
        first = usage.first_hour(connection, schema)
        assert first == datetime(2026, 11, 22, 23, tzinfo=UTC)
        until = first + timedelta(days=30)
        users = usage.by_user(connection, schema, aliases, first, until)
        kinds = usage.by_kind_and_day(connection, schema, first, until, timezone="Asia/Seoul")
        assert usage.changed_hours(connection, schema, first, until)[0] >= first
    every = total(one.tally for one in users)
    assert (every.jobs, every.done, every.rejected, every.usd) == (58, 17, 0, Decimal(0))
    assert 0 < every.images < every.llm < every.jobs
    assert total(one.tally for one in kinds) == every
