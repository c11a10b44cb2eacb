"""What a platform does for its programs while the demo runs, and what it suffers now and then."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

from demo.parts import MONITOR, worker_name
from demo.stack import Stack
from demo.supervisor import StartFailed

TICK_SECONDS = 0.5
RESTART_SECONDS = 20.0
MONITOR_BACK_SECONDS = 20 * 60.0
WORKER_LIVES_SECONDS = (30 * 60.0, 60 * 60.0)
ORDER_SECONDS = 15.0
START, STOP = "start", "stop"


class NobodyListens(Exception):
    """No demo runs in this checkout, or it did not follow the order in time."""


class Care:
    """Restarts what died after a while, ends a worker now and then, and follows `python -m demo monitor`."""

    def __init__(self, stack: Stack, say: Callable[[str], None]) -> None:
        self._stack = stack
        self._say = say
        self._restarts: dict[str, float] = {}
        self._worker_dies = self._next_death()
        self._monitor_back = time.monotonic() + MONITOR_BACK_SECONDS if stack.fresh else float("inf")
        self._order = stack.state.orders / MONITOR
        self._order.unlink(missing_ok=True)

    def forever(self) -> None:
        """Until this process is told to stop."""
        while True:
            self.tick()
            time.sleep(TICK_SECONDS)

    def tick(self) -> None:
        """Do what is due now."""
        self._follow_order()
        self._bring_monitor_back()
        self._end_a_worker()
        self._restart_dead()

    def _follow_order(self) -> None:
        if not self._order.exists():
            return
        if self._order.read_text() == START:
            self._start_monitor()
        else:
            self._stack.stop_monitor()
            self._say("The job monitor is stopped. Start it: python -m demo monitor start")
        self._monitor_back = float("inf")
        self._order.unlink()

    def _bring_monitor_back(self) -> None:
        if time.monotonic() > self._monitor_back:
            self._monitor_back = float("inf")
            self._start_monitor()

    def _start_monitor(self) -> None:
        self._stack.start_monitor()
        self._say("The job monitor runs.")

    def _end_a_worker(self) -> None:
        if time.monotonic() > self._worker_dies:
            name = worker_name(random.randrange(self._stack.workers))
            if self._stack.supervisor.running(name):
                self._say(f"{name} dies (kill -9 {self._stack.supervisor.kill(name)}).")
            self._worker_dies = self._next_death()

    def _restart_dead(self) -> None:
        now = time.monotonic()
        for name in self._stack.supervisor.ended():
            if now > self._restarts.setdefault(name, now + RESTART_SECONDS):
                del self._restarts[name]
                self._revive(name)

    def _revive(self, name: str) -> None:
        try:
            self._stack.revive(name)
        except StartFailed as error:
            self._say(str(error))
        else:
            self._say(f"{name} runs again.")

    def _next_death(self) -> float:
        return time.monotonic() + random.uniform(*WORKER_LIVES_SECONDS)


def order(orders: Path, action: str) -> None:
    """Tell the running demo to start or stop its job monitor, and wait until it has. Raises NobodyListens."""
    orders.mkdir(parents=True, exist_ok=True)
    told = orders / MONITOR
    draft = told.with_suffix(".draft")
    draft.write_text(action)
    draft.replace(told)
    deadline = time.monotonic() + ORDER_SECONDS
    while told.exists():
        if time.monotonic() > deadline:
            told.unlink(missing_ok=True)
            raise NobodyListens("The demo did not answer.")
        time.sleep(0.1)
