"""Ninety days of history, in Postgres and in Prometheus, told from the same simulated past."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from demo import loading, past_metrics, prometheus
from demo.incidents import Course
from demo.openmetrics import blocks, minutes, write
from demo.past import Past, past
from demo.prometheus import INSTANCE, JOB, Binaries
from demo.rhythm import DAY
from demo.supervisor import Supervisor

# Told minute by minute.
RECENT = 2 * DAY


def make(course: Course, url: str, *, supervisor: Supervisor, binaries: Binaries | None, metrics: Path) -> Past:
    """Fill an empty, migrated database and, where there is a Prometheus, its data directory; answers the past.

    Both at once: a quarter takes under a minute on two cores.
    """
    made = past(course)
    cancelled = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        parts = [pool.submit(loading.load, made, url, cancelled)]
        if binaries is not None:
            files = _files(made, metrics)
            parts.append(pool.submit(prometheus.load, supervisor, binaries, files, metrics, cancelled))
        try:
            for part in as_completed(parts):
                part.result()
        except BaseException:
            cancelled.set()
            raise
    return made


def _files(made: Past, folder: Path) -> Iterator[Path]:
    """One OpenMetrics file a block, written as it is asked for."""
    lines = tuple(past_metrics.series(made))
    folder.mkdir(parents=True, exist_ok=True)
    for number, grid in enumerate(blocks(minutes(made.course.start, made.course.end))):
        path = folder / f"history-{number}.txt"
        write(path, lines, grid, {"job": JOB, "instance": INSTANCE}, recent=made.course.end - RECENT)
        yield path
