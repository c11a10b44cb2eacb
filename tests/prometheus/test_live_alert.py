"""A provider becomes expensive: the alert is pending, fires and ends, in Prometheus and in the console."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from streamlit.testing.v1 import AppTest

from dashboard import fetch
from dashboard.components import alert_verdicts
from dashboard.components.verdicts import State
from queries import alerts
from queries.alerts import AlertRule, AlertState
from queries.errors import PrometheusError
from queries.prometheus import Prometheus
from tests.browser.people import eventually
from tests.dashboard.conftest import Configure
from tests.pages.screen import labels, opened, refreshed, table, words
from tests.prometheus import scaled
from tests.queries.scraping import DEADLINE
from tests.service.driver import Driver
from tests.service_process import ServiceProcesses

PACE_SECONDS = 0.5
# Two books a second cost $11,000 in 12 hours, and $170,000 where an image costs twenty times as much.
WARNING_USD = 30_000
WAIT_SECONDS = 60
POLL_SECONDS = 0.2


def test_an_expensive_provider_raises_the_alarm_while_it_is_one(
    new_database: Callable[[str], str], migrated_newer_template: str, configure: Configure, tmp_path: Path
) -> None:
    url = new_database(migrated_newer_template)
    env = {"BOOKGEN_DAILY_COST_WARNING_USD": str(WARNING_USD)}
    with (
        ServiceProcesses(url, tmp_path / "service", env=env) as service,
        Driver(service) as driver,
        scaled.prometheus(service.port, tmp_path) as address,
    ):
        driver.limit(daily_cost_limit_usd=0)
        configure(database_url=url, prometheus_url=address)
        prometheus = Prometheus(address, "bookgen_", DEADLINE)
        with ordering(driver):
            becomes(prometheus, AlertState.INACTIVE)
            page = opened("alerts")
            eventually(lambda: states(refreshed(page)) == {"OK"})

            driver.switch("picture-one", "expensive")
            becomes(prometheus, AlertState.PENDING)
            assert "Pending since" in words(refreshed(page))
            fired = becomes(prometheus, AlertState.FIRING)
            assert (fired.value or 0) > WARNING_USD
            told = words(refreshed(page))
            assert "At this rate 12 hours cost $" in told
            assert "by the last 30 and the last 5 minutes the daily limit would be spent within 12 hours" in told
            assert "Open Costs" in labels(page)
            (burn,) = [one for one in alert_verdicts.cost() if "At this rate 12 hours cost" in one.headline]
            assert (burn.state, burn.link and burn.link.page) == (State.WARNING, "alerts")

            driver.switch("picture-one", "ok")
            becomes(prometheus, AlertState.FIRING, calm=True)
            assert "it ends if it stays so" in words(refreshed(page))
            becomes(prometheus, AlertState.INACTIVE)
            assert "At this rate 12 hours cost" not in words(refreshed(page))
            assert not any("At this rate 12 hours cost" in one.headline for one in alert_verdicts.cost())


def states(page: AppTest) -> set[str]:
    """What the table of all rules says of this alert's."""
    return {row["state"] for row in table(page) if row["alert"] == "CostBurn"}


@contextmanager
def ordering(driver: Driver) -> Iterator[None]:
    """Books are ordered all the time, each by another user."""
    ended = threading.Event()

    def order() -> None:
        for number in count():
            if ended.wait(PACE_SECONDS):
                return
            driver.order(f"user-key-{number}")

    thread = threading.Thread(target=order)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def becomes(prometheus: Prometheus, state: AlertState, *, calm: bool = False) -> AlertRule:
    """The warning's rule once it is in this state while books are paid for; calm: held only against flapping."""
    deadline, pause = time.monotonic() + WAIT_SECONDS, threading.Event()
    while time.monotonic() < deadline:
        for rule in asked(prometheus):
            if rule.state is state and (not calm or rule.alerts[0].calm_since):
                fetch.clear()
                return rule
        pause.wait(POLL_SECONDS)
    raise AssertionError(f"it never became {state}")


def asked(prometheus: Prometheus) -> list[AlertRule]:
    try:
        if not prometheus.instant("bookgen:cost_usd_per_12h:rate5m > 0"):
            return []
        return [rule for rule in alerts.rules(prometheus) if (rule.name, rule.severity) == ("CostBurn", "warning")]
    except PrometheusError:  # it is only starting
        return []
