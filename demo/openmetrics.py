"""Series as OpenMetrics text, fast: a quarter's minutes of some hundred series are 44 million samples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from demo.rhythm import HOUR, MINUTE, Flags, Floats, Integers

Values = Callable[[Floats], NDArray[np.float64] | NDArray[np.int64]]

# The largest block that promtool makes of --max-block-duration=744h. A file that spans one block is read
# once, where one file for all would be read again for each block.
BLOCK = 486 * HOUR
# Of long ago, where nobody asks for rates over a few minutes, less tells as much. Prometheus looks back five
# minutes, so that of equal samples every fourth will do. The buckets of a histogram need the same instants, and
# are only ever asked for rates over half an hour or more.
REPEATED_EVERY, HISTOGRAM_EVERY = 4, 10


@dataclass(frozen=True)
class Series:
    """One line of history: values answers what the metric showed at each of these Unix times, NaN for nothing.

    histogram: it is one of the lines that make a histogram.
    """

    name: str
    values: Values
    labels: Mapping[str, str] = field(default_factory=dict)
    histogram: bool = False

    def selector(self, constant: Mapping[str, str]) -> str:
        """name{label="value",...}; the demo's label values need no escapes."""
        labels = ",".join(f'{key}="{value}"' for key, value in sorted({**constant, **self.labels}.items()))
        return f"{self.name}{{{labels}}}"


def minutes(start: float, end: float) -> Floats:
    """Every whole minute in [start, end], and the end itself, so that nothing is left out."""
    grid = np.arange(np.ceil(start / MINUTE) * MINUTE, end, MINUTE)
    return np.append(grid, end)


def blocks(grid: Floats) -> Iterator[Floats]:
    """The instants of each block, oldest first."""
    _, starts = np.unique(grid // BLOCK, return_index=True)
    yield from np.split(grid, starts[1:])


def write(
    path: Path, series: Iterable[Series], grid: Floats, constant: Mapping[str, str], *, recent: float
) -> None:
    """Write the series at these whole seconds, each with the constant labels added.

    Before recent (a Unix time) samples that tell little are left out.
    """
    stamps = pa.array(grid.astype(np.int64)).cast(pa.string())
    with path.open("wb") as file:
        for line in series:
            values = line.values(grid)
            told = _told(line, values, grid >= recent)
            file.write(_lines(line.selector(constant), values[told], stamps.filter(pa.array(told))))
        file.write(b"# EOF\n")


def _told(line: Series, values: NDArray[np.float64] | NDArray[np.int64], recent: Flags) -> Flags:
    """Which of the values are written."""
    nth = np.arange(values.size)
    if line.histogram:
        return np.asarray(recent | (nth % HISTOGRAM_EVERY == 0))
    changed = np.append(True, values[1:] != values[:-1])
    return np.asarray((recent | changed | (nth % REPEATED_EVERY == 0)) & ~np.isnan(values))


def _lines(
    selector: str, values: NDArray[np.float64] | NDArray[np.int64], stamps: pa.StringArray
) -> pa.Buffer | bytes:
    if not len(values):
        return b""
    text = pc.binary_join_element_wise(selector, pa.array(values).cast(pa.string()), stamps, " ")
    # An Arrow array keeps its strings one after another: with a line end on each, that is the text.
    return pc.binary_join_element_wise(text, "", "\n").buffers()[2]


def cumulative(times: Floats, amounts: Floats | Integers | None = None) -> Values:
    """A counter that grows at these times: by one each, or by these amounts (whole ones stay exact)."""
    order = np.argsort(times, kind="stable")
    ordered = times[order]
    if amounts is None:
        return lambda at: np.searchsorted(ordered, at, side="right")
    totals: NDArray[Any] = np.concatenate((np.zeros(1, amounts.dtype), np.cumsum(amounts[order])))
    return lambda at: totals[np.searchsorted(ordered, at, side="right")]


def inside(starts: Floats, ends: Floats) -> Values:
    """A gauge of how many of these intervals hold each instant."""
    begun, over = np.sort(starts), np.sort(ends)
    return lambda at: (
        np.searchsorted(begun, at, side="right").astype(np.int64) - np.searchsorted(over, at, side="right")
    )


def constant(value: float) -> Values:
    """A gauge that never moves."""
    return lambda at: np.full(at.size, value)


def changing(changes: Sequence[tuple[float, float]], before: float) -> Values:
    """A gauge that takes a new value at each of these (Unix time, value), which are sorted by time."""
    at_times = np.array([at for at, _ in changes])
    levels = np.array([before, *(value for _, value in changes)])
    return lambda at: levels[np.searchsorted(at_times, at, side="right")]


def oldest(begins: Floats, ends: Floats, ages: Floats) -> Values:
    """A gauge of the smallest age among the intervals that hold each instant; nothing where there is none."""
    order = np.argsort(begins, kind="stable")
    begin, end, age = begins[order], ends[order], ages[order]

    def values(at: Floats) -> NDArray[np.float64]:
        smallest = np.full(at.size, np.inf)
        first, last = np.searchsorted(at, begin), np.searchsorted(at, end)
        for index in np.flatnonzero(last > first):
            held = slice(first[index], last[index])
            smallest[held] = np.minimum(smallest[held], age[index])
        return np.where(np.isinf(smallest), np.nan, smallest)

    return values
