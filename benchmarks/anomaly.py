"""How often the anomaly rule alarms on normal days, and how often it finds a day that cost twice as much."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from statistics import fmean

import numpy as np

from demo.spending import LEVELS, spending
from queries.cost_anomaly import LEVEL_DAYS, judge
from queries.cost_models import DayUsd

SERIES, JUDGED = 60, 28
# What the rule looks back on, and hardly more than it needs.
HISTORIES = {"120 days": 120, "42 days": 42}
LEAST_USD = Decimal(10)
FALSE_ALARMS_MOST = 0.02
FIRST = date(2026, 1, 1)
# Random walks move by less in one day.
JUMP = 0.25


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of one day, as it was and doubled; new where the level jumped on it or within the week before."""

    new: bool
    jumped: bool
    alarm: bool
    found: bool


def verdicts(kind: str, seed: int, history: int) -> Iterator[Verdict]:
    days = history + JUDGED
    series = spending(kind, np.random.default_rng(seed), FIRST, days)
    level = LEVELS[kind](np.random.default_rng(seed), days)
    jumps = np.abs(np.diff(level, prepend=level[0])) >= JUMP
    for at in range(history, days):
        new = bool(jumps[at - LEVEL_DAYS + 1 : at + 1].any())
        alarm, found = (unusual(series, at, history, times) for times in (1, 2))
        yield Verdict(new, bool(jumps[at]), alarm, found)


def unusual(series: tuple[DayUsd, ...], at: int, history: int, times: int) -> bool:
    found = judge(series[at - history : at], series[at].day, series[at].usd * times, least_usd=LEAST_USD)
    assert found is not None
    return found.unusual and (found.higher or times == 1)


def shown(name: str, days: list[Verdict]) -> float:
    """Prints the rates; the rate of false alarms."""
    normal, jumped = [one for one in days if not one.new], [one for one in days if one.jumped]
    alarms = fmean(one.alarm for one in normal)
    jumps = f"{fmean(one.alarm for one in jumped):.0%} of {len(jumped)}" if jumped else ""
    print(f"{name:<24} {alarms:12.2%} {fmean(one.found for one in normal):12.1%}   {jumps}", flush=True)
    return alarms


def main() -> None:
    print(f"{'':<24} {'false alarms':>12} {'doubled':>12}   jumps found on their day")
    worst = 0.0
    for name, history in HISTORIES.items():
        for kind in LEVELS:
            days = [one for seed in range(SERIES) for one in verdicts(kind, seed, history)]
            worst = max(worst, shown(f"{kind}, {name}", days))
    if worst > FALSE_ALARMS_MOST:
        raise SystemExit(f"more than {FALSE_ALARMS_MOST:.0%} of normal days alarm")


if __name__ == "__main__":
    main()
