"""A verdict that rests on what a source said before an outage never looks fine, and says of when it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dashboard import freshness
from dashboard.components import staleness, summary
from dashboard.components.verdicts import State, Verdict, dated, weighed
from dashboard.fetch import Fetched
from queries.errors import DatabaseUnavailable
from tests.dashboard.conftest import Configure, configure, forgotten

__all__ = ["configure", "forgotten"]

AWAY = DatabaseUnavailable(detail="connection refused", setting="OPS_DATABASE_URL")


@pytest.fixture(autouse=True)
def here(configure: Configure) -> None:
    configure(database_url="postgresql://nobody@127.0.0.1:1/none", timezone="UTC")


@pytest.fixture
def noted() -> Iterator[freshness.Noted]:
    with freshness.shown() as noted:
        yield noted


def answer(minutes: float, *, stale: bool = True, source: str = "database") -> Fetched[Any]:
    at = datetime.now(UTC) - timedelta(minutes=minutes)
    return Fetched("something", at, source, AWAY if stale else None)


@pytest.mark.parametrize("state", [State.OK, State.NO_DATA, State.NOT_OFFERED])
def test_what_was_fine_is_not_known(state: State) -> None:
    old, older = answer(3), answer(7)
    found = dated(Verdict(state, "no job stuck"), [old, older])
    assert (found.state, found.headline, found.as_of) == (State.STALE, "no job stuck", older.at)


@pytest.mark.parametrize("state", [State.WARNING, State.CRITICAL])
def test_what_was_wrong_stays_and_says_of_when(state: State) -> None:
    found = dated(Verdict(state, "6 jobs stuck.", "Look."), [answer(7)])
    assert (found.state, found.headline) == (state, "6 jobs stuck.")
    assert found.detail.startswith("Look. As of ")
    assert found.detail.endswith("(7 min ago).")


def test_what_is_fresh_or_not_known_stays_as_it_is() -> None:
    fresh, unknown = Verdict(State.OK, "fine"), Verdict(State.UNAVAILABLE, "not known")
    assert dated(fresh, []) is fresh
    assert dated(unknown, [answer(7)]) is unknown
    once = dated(fresh, [answer(7)])
    assert dated(once, [answer(9)]) is once


def test_each_verdict_is_dated_by_what_it_rests_on(noted: freshness.Noted) -> None:
    stale = answer(7)

    def asks() -> list[Verdict]:
        inner = freshness.here()
        assert inner is not None
        inner.add(stale)
        return [Verdict(State.OK, "from the database")]

    assert [one.state for one in weighed(asks)] == [State.STALE]
    assert [one.state for one in weighed(lambda: [Verdict(State.OK, "from Prometheus")])] == [State.OK]
    noted.add(stale)  # asked once more elsewhere in this part
    assert noted.untold == ()


def test_the_source_tells_the_age_and_the_time(noted: freshness.Noted) -> None:
    stale, fresh = answer(7), answer(0, stale=False)
    noted.add(stale)
    assert summary.source(stale) == f"stale: 7 min old ({stale.at:%H:%M}) · database"
    assert noted.untold == ()
    assert summary.source(fresh) == "just now · database"
    assert staleness.as_of(stale.at) == f"As of {stale.at:%H:%M} (7 min ago)"
