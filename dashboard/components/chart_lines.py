"""What a chart draws: named lines over time, and what becomes of them where points are missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import nan

# Up to here each whole number has room for a tick of its own.
FEW = 5


@dataclass(frozen=True, slots=True)
class Axis:
    """The time that several charts of a column show, and the distance of their points or width of their buckets.

    Between points that lie farther apart there is a gap.
    """

    start: datetime
    end: datetime
    step: timedelta


@dataclass(frozen=True, slots=True)
class Line:
    """One named line: points are (instant, value); the last one is lighter where its bucket still fills."""

    name: str
    colour: str
    points: Sequence[tuple[datetime, float]]


def floored(instant: datetime, step: timedelta) -> datetime:
    """The last whole multiple of step, in UTC, up to the instant: most refreshes then draw the identical chart."""
    seconds = step.total_seconds()
    return datetime.fromtimestamp(instant.timestamp() // seconds * seconds, UTC)


def stacked(drawn: Sequence[Line]) -> Line:
    """The sum of the lines, under the name and in the colour of the last one."""
    total: dict[datetime, float] = {}
    for line in drawn:
        for at, value in line.points:
            total[at] = total.get(at, 0) + value
    return Line(drawn[-1].name, drawn[-1].colour, sorted(total.items()))


def highest(drawn: Sequence[Line]) -> float:
    """The highest sum of the lines at any instant; 0 where there is none."""
    return max((value for _, value in stacked(drawn).points), default=0) if drawn else 0


def few(drawn: Sequence[Line]) -> bool:
    """Whether whole things are counted, so few that each number has room for a tick: there is no half of one."""
    whole = all(float(value).is_integer() for line in drawn for _, value in line.points)
    return whole and highest(drawn) < FEW


def gapped(line: Line, axis: Axis | None) -> Line:
    """The line with a hole wherever points are missing, so that nothing is drawn where nothing is known."""
    if axis is None:
        return line
    points = list(line.points[:1])
    for (before, _), (at, value) in pairwise(line.points):
        if at - before > 1.5 * axis.step:
            points.append((before + axis.step, nan))
        points.append((at, value))
    return Line(line.name, line.colour, points)


def pale(colour: str) -> str:
    """The colour (#rrggbb) as a veil that a grid is seen through."""
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return f"rgba({red}, {green}, {blue}, 0.18)"
