"""Limits of the history: how they were changed, whom they turned away, and who tries to get around them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from threading import Event

import numpy as np
import psycopg
import pytest
from psycopg.rows import dict_row

from demo import limits, loading, past_metrics
from demo.incidents import Course, course
from demo.past import Past, _rejected, past
from demo.postgres import Postgres
from demo.requests import DAILY, LET_IN, NAMES, PENDING_PER_USER, Requests
from demo.rhythm import DAY, HOUR, Floats
from demo.users import ABUSERS, SCHOOLS, USERS
from service import database, guardrail_history, guardrails
from service.guardrails import BY_NAME
from service.settings import Settings
from tests.demo.conftest import Told

END = 1_795_392_000.0
LIMIT = BY_NAME[limits.DAILY].default


def quarter(hour: float) -> Course:
    """Ninety days until that hour (UTC)."""
    return course(7, END + hour * HOUR, 90, "UTC")


@pytest.fixture(scope="module")
def made() -> Past:
    return past(quarter(12))


@dataclass(frozen=True)
class User:
    """When one user asked and was let in on one UTC day, and when the daily limit turned them away."""

    let_in: Floats
    refused: Floats


def days_of_users(made: Past) -> Iterator[User]:
    """Every user and day with a job."""
    rejected = made.rejected.where(made.rejected.refused_by == DAILY)
    let_in, refused = (
        user * 100_000 + at // DAY for user, at in ((made.user_of, made.created), (rejected.user, rejected.at))
    )
    order = np.argsort(let_in, kind="stable")
    _, first = np.unique(let_in[order], return_index=True)
    for rows in np.split(order, first[1:]):
        yield User(np.sort(made.created[rows]), rejected.at[refused == let_in[rows[0]]])


def test_everybody_had_what_the_limit_of_then_allowed_and_not_more(made: Past) -> None:
    """The limit is asked of the changes themselves, job by job."""
    limit = limits.values(made.course, limits.DAILY)
    refusals, most = 0, 0
    for user in days_of_users(made):
        assert (np.arange(user.let_in.size) < limit(user.let_in)).all()
        assert (np.searchsorted(user.let_in, user.refused) >= limit(user.refused)).all()
        refusals += user.refused.size
        most = max(most, user.let_in.size)
    assert refusals == (made.rejected.refused_by == DAILY).sum() > 1000
    assert LIMIT < most <= limits.SCHOOL_EVENT.value


def test_nobody_is_turned_away_for_a_book_that_was_dropped() -> None:
    """Of the first user, a book at 3.0 is missing: whether they were at the limit later, nobody knows."""
    asked = Requests(
        np.arange(1.0, 6.0), np.array([0, 0, 0, 1, 0]), np.array([LET_IN, DAILY, LET_IN, DAILY, DAILY])
    )
    assert _rejected(asked, np.array([3.0]), np.array([0])).at.tolist() == [2.0, 4.0]
    assert _rejected(asked, np.array([]), np.array([], np.int64)).at.tolist() == [2.0, 4.0, 5.0]


def test_who_asks_with_a_script_has_ten_pending_and_no_more(made: Past) -> None:
    turned = made.rejected.where(made.rejected.refused_by == PENDING_PER_USER)
    assert len(turned) > 20
    for at, user in zip(turned.at, turned.user, strict=True):
        own = made.user_of[made.attempts.job] == user
        asked, closed = made.attempts.asked[own], made.attempts.closed[own]
        assert ((asked <= at) & (closed > at)).sum() == BY_NAME[limits.PENDING_PER_USER].default


def test_changes_follow_each_other_and_end_in_the_defaults(made: Past) -> None:
    rows = limits.changes(made.course)
    assert [row.at for row in rows] == sorted(row.at for row in rows)
    for name in {row.name for row in rows}:
        own = [row for row in rows if row.name == name]
        values = [BY_NAME[name].default, *(row.new for row in own)]
        assert [(row.old, row.new) for row in own] == list(pairwise(values))
        assert values[-1] == BY_NAME[name].default
    temporary = [row for row in rows if row.expires_at]
    ends = [(row.at, row.old, row.new) for row in rows if row.actor == limits.SERVICE]
    assert [(row.expires_at, row.new, row.old) for row in temporary] == ends
    assert len(ends) == 1


def test_the_metric_follows_the_changes(made: Past) -> None:
    lines = {
        line.labels["limit"]: line.values
        for line in past_metrics.series(made)
        if line.name == "bookgen_guardrail_limit_jobs"
    }
    for row in limits.changes(made.course):
        around = lines[row.name](np.array([row.at - 1, row.at]))
        assert around.tolist() == [row.old, row.new]
    assert {name: values(np.array([made.course.end]))[0] for name, values in lines.items()} == {
        name: limit.default for name, limit in BY_NAME.items() if limit.unit == "jobs"
    }


def test_a_short_history_has_only_its_own_changes() -> None:
    assert limits.changes(course(7, END, 3, "UTC")) == ()
    since_reduced = course(7, END, 35, "UTC")
    first = limits.changes(since_reduced)[0]
    assert (first.old, first.new) == (15, 20)
    assert limits.values(since_reduced, limits.DAILY)(np.array([since_reduced.start])).tolist() == [15]


def test_the_service_tells_the_changes(postgres: Postgres) -> None:
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute("create database ten_days")
    url = postgres.url("ten_days")
    database.migrate(Settings(database_url=url))
    ten_days = course(7, END, 10, "UTC")
    loading.load(past(ten_days), url, Event())
    with psycopg.connect(url, row_factory=dict_row) as connection:
        told = guardrail_history.recent(connection, limit=10)
        now = guardrails.read(connection)
    assert [(row["from"], row["to"], row["actor"], bool(row["expires_at"])) for row in told] == [
        (40, 20, limits.SERVICE, False),
        (20, 40, limits.ADMIN, True),
    ]
    assert told[1]["expires_at"] == told[0]["at"]
    assert all(row.value == row.limit.default for row in now.values())


def test_rejections_are_those_of_the_counter(told: Told) -> None:
    rows = told.rows(
        "select guardrail, sum(requests) from guardrail_rejections"
        " where hour + interval '1 hour' <= %s group by 1 order by 1",
        hour := datetime.fromtimestamp(told.past.course.end // HOUR * HOUR, UTC),
    )
    found = told.values("bookgen_guardrail_rejections_total > 0", hour.timestamp())
    assert sorted((labels["limit"], value) for labels, value in found) == rows
    ((every, misplaced),) = told.rows(
        "select sum(requests), count(*) filter (where last_at < hour or last_at >= hour + interval '1 hour')"
        " from guardrail_rejections"
    )
    assert (every, misplaced) == (len(told.past.rejected), 0)


def test_each_refusal_is_its_users(told: Told) -> None:
    """By the rows alone: whoever the daily limit turned away had made that many jobs on the day by then."""
    short = told.rows(
        "select r.hour, count(j.id) from guardrail_rejections r left join jobs j on j.user_key = r.user_key"
        " and j.created_at <= r.last_at at time zone 'utc'"
        " and j.created_at >= date_trunc('day', r.hour at time zone 'utc')"
        " where r.guardrail = %s group by r.hour, r.user_key having count(j.id) <> %s",
        NAMES[DAILY],
        LIMIT,
    )
    assert short == []


@pytest.mark.parametrize("hour", [0.1, 1, 3, 5, 8, 12, 17, 23.9])
def test_at_any_time_somebody_is_near_the_limit_and_somebody_changes_keys(hour: float) -> None:
    made = past(quarter(hour))
    days = made.created // DAY
    today = made.course.end // DAY
    counts = [np.bincount(made.user_of[days == day], minlength=len(made.users.keys)) for day in (today - 1, today)]
    near = [int((count[:USERS] >= 0.7 * LIMIT).sum()) for count in counts]
    assert near[0] >= SCHOOLS
    assert hour < 3 or near[1] >= SCHOOLS
    assert max((count[USERS:] >= 17).sum() for count in counts) >= 6
    assert max(count.max() for count in counts) <= LIMIT
    keys = made.user_of >= USERS
    assert len(np.unique(made.kind_of[keys])) == 1
    assert made.course.end - DAY < made.created[keys].min()
    assert made.course.end - HOUR / 2 < made.created[keys].max()


def test_new_users_come_steadily_and_some_stop(made: Past) -> None:
    families = made.user_of < USERS
    user, at = made.user_of[families], made.created[families]
    first, last = np.full(USERS, np.inf), np.full(USERS, -np.inf)
    np.minimum.at(first, user, at)
    np.maximum.at(last, user, at)
    ages = (made.course.end - first[np.isfinite(first)]) / DAY
    months = np.histogram(ages, [0, 20, 40, 60])[0] / 20
    assert ((months > 2) & (months < 7)).all()
    often = made.users.weights > 0.5 / USERS
    assert (last[often] < made.course.end - 20 * DAY).sum() > 5
    gone = np.flatnonzero(made.users.went > 0)
    assert (last[gone] <= made.course.end - made.users.went[gone] * DAY).all()


def test_whoever_stopped_coming_asks_no_more(made: Past) -> None:
    """As the live traffic draws them."""
    drawn = made.users.somebody(np.random.default_rng(1), np.zeros(20_000))
    assert not made.users.went[drawn].any()
    assert set(range(ABUSERS)) <= set(drawn.tolist())
