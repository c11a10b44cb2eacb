"""Whom an alias stands for, what turned them away, and how users work: on both deployments."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from queries import user_habits, user_history
from queries.aliases import Aliases
from queries.user_history import Refused, Seen
from tests.queries.conftest import connect, run

DAY = datetime(2026, 11, 20, tzinfo=UTC)
REJECTION = "insert into guardrail_rejections values ('{at}', '{key}', '{limit}', {requests}, '{at}')"
JOB = """
insert into jobs (id, status, user_key, created_at, updated_at)
values ('{id}', 'done', '{key}', '2026-11-20 {at}', '2026-11-20 {at}')
"""


def test_who_an_alias_stands_for(newer_url: str, aliases: Aliases) -> None:
    run(newer_url, JOB.format(id="job_1", key="a", at="09:00"), JOB.format(id="job_2", key="a", at="11:30"))
    run(newer_url, JOB.format(id="job_3", key="b", at="08:00"))
    fresh = Aliases(aliases.key)  # remembers nobody
    with connect(newer_url) as (connection, schema):
        found = user_history.seen(connection, schema, fresh, aliases.alias("a"))
        nobody = user_history.seen(connection, schema, fresh, "user-00000000")
    first, last = DAY + timedelta(hours=9), DAY + timedelta(hours=11, minutes=30)
    assert found == Seen((aliases.digest("a"),), 2, first, last)
    assert nobody == Seen((), 0, None, None)


def test_the_older_deployment_tells_who_but_not_what_was_refused(older_url: str, aliases: Aliases) -> None:
    with connect(older_url) as (connection, schema):
        key = connection.exec_driver_sql("select user_key from jobs limit 1").scalar_one()
        number = connection.exec_driver_sql("select count(*) from jobs where user_key = %s", (key,)).scalar_one()
        found = user_history.seen(connection, schema, aliases, aliases.alias(key))
        refused = user_history.refused_by_day(
            connection, schema, aliases, aliases.alias(key), timezone="UTC", since=DAY, until=DAY
        )
    assert found.jobs == number
    assert refused is None


@pytest.mark.parametrize(
    ("timezone", "days"), [("UTC", {20: 3, 21: 4}), ("Asia/Seoul", {20: 1, 21: 6}), ("America/New_York", {20: 7})]
)
def test_refused_requests_by_day_of_a_zone(
    newer_url: str, aliases: Aliases, timezone: str, days: dict[int, int]
) -> None:
    for at, requests in (("2026-11-20 12:00Z", 1), ("2026-11-20 20:00Z", 2), ("2026-11-21 02:00Z", 4)):
        run(newer_url, REJECTION.format(at=at, key="a", limit="intake", requests=requests))
    run(newer_url, REJECTION.format(at="2026-11-20 12:00Z", key="b", limit="intake", requests=9))
    with connect(newer_url) as (connection, schema):
        found = user_history.refused_by_day(
            connection,
            schema,
            aliases,
            aliases.alias("a"),
            timezone=timezone,
            since=DAY,
            until=DAY + timedelta(days=2),
        )
    assert found == tuple(Refused(date(2026, 11, day), "intake", requests) for day, requests in days.items())


def test_habits_of_those_who_made_enough(newer_url: str, aliases: Aliases) -> None:
    for number in range(4):
        kind = "job" if number < 3 else "series"
        run(newer_url, JOB.format(id=f"{kind}_{number}", key="a", at=f"10:0{number}"))
    run(newer_url, JOB.format(id="job_9", key="b", at="10:00"))
    with connect(newer_url) as (connection, schema):
        found = user_habits.habits(connection, schema, aliases, DAY, DAY + timedelta(days=1), least=2)
        later = user_habits.habits(
            connection, schema, aliases, DAY + timedelta(days=1), DAY + timedelta(days=2), least=1
        )
    (habit,) = found.values()
    assert set(found) == {aliases.digest("a")}
    assert (habit.kind, habit.of_kind) == ("job", 3)
    assert (habit.first, habit.last) == (DAY + timedelta(hours=10), DAY + timedelta(hours=10, minutes=3))
    assert later == {}
