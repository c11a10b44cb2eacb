"""The last good answer stands in for one that does not come: marked, for a while, and never for a decision."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from actions.errors import ServiceRejectedKey, ServiceUnavailable, ServiceUnreachable
from actions.transport import PAUSED
from dashboard import fetch, freshness
from dashboard.shared_cache import SharedCache
from dashboard.sources import SLOW_FOR, Sources
from queries.errors import DatabaseTimeout, DatabaseUnavailable, MissingTable, OpsError, PrometheusUnavailable
from tests.dashboard.conftest import Configure
from tests.dashboard.test_shared_cache import Clock

AWAY = DatabaseUnavailable(detail="connection refused", setting="OPS_DATABASE_URL")
SLOW = DatabaseTimeout(seconds="10.0")
AT = datetime(2026, 11, 24, 2, 14, tzinfo=UTC)


class Source:
    """Counts the questions that it answers, and answers none while it has trouble."""

    def __init__(self) -> None:
        self.trouble: OpsError | None = None
        self.given = 0

    def question(self, _connection: sa.Connection, also: str = "") -> str:
        if self.trouble is not None:
            raise self.trouble
        self.given += 1
        return f"{self.given}{also}"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time by which answers grow old."""
    clock = Clock()
    monkeypatch.setattr(fetch, "_cache", SharedCache(10, clock))
    return clock


@pytest.fixture
def source(configure: Configure, older_url: str) -> Source:
    configure(database_url=older_url)
    return Source()


def test_it_stands_in_while_its_source_is_away(source: Source, clock: Clock) -> None:
    first = fetch.database(source.question)
    clock.now, source.trouble = 600.0, SLOW
    with freshness.shown() as noted:
        stale = fetch.database(source.question)
        assert (stale.value, stale.at, stale.trouble) == ("1", first.at, SLOW)
        assert noted.all == noted.untold == (stale,)
        with pytest.raises(DatabaseTimeout):
            fetch.database(source.question, "another question")
    source.trouble = None
    with freshness.shown() as noted:
        fresh = fetch.database(source.question)
        assert (fresh.value, fresh.trouble, noted.all) == ("2", None, ())


def test_never_for_a_decision(source: Source, clock: Clock) -> None:
    fetch.database(source.question)
    clock.now, source.trouble = 60.0, AWAY
    with pytest.raises(DatabaseUnavailable):
        fetch.database(source.question)  # nobody is there who would tell
    with freshness.shown(), freshness.live(), pytest.raises(DatabaseUnavailable):
        fetch.database(source.question)
    with freshness.shown(), pytest.raises(DatabaseUnavailable):
        fetch.database(source.question, ttl=timedelta(0))
    with freshness.shown():
        assert fetch.database(source.question).trouble is not None


def test_not_after_an_action(source: Source, clock: Clock) -> None:
    fetch.database(source.question)
    fetch.clear()
    clock.now, source.trouble = 60.0, AWAY
    with freshness.shown(), pytest.raises(DatabaseUnavailable):
        fetch.database(source.question)


@pytest.mark.parametrize(("minutes", "seconds"), [(15, 15 * 60 + 1), (1, 61), (0, 10)])
def test_not_for_longer_than_is_set(
    minutes: int, seconds: float, source: Source, clock: Clock, configure: Configure
) -> None:
    configure(stale_minutes=minutes)
    fetch.database(source.question)
    clock.now, source.trouble = seconds, AWAY
    with freshness.shown(), pytest.raises(DatabaseUnavailable):
        fetch.database(source.question)
    clock.now = seconds - 2
    with freshness.shown():
        assert minutes == 0 or fetch.database(source.question).value == "1"


def test_not_where_the_source_answers_that_it_has_none(source: Source, clock: Clock) -> None:
    fetch.database(source.question)
    clock.now, source.trouble = 60.0, MissingTable(table="jobs", setting="OPS_JOBS_TABLE")
    with freshness.shown(), pytest.raises(MissingTable):
        fetch.database(source.question)


def test_what_is_worked_out_rests_on_live_answers_alone(source: Source, clock: Clock) -> None:
    def doubled() -> str:
        return fetch.database(source.question).value * 2

    kept = timedelta(seconds=60)
    with freshness.shown() as noted:
        fetch.database(source.question, ttl=kept)
        clock.now, source.trouble = 30.0, SLOW
        with pytest.raises(DatabaseTimeout):  # though there is a stale answer to double
            fetch.computed(doubled, ttl=kept)
        source.trouble = None
        assert fetch.computed(doubled, ttl=kept).value == "22"
        clock.now, source.trouble = 120.0, SLOW
        stale = fetch.computed(doubled, ttl=kept)
        assert (stale.value, stale.source, stale.trouble) == ("22", "computed", SLOW)
        assert noted.all == (stale,)


def test_what_is_told_inside_is_told(source: Source, clock: Clock) -> None:
    fetch.database(source.question)
    clock.now, source.trouble = 60.0, AWAY
    with freshness.shown() as page:
        answer = fetch.database(source.question)
        with freshness.shown() as part:
            assert fetch.database(source.question).at == answer.at
            assert part.untold
            freshness.tell(answer)
        assert (part.untold, page.untold) == ((), ())


class Console:
    """Its own clock."""

    def __init__(self) -> None:
        self.now = AT

    def __call__(self) -> datetime:
        return self.now

    def later(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now


def test_since_when_is_the_first_question_after_the_last_answer() -> None:
    clock = Console()
    sources = Sources(clock)
    assert sources.of("database") is None
    sources.answered("database")
    asked = clock.later(10)
    clock.later(5)
    sources.failed("database", asked, AWAY)
    sources.failed("database", clock.later(300), AWAY)
    record = sources.of("database")
    assert record is not None
    assert (record.since, record.answered, record.error) == (asked, AT, AWAY)
    assert record.troubled(clock.now)
    sources.answered("database")
    record = sources.of("database")
    assert record is not None
    assert (record.since, record.answered, record.troubled(clock.now)) == (None, clock.now, False)


@pytest.mark.parametrize(
    ("error", "troubled"),
    [
        (PrometheusUnavailable(detail="HTTP 502", setting="OPS_PROMETHEUS_URL"), True),
        (ServiceUnreachable(detail="no connection"), True),
        (ServiceRejectedKey(setting="OPS_SERVICE_ADMIN_KEY"), True),
        (MissingTable(table="jobs", setting="OPS_JOBS_TABLE"), False),
        (SLOW, False),
    ],
)
def test_a_source_that_answers_one_question_badly_is_not_away(error: OpsError, troubled: bool) -> None:
    sources = Sources(lambda: AT)
    sources.failed("it", AT, error)
    record = sources.of("it")
    assert record is not None
    assert record.troubled(AT) is troubled


def test_nothing_but_slow_answers_for_a_while_is_trouble() -> None:
    clock = Console()
    sources = Sources(clock)
    sources.failed("database", AT, SLOW)
    sources.failed("database", clock.later(SLOW_FOR.total_seconds()), SLOW)
    record = sources.of("database")
    assert record is not None
    assert record.troubled(clock.now)
    assert record.since == AT


def test_a_pause_is_no_reason() -> None:
    sources, first = Sources(lambda: AT), ServiceUnavailable(detail="no answer within 5 s")
    for error in (first, ServiceUnreachable(detail=PAUSED)):
        sources.failed("service", AT, error)
    record = sources.of("service")
    assert record is not None
    assert record.error is first


def test_since_when_outlives_what_is_forgotten_after_an_action(source: Source) -> None:
    source.trouble = AWAY
    with pytest.raises(DatabaseUnavailable):
        fetch.database(source.question)
    before = fetch.record("database")
    fetch.clear()
    assert before is not None
    assert fetch.record("database") == before
