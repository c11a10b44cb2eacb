"""The console as a process of its own, with what it wrote to its output."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

START_SECONDS = 60


@dataclass(frozen=True)
class Console:
    """url is where it listens."""

    url: str
    log: Path

    def written(self) -> str:
        return self.log.read_text(errors="replace")


@contextmanager
def running(folder: Path, **settings: str) -> Iterator[Console]:
    """With these settings and no others of this machine; its log stays in the folder."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("OPS_", "STREAMLIT_"))}
    log = folder / "console.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "dashboard.cli", "serve", "--port", "0"],
            cwd=folder,
            env=inherited | {"OPS_SETTINGS_FILE": os.devnull} | settings,
            stdout=output,
            stderr=output,
        )
    try:
        yield Console(_address(process, log), log)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=START_SECONDS)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    pause = Event()
    for _ in range(START_SECONDS * 20):
        found = [line for line in log.read_text().splitlines() if "http://" in line]
        if found:
            return found[0].split()[-1]
        assert process.poll() is None, log.read_text()
        pause.wait(0.05)
    raise AssertionError(log.read_text())
