"""Programs are started, watched and ended; none stays behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from demo.programs import Program, says
from demo.state import State
from demo.supervisor import StartFailed, Supervisor

STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(99)
"""
WITH_CHILD = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(99)"])
print("child", child.pid, flush=True)
time.sleep(99)
"""
# A parent that holds a lock and runs two programs, until it is killed.
PARENT = """
import sys, time
from pathlib import Path
from demo.programs import Program
from demo.state import State
from demo.supervisor import Supervisor

state = State(Path(sys.argv[1]))
with state.locked("test") as lock, Supervisor(state.directory / "logs", keep_open=[lock]) as supervisor:
    for name in ("one", "two"):
        process = supervisor.launch(Program(name, (sys.executable, "-c", "import time; time.sleep(99)")))
        print(process.pid, flush=True)
    print(supervisor._guardian.pid, flush=True)
    time.sleep(99)
"""


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def gone(pid: int) -> bool:
    """Whether the process has ended (what nobody has waited for yet has ended, too)."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def python(name: str, code: str, ready: str) -> Program:
    return Program(name, (sys.executable, "-c", code), ready=says(ready))


def test_what_does_not_stop_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demo.supervisor.STOP_SECONDS", 0.2)
    with Supervisor(tmp_path) as supervisor:
        process = supervisor.launch(python("stubborn", STUBBORN, "up"))
        supervisor.wait("stubborn")
    assert gone(process.pid)


def test_children_of_a_killed_program_end_with_it(tmp_path: Path) -> None:
    with Supervisor(tmp_path) as supervisor:
        supervisor.start(python("family", WITH_CHILD, "child"))
        child = int(supervisor.said("family").split()[1])
        supervisor.kill("family")
        assert supervisor.ended() == ("family",)
        supervisor.stop("family")
        until(lambda: gone(child))


def test_a_paused_program_can_be_stopped(tmp_path: Path) -> None:
    with Supervisor(tmp_path) as supervisor:
        process = supervisor.launch(Program("sleeper", (sys.executable, "-c", "import time; time.sleep(99)")))
        supervisor.pause("sleeper")
        until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_STOPPED)
        supervisor.stop("sleeper")
        assert process.returncode == -signal.SIGTERM


def test_a_program_that_dies_at_start_shows_its_log(tmp_path: Path) -> None:
    with Supervisor(tmp_path) as supervisor, pytest.raises(StartFailed) as failure:
        supervisor.start(python("broken", "raise SystemExit('no such host: nowhere')", "never"))
    assert "broken ended at once (exit code 1)" in str(failure.value)
    assert "no such host: nowhere" in str(failure.value)


def test_a_program_run_to_its_end_can_be_cancelled(tmp_path: Path) -> None:
    cancelled = threading.Event()
    cancelled.set()
    with Supervisor(tmp_path) as supervisor, pytest.raises(StartFailed):
        supervisor.run(python("long", STUBBORN, "up"), cancelled)


def test_nothing_is_left_of_a_parent_that_was_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pids = [int(parent.stdout.readline()) for _ in range(3)]
        assert not any(gone(pid) for pid in pids)
        assert State(tmp_path).is_used()
        parent.kill()
    until(lambda: all(gone(pid) for pid in pids))
    assert not State(tmp_path).is_used()
