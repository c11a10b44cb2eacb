"""Ends the programs of a parent that could not do it itself: one that was killed with -9, or crashed.

Run as a program of its own (standard library only, so that it starts in no time). The parent writes a line for
each program it starts ("+pid signal") and for each that it saw end ("-pid"). When the parent's end of the pipe
closes, whatever is left is asked to stop, last started first, and killed where that does not help.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

GRACE_SECONDS = 5.0
# As /proc tells it: a zombie, or dead.
ENDED = ("Z", "X")


def left(lines: Iterable[str]) -> dict[int, int]:
    """The process groups that were started and not seen to end, oldest first, with the signal that stops each."""
    groups: dict[int, int] = {}
    for line in lines:
        pid, _, stop = line[1:].strip().partition(" ")
        if line.startswith("+"):
            groups[int(pid)] = int(stop)
        else:
            groups.pop(int(pid), None)
    return groups


def alive(group: int) -> bool:
    """Whether the process group's leader works still; one that nobody has waited for does not."""
    try:
        os.killpg(group, 0)
        state = Path(f"/proc/{group}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, PermissionError):
        return False
    except FileNotFoundError:
        # Its leader has ended, or this system has no /proc.
        return not Path("/proc/self").exists()
    return state not in ENDED


def send(group: int, number: int) -> None:
    """Signal a whole process group; one that is gone already is fine."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return


def end(groups: Mapping[int, int]) -> None:
    """Stop process groups, last started first, and kill what is left of them after GRACE_SECONDS."""
    for group, stop in reversed(list(groups.items())):
        send(group, signal.SIGCONT)
        send(group, stop)
    deadline = time.monotonic() + GRACE_SECONDS
    while any(map(alive, groups)) and time.monotonic() < deadline:
        time.sleep(0.02)
    for group in groups:
        send(group, signal.SIGKILL)


def main() -> None:
    """Read until the parent is gone, then end what it left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    end(left(sys.stdin))


if __name__ == "__main__":
    main()
