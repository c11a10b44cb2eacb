"""A real Prometheus with a past of releases and of open breakers, written as a history is."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from copy import copy
from datetime import UTC, datetime, timedelta

import pytest

from demo import prometheus as real
from demo.supervisor import Supervisor
from queries.incidents import Incident, incidents
from queries.prometheus import Prometheus
from queries.releases import Release, releases

PREFIX = "bookgen_"
DEADLINE = timedelta(seconds=20)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=2)
# Version, commit and instance, and the minutes after noon in which they ran: none did between 30 and 60.
RAN = (
    (("1.8.2", "d25b8e1", "a"), range(-180, 0)),
    (("1.9.0", "4c6e19d", "a"), range(30)),
    (("1.9.0", "4c6e19d", "a"), range(60, 90)),
    (("1.8.2", "d25b8e1", "a"), range(90, 120)),
    (("1.8.2", "d25b8e1", "b"), range(90, 150)),
    (("1.9.1", "0aa0f00", "a"), range(120, 180)),
)
# Provider, and the minutes after noon in which its breaker was open, on one instance or the other.
OPENED = {"word-one": range(10, 12), "picture-one": (*range(65, 130), 203)}


def breaker(provider: str, instance: str, minute: int) -> str:
    opened = minute in OPENED[provider] and minute % 2 == (instance == "a")
    labels = f'instance="{instance}",provider="{provider}",state="open"'
    return f"bookgen_circuit_breaker_state{{{labels}}} {int(opened)} {(NOON + minute * MINUTE).timestamp():.0f}\n"


def sample(version: str, commit: str, instance: str, minute: int) -> str:
    labels = f'version="{version}",commit="{commit}",instance="{instance}"'
    return f"bookgen_build_info{{{labels}}} 1 {(NOON + minute * MINUTE).timestamp():.0f}\n"


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    folder = tmp_path_factory.mktemp("releases")
    text = folder / "history.txt"
    lines = [sample(*build, at) for build, minutes in RAN for at in minutes]
    breakers = [breaker(provider, one, at) for provider in OPENED for one in "ab" for at in range(-60, 240)]
    text.write_text("".join([*sorted(lines), *breakers, "# EOF\n"]))
    binaries = real.find()
    assert binaries is not None, "make test installs Prometheus"
    with Supervisor(folder / "logs") as supervisor:
        real.load(supervisor, binaries, [text], folder / "data", threading.Event())
        server = real.Server(supervisor, binaries, folder / "data")
        server.launch("127.0.0.1:1", "127.0.0.1:1")
        server.wait()
        yield Prometheus(server.url, PREFIX, DEADLINE)


def after_noon(release: Release) -> tuple[str, str, int]:
    return release.version, release.commit, round((release.at - NOON) / MINUTE)


@pytest.mark.parametrize("step", [MINUTE, 5 * MINUTE])
def test_releases_and_a_rollback_in_their_order(prometheus: Prometheus, step: timedelta) -> None:
    """An outage is none, nor is a second instance of the same version."""
    found = releases(prometheus, NOON - 2 * HOUR, NOON + 4 * HOUR, step)
    assert [after_noon(release) for release in found] == [
        ("1.9.0", "4c6e19d", 0),
        ("1.8.2", "d25b8e1", 90),
        ("1.9.1", "0aa0f00", 120),
    ]
    assert all(release.at.utcoffset() == timedelta(0) for release in found)


def test_a_long_step_sees_later(prometheus: Prometheus) -> None:
    found = releases(prometheus, NOON - 2 * HOUR, NOON + 4 * HOUR, 20 * MINUTE)
    assert [after_noon(release)[2] for release in found] == [0, 100, 120]


def test_what_ran_before_is_no_release(prometheus: Prometheus) -> None:
    assert releases(prometheus, NOON - 2 * HOUR, NOON - HOUR, MINUTE) == ()
    assert releases(prometheus, NOON - 5 * HOUR, NOON - HOUR, MINUTE) == ()


def test_a_service_that_tells_no_version(prometheus: Prometheus) -> None:
    other = copy(prometheus)
    other.prefix = "other_"
    assert releases(other, NOON - 2 * HOUR, NOON + HOUR, MINUTE) == ()


def test_incidents_are_found_however_short_and_told_to_the_step(prometheus: Prometheus) -> None:
    found = incidents(prometheus, NOON, NOON + 4 * HOUR, HOUR)
    hours = [(one.provider, (one.since - NOON) // HOUR, (one.until - NOON) // HOUR) for one in found]
    assert hours == [("word-one", 0, 1), ("picture-one", 1, 4)]
    assert incidents(prometheus, NOON - HOUR, NOON, 10 * MINUTE) == ()
    fine = incidents(prometheus, NOON, NOON + 4 * HOUR, 10 * MINUTE)
    assert fine[-1] == Incident("picture-one", NOON + 200 * MINUTE, NOON + 210 * MINUTE)
    assert len(fine) == 3
