"""What befalls the sources meanwhile, at random: each is broken for some seconds, then mended."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import psycopg

from demo.database import CONSOLE_ROLE
from demo.parts import API, POSTGRES, PROMETHEUS
from demo.stack import Stack

PAUSES = (5.0, 25.0)
LASTS = (1.0, 12.0)
CUT = "select pg_terminate_backend(pid) from pg_stat_activity where usename = %s"


@dataclass(frozen=True, slots=True)
class Trouble:
    """What was broken, and from when to when (Unix time)."""

    name: str
    began: float
    ended: float


Step = Callable[[Stack], object]


def _cut(stack: Stack) -> None:
    """End every connection of the console, as a failover or an administrator does."""
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        connection.execute(CUT, [CONSOLE_ROLE])


def _nothing(_: Stack) -> None:
    """It mended itself."""


def _pause(name: str) -> Step:
    return lambda stack: stack.pause(name)


def _resume(name: str) -> Step:
    return lambda stack: stack.resume(name)


KINDS: dict[str, tuple[Step, Step]] = {
    "PostgreSQL stopped": (Stack.stop_postgres, Stack.start_postgres),
    "PostgreSQL frozen": (_pause(POSTGRES), _resume(POSTGRES)),
    "PostgreSQL cut all connections": (_cut, _nothing),
    "Prometheus stopped": (Stack.stop_prometheus, Stack.start_prometheus),
    "Prometheus frozen": (_pause(PROMETHEUS), _resume(PROMETHEUS)),
    "service stopped": (Stack.stop_api, Stack.start_api),
    "service frozen": (_pause(API), _resume(API)),
    "worker killed": (lambda stack: stack.kill_worker(0), partial(Stack.restart_worker, number=0)),
}


async def befall(stack: Stack, dice: random.Random, until: float, say: Callable[[str], None]) -> list[Trouble]:
    """One trouble after the other until that Unix time, each kind once before any comes again."""
    known: list[Trouble] = []
    bag: list[str] = []
    while time.time() < until:
        bag = bag or dice.sample(list(KINDS), len(KINDS))
        known.append(await _one(stack, bag.pop(), dice.uniform(*LASTS), say))
        await asyncio.sleep(min(dice.uniform(*PAUSES), max(0.0, until - time.time())))
    return known


async def _one(stack: Stack, name: str, lasts: float, say: Callable[[str], None]) -> Trouble:
    break_it, mend_it = KINDS[name]
    began = time.time()
    say(f"{name} for {lasts:.1f} s")
    await asyncio.to_thread(break_it, stack)
    try:
        await asyncio.sleep(lasts)
    finally:
        await asyncio.to_thread(_mended, stack, mend_it)
    return Trouble(name, began, time.time())


def _mended(stack: Stack, mend_it: Step) -> None:
    """Whatever else ended by it, as a platform restarts what died."""
    mend_it(stack)
    for name in stack.supervisor.ended():
        with suppress(KeyError):
            stack.revive(name)
