"""What must hold after all that: each finding is one line, fine or broken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.soak.measures import MOST_CONNECTIONS, Sample
from benchmarks.soak.tab import Told
from benchmarks.soak.troubles import Trouble

# Warm-up: until then the imports, caches and pools fill.
WARM_SHARE = 0.2
LAST_SHARE = 0.1
MOST_GROWTH, MOST_EXTRA_MB = 1.3, 100.0
# Streamlit keeps a thread for each run under way.
MOST_EXTRA_THREADS = 40
MOST_EXTRA_FILES = 60
# A backend of a frozen server learns only when it goes on that nobody waits for it any more.
SETTLED_SECONDS = 15.0
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was judged, with its figure."""

    fine: bool
    line: str


def memory(samples: Sequence[Sample]) -> Finding:
    """Resident memory at the end of the warm-up and at the end, all viewers still there."""
    warm, end = _warm(samples).rss, median(one.rss for one in _last(samples))
    most = warm * MOST_GROWTH + MOST_EXTRA_MB
    peak = max(one.rss for one in samples)
    told = f"memory {warm:.0f} MB after the warm-up, {end:.0f} MB at the end (may be {most:.0f}), peak {peak:.0f}"
    return Finding(end <= most, told)


def handles(samples: Sequence[Sample]) -> list[Finding]:
    """Threads and file descriptors, likewise."""
    warm, last = _warm(samples), _last(samples)
    threads, files = median(one.threads for one in last), median(one.files for one in last)
    return [
        Finding(
            threads <= warm.threads + MOST_EXTRA_THREADS,
            f"threads {warm.threads} after the warm-up, {threads:.0f} at the end,"
            f" peak {max(one.threads for one in samples)}",
        ),
        Finding(
            files <= warm.files + MOST_EXTRA_FILES,
            f"file descriptors {warm.files} after the warm-up, {files:.0f} at the end,"
            f" peak {max(one.files for one in samples)}",
        ),
    ]


def connections(
    samples: Sequence[Sample], troubles: Sequence[Trouble], before: Sample, after: Sample
) -> list[Finding]:
    """Never more than the pools hold, while no source is broken; none at work when everybody has left."""
    quiet = [one for one in samples if not near(one.at, troubles, after=SETTLED_SECONDS)]
    peak = max((one.open_connections for one in quiet), default=0)
    names = ", ".join(sorted({name for name, _ in after.connections or ()}))
    busy = {state: number for (_, state), number in (after.connections or {}).items() if state != "idle"}
    return [
        Finding(peak <= MOST_CONNECTIONS, f"connections: at most {peak} of the {MOST_CONNECTIONS} in all pools"),
        Finding(
            after.connections is not None and not busy and after.open_connections <= MOST_CONNECTIONS,
            f"connections of {names or 'the console'} in pg_stat_activity: {before.open_connections} before,"
            f" {after.open_connections} after all left, {busy or 'none'} at work or in a transaction",
        ),
    ]


def views(told: Told, left: Sequence[str]) -> list[Finding]:
    """What the tabs saw; left: what was still wrong on one of them at the end."""
    return [
        _none("tracebacks in any view at any time", told.exceptions),
        _none("errors left in the views after a quiet while", left),
        _none("pages without an answer", told.unanswered),
        _none("connections that the console dropped", told.dropped),
        _none("viewers that could not go on", told.gave_up),
    ]


def near(at: float, troubles: Sequence[Trouble], *, before: float = 0.0, after: float = 0.0) -> bool:
    """Whether an instant (Unix time) lies within a trouble, or so many seconds around one."""
    return any(one.began - before <= at <= one.ended + after for one in troubles)


def _none(what: str, found: Sequence[str]) -> Finding:
    first = "".join(f"\n          {one}" for one in list(dict.fromkeys(found))[:SHOWN])
    return Finding(not found, f"{what}: {len(found)}{first}")


def _warm(samples: Sequence[Sample]) -> Sample:
    return samples[int(len(samples) * WARM_SHARE)]


def _last(samples: Sequence[Sample]) -> Sequence[Sample]:
    return samples[-max(1, int(len(samples) * LAST_SHARE)) :]
