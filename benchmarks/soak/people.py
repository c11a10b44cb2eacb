"""What the viewers do: look around, leave, come back; one of them retries and cancels jobs by real buttons."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlencode

import psycopg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.exceptions import ConnectionClosed

from benchmarks.soak.tab import Tab, Told
from benchmarks.soak.view import View
from dashboard.components.job_buttons import OFFERED_AS
from dashboard.navigation import CONTENTS
from demo.stack import Stack

# Seconds between two things that a viewer does, and between two acts of the operator.
LOOKS = (4.0, 25.0)
ACTS = (8.0, 16.0)
QUERIES = ("status:failed", "status:failed error:IMAGE_* since:24h", "kind:series", "cost:>0.1 since:24h", "")
REASON = "soak"
JOB = "select id from jobs where {} order by random() limit 1"
FAILED = "status = 'failed' and error_code not like 'SAFETY%' and retry_count < 2"
OPEN = "status in ('queued', 'running')"
KINDS = {"job.retry": FAILED, "job.cancel": OPEN}


@dataclass
class Acts:
    """What the operator confirmed, and what stood in the way otherwise."""

    confirmed: list[tuple[str, str]] = field(default_factory=list)
    prevented: int = 0


class Viewer:
    """One person with one tab."""

    def __init__(self, stack: Stack, told: Told, dice: random.Random, closing: asyncio.Event) -> None:
        self._closing = closing
        self._stack = stack
        self._told = told
        self._dice = dice
        self.tab = Tab(stack.console_url, told)

    async def look(self) -> None:
        """Until closing time; the tab stays open then."""
        await asyncio.sleep(self._dice.uniform(0, LOOKS[0]))
        await self.tab.open(*self._somewhere())
        while not await _is_set(self._closing, self._dice.uniform(*LOOKS)):
            with suppress(ConnectionClosed):  # told by the tab that lost it
                await self._do()

    async def _do(self) -> None:
        match self._dice.random():
            case chance if chance < 0.6:
                await self.tab.go(*self._somewhere())
            case chance if chance < 0.75:
                await self.tab.reload()
            case chance if chance < 0.85:
                await self.tab.reconnect()
            case _:
                await self.tab.close()
                self.tab = Tab(self._stack.console_url, self._told)
                await self.tab.open(*self._somewhere())

    def _somewhere(self) -> tuple[str, str]:
        """A page, and what its address asks for."""
        entry = self._dice.choice([entry for entries in CONTENTS.values() for entry in entries])
        match entry.name:
            case "job":
                return entry.url_path, urlencode({"job": any_job(self._stack, "true") or "job_x"})
            case "jobs":
                return entry.url_path, urlencode({"q": self._dice.choice(QUERIES)})
            case _:
                return entry.url_path, ""


class Operator:
    """Opens a job, presses Retry or Cancel, gives a reason and confirms, as often as a busy person would."""

    def __init__(self, stack: Stack, told: Told, dice: random.Random, closing: asyncio.Event, acts: Acts) -> None:
        self._closing = closing
        self._stack = stack
        self._dice = dice
        self._acts = acts
        self.tab = Tab(stack.console_url, told)

    async def look(self) -> None:
        """Until closing time; the tab stays open then."""
        await self.tab.open("job")
        while not await _is_set(self._closing, self._dice.uniform(*ACTS)):
            action = self._dice.choice(tuple(KINDS))
            job = await asyncio.to_thread(any_job, self._stack, KINDS[action])
            if job is not None:
                with suppress(ConnectionClosed):  # told by the tab that lost it
                    await self._act(action, job)

    async def _act(self, action: str, job: str) -> None:
        assert action in OFFERED_AS
        await self.tab.go("job", urlencode({"job": job}))
        if not await self.tab.until(lambda view: bool(button(view, f"-do-{action}")), seconds=5):
            self._acts.prevented += 1
            return
        await self.tab.press(button(self.tab.view, f"-do-{action}"))
        if not await self.tab.until(lambda view: bool(submit(view)), seconds=15):
            self._acts.prevented += 1
            return
        view = self.tab.view
        await self.tab.press(submit(view), [WidgetState(id=reason(view), string_value=REASON)])
        if await self.tab.until(lambda view: not submit(view), seconds=15):
            self._acts.confirmed.append((action, job))
        else:
            self._acts.prevented += 1


async def _is_set(event: asyncio.Event, seconds: float) -> bool:
    """Whether it is set, at the latest after so many seconds."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            return await event.wait()
    return False


def any_job(stack: Stack, which: str) -> str | None:
    """The id of one job of this kind; None where there is none, or the database is away."""
    with suppress(psycopg.OperationalError), psycopg.connect(stack.database_url, connect_timeout=2) as connection:
        connection.execute("set statement_timeout = '2s'")
        row = connection.execute(JOB.format(which).encode()).fetchone()
        return None if row is None else str(row[0])
    return None


def button(view: View, key: str) -> str:
    """The id of the button with this key that can be pressed; "" where there is none."""
    buttons = (one.button for one in view.elements())
    return _first([one.id for one in buttons if one.id.endswith(key) and not one.disabled])


def submit(view: View) -> str:
    """The id of the dialog's button; "" where no dialog is open, or it cannot be pressed."""
    pressed = (one.button for one in view.elements() if one.button.form_id == "confirm")
    return _first([one.id for one in pressed if one.is_form_submitter and not one.disabled])


def reason(view: View) -> str:
    """The id of the dialog's text area."""
    return _first([one.text_area.id for one in view.elements() if one.text_area.id.endswith("-confirm-reason")])


def _first(ids: Sequence[str]) -> str:
    return ids[0] if ids else ""
