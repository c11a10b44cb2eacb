"""What ops-dashboard rollup does, and says."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from actions.errors import ReadOnly
from actions.keeper import Duty, GoOn, attend
from actions.rollup_check import Difference, check
from actions.rollups import RolledUp, roll_up
from dashboard import connections
from dashboard.duties import ROLLUP
from dashboard.rollup_report import instant

# Of more nobody reads the rest.
SHOWN = 100
HEADS = ("hour", "of", "sum", "kept", "found")


@dataclass(frozen=True, slots=True)
class Told:
    """fine: nothing is wrong."""

    lines: tuple[str, ...]
    fine: bool = True


def rolled_up(*, anew: bool) -> Told:
    """Nothing is done where another process is at it. Raises ReadOnly, NotKept, DatabaseError."""
    _writable()
    sides = connections.jobs(), connections.service_schema(), connections.aliases(), connections.store()
    begun = time.monotonic()
    runs: list[RolledUp] = []

    def run(go_on: GoOn) -> None:
        runs.append(roll_up(*sides, anew=anew, go_on=go_on))

    if not attend(connections.store(), Duty(ROLLUP, timedelta(0), run)):
        return Told(("Another console is rolling up usage: nothing was done.",))
    (done,) = runs
    took = f"{time.monotonic() - begun:.1f} s"
    if done.left:
        return Told((f"{_hours(done.hours)} made anew in {took}, {done.left} left: another console goes on.",))
    what = f"{_hours(done.hours)} made anew in {took}" if done.hours else "Nothing had changed"
    return Told((f"{what}: usage is kept until {instant(done.until)}.",))


def checked(days: int) -> Told:
    """The newest days and so many others. Raises ReadOnly, NotKept, DatabaseError."""
    _writable()
    sides = connections.jobs(), connections.service_schema(), connections.aliases(), connections.store()
    found = check(*sides, sample=days)
    if not found.days:
        return Told(("No hour is rolled up yet. Run: ops-dashboard rollup",))
    told = f"{len(found.days)} days were counted again"
    if not found.differences:
        return Told((f"{told}: all sums are as they were kept.",))
    hours = len({one.hour for one in found.differences})
    verdict = f"{told}: {len(found.differences)} sums differ. {_hours(hours)} will be made anew."
    return Told((verdict, *_table(found.differences[:SHOWN]), *_rest(found.differences)), fine=False)


def _writable() -> None:
    if connections.settings().read_only:
        raise ReadOnly(setting="OPS_READ_ONLY")


def _hours(number: int) -> str:
    return "1 hour" if number == 1 else f"{number} hours"


def _table(differences: Sequence[Difference]) -> list[str]:
    rows = [
        HEADS,
        *((instant(one.hour), one.of, one.column, str(one.kept), str(one.found)) for one in differences),
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _row(one: Difference) -> tuple[str, ...]:
    return instant(one.hour), one.of, one.column, str(one.kept), str(one.found)


def _rest(differences: Sequence[Difference]) -> tuple[str, ...]:
    more = len(differences) - SHOWN
    return (f"and {more} more",) if more > 0 else ()
