"""A real Prometheus whose counters restarted, appeared and were not scraped for a while: dollars, to the cent."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from queries.metered import Metered, usd_by_provider
from queries.prometheus import Prometheus
from queries.usage_models import Span
from tests.queries.scraping import DEADLINE, remembering

D = Decimal
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - 2 * DAY
# Nothing was scraped from minute 80 to 100; each sample counts for five minutes more.
SCRAPED = [*range(-60, 80), *range(100, 121)]
GAP = Span(NOON + 84 * MINUTE, NOON + 99 * MINUTE)


def painter(minute: int) -> float:
    """$1 a minute; its process restarts at minute 30."""
    return 160 + minute if minute < 30 else minute - 30


COUNTERS = {
    'provider="painter",kind="image",instance="a"': {at: painter(at) for at in SCRAPED},
    'provider="writer",kind="llm",instance="a"': dict.fromkeys(SCRAPED, 5.0),
    # Another process joins in.
    'provider="painter",kind="image",instance="b"': {at: 2.5 + 0.5 * (at - 60) for at in range(60, 80)},
    # Nobody knows how much of this was spent before.
    'provider="speaker",kind="tts",instance="a"': {at: 7.0 + 0.1 * (at - 100) for at in range(100, 121)},
}


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    with remembering(_samples(), tmp_path_factory.mktemp("metered")) as url:
        yield Prometheus(url, "bookgen_", DEADLINE)


def _samples() -> Iterator[str]:
    yield "# TYPE bookgen_api_cost_usd counter\n"
    for labels, values in COUNTERS.items():
        for at, usd in values.items():
            yield (
                f'bookgen_api_cost_usd_total{{{labels},job="bookgen"}} {usd:.9f} {_seconds(NOON + at * MINUTE)}\n'
            )


def _seconds(instant: datetime) -> int:
    return round(instant.timestamp())


def test_restarts_new_processes_and_gaps(prometheus: Prometheus) -> None:
    """Only the minute of the restart is lost; what was spent in the gap counts where the counter went on."""
    found = usd_by_provider(prometheus, NOON, NOON + 2 * HOUR)
    first, second = D(29) + D(90), D("2.5") + D("9.5")
    assert found == Metered(
        {"painter": first + second, "speaker": D(2), "writer": D(0)}, 1 - 15 / 120, (GAP,), restarts=1
    )


def test_parts_of_a_span_add_up_to_it(prometheus: Prometheus) -> None:
    """Wherever it is cut, but for a counter that appears after a gap and the cut."""
    whole = usd_by_provider(prometheus, NOON - HOUR, NOON + 79 * MINUTE)
    for cut in (-59, -7, 29, 30, 31, 59, 60, 61):
        parts = [
            usd_by_provider(prometheus, NOON - HOUR, NOON + cut * MINUTE),
            usd_by_provider(prometheus, NOON + cut * MINUTE, NOON + 79 * MINUTE),
        ]
        assert sum(one.usd["painter"] for one in parts) == whole.usd["painter"]
        assert sum(one.restarts for one in parts) == whole.restarts == 1


def test_what_was_there_before_the_first_scrape_is_not_counted(prometheus: Prometheus) -> None:
    found = usd_by_provider(prometheus, NOON - 2 * HOUR, NOON)
    assert found.usd == {"painter": D(60), "writer": D(0)}
    assert found.gaps == (Span(NOON - 2 * HOUR, NOON - 61 * MINUTE),)
    assert found.coverage == 61 / 120


def test_a_long_span_is_read_in_longer_steps(prometheus: Prometheus) -> None:
    """Five minutes are lost with the restart instead of one."""
    found = usd_by_provider(prometheus, NOON - 30 * DAY, NOON + DAY)
    assert found.usd == {"painter": D(85) + D(90) + D(12), "speaker": D(2), "writer": D(0)}
    assert found.restarts == 1
    assert 0 < found.coverage < 0.01


def test_instants_between_two_steps_mean_the_step_before(prometheus: Prometheus) -> None:
    half = timedelta(seconds=30)
    found = usd_by_provider(prometheus, NOON + half, NOON + 20 * MINUTE + half)
    assert found == usd_by_provider(prometheus, NOON, NOON + 20 * MINUTE)
    assert found.usd["painter"] == D(20)


def test_a_service_without_this_counter(prometheus: Prometheus) -> None:
    other = copy(prometheus)
    other.prefix = "other_"
    span = Span(NOON, NOON + HOUR)
    assert usd_by_provider(other, span.since, span.until) == Metered({}, 0.0, (span,), restarts=0)
