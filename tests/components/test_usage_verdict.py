"""Usage in words: each sentence by the numbers it is made of."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from dashboard.components import usage_verdict
from dashboard.components.formatting import Zone
from dashboard.components.usage_now import UsageNow
from dashboard.components.usage_span import Days
from dashboard.components.verdicts import Link, State
from dashboard.usage_totals import Reading
from queries.rotation import DayUser, Habit, Rotation
from queries.usage_models import Tally, UserTally, total
from tests.dashboard.conftest import Configure

NOW = datetime(2026, 11, 23, 18, 30, tzinfo=UTC)
TODAY = date(2026, 11, 23)
DAYS = Days(TODAY, TODAY, "UTC", TODAY, NOW)
ZONE = Zone("UTC", UTC)


@pytest.fixture(autouse=True)
def configured(configure: Configure) -> None:
    configure(database_url="postgresql://reader@db/books")


def usage(*jobs: int, limit: int | None = 20, rejected: int = 0, days: Days = DAYS) -> UsageNow:
    """Users with these jobs, most first; the first of them was turned away so often."""
    users = tuple(
        UserTally(f"{place:032x}", Tally(jobs=made, done=made, rejected=0 if place else rejected))
        for place, made in enumerate(jobs)
    )
    reading = Reading(NOW, timedelta(0), timedelta(hours=18))
    return UsageNow(days, users, total(user.tally for user in users), reading, limit, told=True)


@pytest.mark.parametrize(
    ("now", "headline", "detail"),
    [
        (
            usage(20, 20, 21, 20, *[17] * 7, 16, rejected=31),
            "4 users have reached the daily limit of 20, 7 more are above 80 %.",
            "31 requests were turned away today. The limit starts anew in 5 hr 30 min.",
        ),
        (usage(20, 2), "1 user has reached the daily limit of 20.", "The limit starts anew in 5 hr 30 min."),
        (
            usage(20, 2, rejected=1),
            "1 user has reached the daily limit of 20.",
            "1 request was turned away today. The limit starts anew in 5 hr 30 min.",
        ),
    ],
)
def test_who_is_at_the_limit(now: UsageNow, headline: str, detail: str) -> None:
    (found,) = usage_verdict.limit(now)
    link = Link("guardrails", "Look at the limit", {"limit": "daily_job_limit_per_user"})
    assert (found.state, found.headline, found.detail, found.link) == (State.WARNING, headline, detail, link)


@pytest.mark.parametrize(
    ("jobs", "headline"),
    [
        ((16, 3), "nobody above 80 % of the daily limit of 20"),
        ((17, 3), "1 user above 80 % of the daily limit of 20, nobody at it"),
        ((19, 17), "2 users above 80 % of the daily limit of 20, nobody at it"),
        ((), "nobody above 80 % of the daily limit of 20"),
    ],
)
def test_calm_days(jobs: tuple[int, ...], headline: str) -> None:
    (found,) = usage_verdict.limit(usage(*jobs))
    assert (found.state, found.headline) == (State.OK, headline)


def test_a_limit_that_is_not_known() -> None:
    unknown, rejected = usage_verdict.limit(usage(20, 3, limit=None, rejected=2))
    assert unknown.state is State.NOT_OFFERED
    assert rejected.headline == "2 requests were turned away today"


def test_several_days_have_no_limit() -> None:
    week = replace(DAYS, first=date(2026, 11, 17))
    (found,) = usage_verdict.limit(usage(90, limit=None, days=week))
    assert found.state is State.NO_DATA
    assert found.headline.endswith("this is from Nov 17 to Nov 23 in UTC.")


def rotation(*jobs: int, kind: str = "job", in_turn: bool | None = True) -> Rotation:
    habit = Habit(NOW, NOW, kind, 0)
    users = tuple(DayUser(f"{place:08x}{0:024x}", made, new=True, habit=habit) for place, made in enumerate(jobs))
    return Rotation(users, kind, in_turn)


@pytest.mark.parametrize(
    ("found", "headline"),
    [
        (
            rotation(17, 18, 19, 20, 20),
            "5 new users since 14:00 made 17 to 20 jobs each, all of one kind (job), one after the other.",
        ),
        (
            rotation(*[20] * 5, in_turn=False),
            "5 new users since 14:00 made 20 jobs each, all of one kind (job), at the same time.",
        ),
        (rotation(*[20] * 5, kind="", in_turn=None), "5 new users since 14:00 made 20 jobs each."),
        (
            rotation(*[20] * 5, kind="<b>{n}", in_turn=None),
            "5 new users since 14:00 made 20 jobs each, all of one kind (\\<b\\>\\{n\\}).",
        ),
    ],
)
def test_rotation_in_words(found: Rotation, headline: str) -> None:
    (told,) = usage_verdict.rotation(found, NOW.replace(hour=14, minute=0), NOW, ZONE)
    assert (told.state, told.headline) == (State.WARNING, headline)
    assert told.link is not None
    assert told.link.parameters["q"].startswith("user:user-00000000,user-00000001,")


def test_as_many_users_as_a_search_holds() -> None:
    (told,) = usage_verdict.rotation(rotation(*[20] * 300), NOW, NOW, ZONE)
    assert told.link is not None
    assert len(told.link.parameters["q"]) <= 1_000


def test_no_rotation_needs_no_word() -> None:
    assert usage_verdict.rotation(None, None, NOW, ZONE) == []


def test_concentration_in_words() -> None:
    assert usage_verdict.concentrated(usage(5, 4, 1)).headline == "half of the jobs by 1 of 3 users"
    alone = usage_verdict.concentrated(usage(15, *[1] * 10))
    assert (alone.state, alone.headline) == (State.WARNING, "60 % of the jobs are one user's.")
    # Nine users always look concentrated.
    assert usage_verdict.concentrated(usage(15, *[1] * 8)).state is State.OK
    nothing = usage_verdict.concentrated(usage())
    assert (nothing.state, nothing.headline) == (State.NO_DATA, "No job was made today.")
