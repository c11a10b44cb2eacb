"""python -m demo as a person runs it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from demo import prometheus
from demo.__main__ import _before
from demo.postgres import free_port
from demo.state import HISTORY_VERSION, AlreadyRunning, Marker, State
from tests.demo.test_supervisor import gone, until

READY = "Ctrl-C stops everything."


def demo(state: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "demo", "--state", str(state), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={key: value for key, value in os.environ.items() if key != "PORT"},
    )


def told_until_ready(running: subprocess.Popen[str]) -> str:
    """What it printed until everything ran."""
    assert running.stdout is not None
    lines: list[str] = []
    for line in running.stdout:
        lines.append(line)
        if READY in line:
            return "".join(lines)
    raise AssertionError("".join(lines))


def everything_of(running: subprocess.Popen[str]) -> list[int]:
    """Every process the demo has started."""
    return [process.pid for process in psutil.Process(running.pid).children(recursive=True)]


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with demo(tmp_path, "--port", str(port)) as running:
            said, _ = running.communicate()
    assert running.returncode == 1
    assert said == f"Port {port} is taken by another program. Choose another one: make demo PORT={port + 1}\n"


def test_a_second_demo_is_refused(tmp_path: Path) -> None:
    with State(tmp_path).locked("http://127.0.0.1:8501"), demo(tmp_path) as running:
        said, _ = running.communicate()
    assert running.returncode == 1
    assert said == (
        f"The demo of this checkout runs already (process {os.getpid()}, http://127.0.0.1:8501)."
        " Stop it there with Ctrl-C.\n"
    )


def test_a_lock_ends_with_its_holder(tmp_path: Path) -> None:
    state = State(tmp_path)
    with state.locked("one"), pytest.raises(AlreadyRunning), state.locked("two"):
        pass
    with state.locked("three"):
        pass


def test_the_monitor_of_no_demo_cannot_be_started(tmp_path: Path) -> None:
    with demo(tmp_path, "monitor", "start") as running:
        said, _ = running.communicate()
    assert running.returncode == 1
    assert said == "No demo runs in this checkout. Start one: make demo\n"


def test_without_prometheus_it_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert prometheus.find(tmp_path) is None
    monkeypatch.setattr(prometheus, "find", lambda: None)
    assert "apt-get install prometheus" in _before(None, 90)
    assert "dpkg-deb -x" in _before(None, 90)


def test_an_unpacked_prometheus_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    folder = tmp_path / ".test-tools" / "prometheus" / "usr" / "bin"
    folder.mkdir(parents=True)
    for name in ("prometheus", "promtool"):
        (folder / name).touch(mode=0o755)
    found = prometheus.find(tmp_path)
    assert found == prometheus.Binaries(folder / "prometheus", folder / "promtool")


def test_an_old_history_is_kept_and_named() -> None:
    words = _before(Marker(HISTORY_VERSION, seed=1, days=90, end=0.0, prometheus=True), 90)
    assert "make demo-reset" in words


@pytest.mark.parametrize("content", ["", '{"version": 0}', "[1]"])
def test_a_half_made_history_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "history.json").write_text(content)
    assert State(tmp_path).marker() is None


@pytest.mark.timeout(180)
def test_from_the_first_start_to_a_kill_and_back(tmp_path: Path) -> None:
    """Nothing is left after kill -9; the next start keeps the history; the monitor obeys; SIGTERM ends all."""
    port = ("--port", str(free_port()), "--days", "1")
    with demo(tmp_path, *port) as first:
        said = told_until_ready(first)
        assert "1 days of history" in said
        assert "the job monitor stopped 41 minutes ago" in said
        started = everything_of(first)
        with demo(tmp_path, "monitor", "start") as order:
            assert order.communicate()[0] == "The job monitor runs.\n"
        first.kill()
    until(lambda: all(gone(pid) for pid in started))
    end = json.loads((tmp_path / "history.json").read_text())["end"]
    with demo(tmp_path, *port) as second:
        said = told_until_ready(second)
        assert "of history" not in said
        started = everything_of(second)
        second.send_signal(signal.SIGTERM)
        assert second.communicate()[0].endswith("Everything is stopped.\n")
    assert second.returncode == 0
    assert all(gone(pid) for pid in started)
    assert json.loads((tmp_path / "history.json").read_text())["end"] == end
