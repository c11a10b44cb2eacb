"""The console as a process whose sources are all away at its start, then come, then hang."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from actions import migrations
from tests.dashboard.gate import Gate
from tests.dashboard.test_serve import COMMAND, _address, environment

# However long a source hangs, a probe is answered within this.
PROBE_SECONDS = 10
PATIENCE_SECONDS = 60
# What a container is usually given to end.
END_SECONDS = 30


@pytest.fixture
def gate(newer_url: str) -> Iterator[Gate]:
    """Before the database."""
    migrations.upgrade(newer_url)
    address = urlsplit(newer_url)
    assert address.hostname is not None
    assert address.port is not None
    with Gate(address.hostname, address.port) as shut:
        yield shut


@pytest.fixture
def process(gate: Gate, newer_url: str, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    address = urlsplit(newer_url)
    settings = environment(
        OPS_DATABASE_URL=address._replace(netloc=f"{address.username}@127.0.0.1:{gate.port}").geturl(),
        OPS_PROMETHEUS_URL="http://127.0.0.1:1",
        OPS_SERVICE_URL="http://127.0.0.1:1",
        OPS_SERVICE_ADMIN_KEY="an-admin-key",
        OPS_REFRESH_SECONDS="1",
        OPS_STATEMENT_TIMEOUT_SECONDS="1",
        OPS_DEADLINE_SECONDS="1",
    )
    with (tmp_path / "log").open("wb") as log:
        started = subprocess.Popen([*COMMAND, "--port", "0"], cwd=tmp_path, env=settings, stdout=log, stderr=log)
    try:
        yield started
    finally:
        started.send_signal(signal.SIGINT)
        started.wait(END_SECONDS)
    assert "Traceback" not in (tmp_path / "log").read_text()


@pytest.fixture
def console(process: subprocess.Popen[bytes], tmp_path: Path) -> Iterator[httpx.Client]:
    url = _address(process, tmp_path / "log")
    with httpx.Client(base_url=url, trust_env=False, timeout=PROBE_SECONDS) as client:
        yield client


def until(console: httpx.Client, right: Callable[[httpx.Response], bool]) -> dict[str, dict[str, Any]]:
    """What /readyz tells once it is right."""
    pause, answer = Event(), console.get("/readyz")
    for _ in range(PATIENCE_SECONDS * 5):
        if right(answer):
            told: dict[str, dict[str, Any]] = answer.json()
            return told
        pause.wait(0.2)
        answer = console.get("/readyz")
    raise AssertionError(answer.text)


def metrics(console: httpx.Client) -> dict[str, float]:
    lines = console.get("/metrics").text.splitlines()
    return {name: float(value) for name, value in (one.rsplit(" ", 1) for one in lines if not one.startswith("#"))}


def states(told: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {source: one["state"] for source, one in told.items()}


@pytest.mark.timeout(300)
def test_it_starts_without_sources_lives_when_they_come_and_ends_while_they_hang(
    console: httpx.Client, gate: Gate, process: subprocess.Popen[bytes]
) -> None:
    assert console.get("/healthz").status_code == 200
    assert console.get("/").status_code == 200
    away = until(console, lambda answer: "not asked yet" not in answer.text)
    assert set(states(away).values()) == {"no answer"}
    assert console.get("/readyz").status_code == 503
    assert away["database"]["error"] == "DatabaseUnavailable"
    assert away["database"]["since"]
    assert away["database"]["answered"] is None
    told = metrics(console)
    assert [told[f'ops_source_up{{source="{one}"}}'] for one in away] == [0, 0, 0, 0]
    assert told["ops_sessions"] == 0
    assert 'ops_source_last_answer_age_seconds{source="database"}' not in told

    gate.open()
    until(console, lambda answer: answer.status_code == 200)
    back = until(console, lambda answer: answer.json()["store"]["state"] == "ok")
    assert states(back) == {
        "database": "ok",
        "store": "ok",
        "prometheus": "no answer",
        "service": "no answer",
    }
    assert (back["database"]["since"], back["database"]["error"]) == (None, None)
    told = metrics(console)
    assert told['ops_source_up{source="database"}'] == 1
    assert told['ops_source_last_answer_age_seconds{source="database"}'] < PATIENCE_SECONDS
    assert told['ops_source_up{source="prometheus"}'] == 0

    gate.hang()
    hanging = until(console, lambda answer: answer.status_code == 503)
    assert hanging["database"]["state"] == "no answer"
    assert hanging["database"]["answered"] >= back["database"]["answered"]
    process.send_signal(signal.SIGTERM)
    assert process.wait(END_SECONDS) is not None
