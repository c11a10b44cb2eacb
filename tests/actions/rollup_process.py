"""Roll-ups in processes that die where they are told: python -m tests.actions.rollup_process <json>.

Reads a JSON line, [[anew, point], …]: as many roll-ups at once, each killed before its point-th statement or
commit, or let through where that is null. Answers how many of them were killed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from itertools import count
from types import TracebackType
from typing import Self

import sqlalchemy as sa

from tests.actions.usage_stage import Stage, staged
from tests.service_process import ROOT

# Whether all hours are made anew, and where to die.
Run = tuple[bool, int | None]


class RollupProcess:
    """The process that makes the others, for tests; use as a context manager."""

    def __init__(self, stage: Stage) -> None:
        self._arguments = json.dumps([stage.source_url, stage.store_url])

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.actions.rollup_process", self._arguments]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.communicate(timeout=60)

    def run(self, *runs: Run) -> int:
        """How many were killed of those that were run at once."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(runs) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


def main(source_url: str, store_url: str) -> None:
    for line in sys.stdin:
        children = [_forked(source_url, store_url, *run) for run in json.loads(line)]
        ended = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        assert set(ended) <= {0, -signal.SIGKILL}, ended
        print(ended.count(-signal.SIGKILL), flush=True)  # noqa: T201


def _forked(source_url: str, store_url: str, anew: bool, point: int | None) -> int:
    if child := os.fork():
        return child
    with staged(source_url, store_url) as stage:
        _die_at((stage.source, stage.store), point)
        stage.roll(anew=anew)
    os._exit(0)


def _die_at(engines: Sequence[sa.Engine], point: int | None) -> None:
    steps = count(1)

    def step(*_: object) -> None:
        if next(steps) == point:
            os.kill(os.getpid(), signal.SIGKILL)

    for engine in engines:
        sa.event.listen(engine, "before_cursor_execute", step)
        sa.event.listen(engine, "commit", step)


if __name__ == "__main__":
    main(*json.loads(sys.argv[1]))
