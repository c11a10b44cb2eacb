"""What the demo keeps between two starts, and who may use it: one demo at a time."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

# Raised when the history is told differently, so that an older one is made anew.
HISTORY_VERSION = 3
LOCK_SECONDS = 20.0
OLD_DAYS = 3.0


class AlreadyRunning(Exception):
    """Another demo uses this state; the message says which."""


@dataclass(frozen=True)
class Marker:
    """Proof of a complete history: how it was told, and when it ended (Unix time)."""

    version: int
    seed: int
    days: float
    end: float
    prometheus: bool

    @property
    def age_days(self) -> float:
        return (time.time() - self.end) / 86400


@dataclass(frozen=True)
class State:
    """The files of one demo."""

    directory: Path

    @property
    def postgres(self) -> Path:
        return self.directory / "postgres"

    @property
    def prometheus(self) -> Path:
        return self.directory / "prometheus"

    @property
    def counters(self) -> Path:
        """Where the service's processes share their counters while they run."""
        return self.directory / "counters"

    @property
    def orders(self) -> Path:
        """Where `python -m demo monitor` leaves its orders for the running demo."""
        return self.directory / "orders"

    @property
    def _marker(self) -> Path:
        return self.directory / "history.json"

    def marker(self) -> Marker | None:
        """The history that is here; None where there is none, or one that is half-made or told otherwise."""
        try:
            found = Marker(**json.loads(self._marker.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None
        return found if found.version == HISTORY_VERSION else None

    def mark(self, marker: Marker) -> None:
        """Declare the history complete."""
        draft = self._marker.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(marker), indent=2))
        draft.replace(self._marker)

    def forget(self) -> None:
        """Throw away the data of the service, of Prometheus and of the console."""
        self._marker.unlink(missing_ok=True)
        for folder in (self.postgres, self.prometheus, self.counters, self.orders):
            shutil.rmtree(folder, ignore_errors=True)

    def begin_counters(self) -> None:
        """Counters begin at 0, as after any restart of a service."""
        shutil.rmtree(self.counters, ignore_errors=True)
        self.counters.mkdir(parents=True)

    @contextmanager
    def locked(self, purpose: str) -> Iterator[int]:
        """Hold the state alone; gives the lock's descriptor, which programs that use the state keep open too.

        Waits while the last demo's programs are still ending. Raises AlreadyRunning where it has not ended.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / "lock").open("a+") as file:
            deadline = time.monotonic() + LOCK_SECONDS
            while not _try(file.fileno()):
                file.seek(0)
                holder = file.read()
                if _lives(holder) or time.monotonic() > deadline:
                    raise AlreadyRunning(
                        f"The demo of this checkout runs already ({holder.strip()}). Stop it there with Ctrl-C."
                    )
                time.sleep(0.1)
            file.truncate(0)
            file.write(f"process {os.getpid()}, {purpose}\n")
            file.flush()
            yield file.fileno()

    def is_used(self) -> bool:
        """Whether a demo runs on this state now."""
        if not (self.directory / "lock").exists():
            return False
        with (self.directory / "lock").open("a") as file:
            return not _try(file.fileno())


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lives(holder: str) -> bool:
    """Whether the process that wrote itself into the lock still runs."""
    words = holder.replace(",", " ").split()
    return len(words) > 1 and words[1].isdigit() and psutil.pid_exists(int(words[1]))
