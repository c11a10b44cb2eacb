"""python -m benchmarks.soak --minutes 30 --viewers 20 [--seed N]: exit code 1 if anything was left broken."""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.soak import audit, judgement, measures, troubles
from benchmarks.soak.judgement import Finding
from benchmarks.soak.measures import Sample
from benchmarks.soak.people import Acts, Operator, Viewer
from benchmarks.soak.tab import Told
from benchmarks.soak.troubles import Trouble
from demo.stack import Stack

HISTORY_DAYS = 3.0
# At the end nothing is broken any more for this long, or for a third of a short soak.
QUIET_SECONDS = 60.0
LEFT_SECONDS = 20.0
TRACEBACK = "Traceback (most recent call last)"


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--viewers", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 20))  # noqa: S311
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    say(f"{chosen.viewers} viewers for {chosen.minutes:g} min, seed {chosen.seed}")
    with tempfile.TemporaryDirectory(prefix="soak-", ignore_cleanup_errors=True) as directory:
        stack = Stack(Path(directory), traffic=True, history_days=HISTORY_DAYS, say=say)
        with stack:
            stack.start_monitor()
            soak = Soak(stack, random.Random(chosen.seed))  # noqa: S311
            findings = asyncio.run(soak.run(chosen.minutes * 60, chosen.viewers))
    broken = [one for one in findings if not one.fine]
    for one in findings:
        print(f"  {'ok    ' if one.fine else 'BROKEN'}  {one.line}")
    print(f"{len(broken)} of {len(findings)} broken; again with --seed {chosen.seed}" if broken else "All held.")
    return 1 if broken else 0


@dataclass
class Soak:
    """One soak as it goes: who looks, what befell, what was measured."""

    stack: Stack
    dice: random.Random
    told: Told = field(default_factory=Told)
    acts: Acts = field(default_factory=Acts)
    samples: list[Sample] = field(default_factory=list)
    befallen: list[Trouble] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, seconds: float, viewers: int) -> list[Finding]:
        """Look and break for so long, then wait, look once more, leave, and judge."""
        process = measures.console(self.stack)
        before, people = measures.sample(self.stack, process), self._people(viewers)
        watching = asyncio.create_task(measures.watch(self.stack, process, self.samples))
        looking = [asyncio.create_task(one.look()) for one in people]
        quiet = min(QUIET_SECONDS, seconds / 3)
        self.befallen = await troubles.befall(self.stack, self.dice, time.time() + seconds - quiet, say)
        say(f"everything is mended; a quiet {quiet:.0f} s")
        await asyncio.sleep(quiet)
        self.closing.set()
        await self._ended(looking)
        for one in people:
            self.left += await _left(one)
        watching.cancel()
        await self._ended([watching])
        for one in people:
            await one.tab.close()
        say(f"all have left; looking again after {LEFT_SECONDS:.0f} s")
        await asyncio.sleep(LEFT_SECONDS)
        return self._judged(before, measures.sample(self.stack, process))

    def _people(self, viewers: int) -> list[Viewer | Operator]:
        dice = [random.Random(self.dice.random()) for _ in range(viewers)]  # noqa: S311
        operator = Operator(self.stack, self.told, dice[0], self.closing, self.acts)
        return [operator, *(Viewer(self.stack, self.told, one, self.closing) for one in dice[1:])]

    async def _ended(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        """Wait for them, and take note of their errors."""
        await asyncio.wait(tasks)
        errors = (task.exception() for task in tasks if not task.cancelled())
        self.told.gave_up += [repr(error) for error in errors if error]

    def _judged(self, before: Sample, after: Sample) -> list[Finding]:
        told, log = self.told, self.stack.supervisor.log("console").read_text(errors="replace")
        say(
            f"{len(self.befallen)} troubles, {told.loads} pages, {told.refreshes} refreshes,"
            f" {told.messages} messages; {told.notices} runs told of a trouble; slowest page {told.slowest:.1f} s"
        )
        return [
            *judgement.views(told, self.left),
            Finding(TRACEBACK not in log, f"tracebacks in the console's log: {log.count(TRACEBACK)}"),
            judgement.memory(self.samples),
            *judgement.handles(self.samples),
            *judgement.connections(self.samples, self.befallen, before, after),
            *audit.findings(self.stack, self.acts, self.befallen, before.at),
        ]


async def _left(person: Viewer | Operator) -> list[str]:
    """What is wrong on the person's view now, as it stands and drawn anew."""
    standing = person.tab.view.troubles()
    await person.tab.reload()
    return [*standing, *person.tab.view.troubles()]


if __name__ == "__main__":
    sys.exit(main())
