"""What a supervised program is: its command, its environment, and how one knows that it is ready."""

from __future__ import annotations

import os
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent
TAIL_LINES = 25
ANSWER_SECONDS = 2.0


def at_once(said: str) -> bool:  # noqa: ARG001 - one of several ways to be ready
    """For a program that is ready when it runs."""
    return True


@dataclass(frozen=True)
class Program:
    """What to run. ready is asked, with what the program has written since its launch, until it answers yes."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    ready: Callable[[str], bool] = at_once
    stop_signal: int = signal.SIGTERM
    folder: Path = ROOT


def python(module: str, *arguments: str) -> tuple[str, ...]:
    """The command that runs a module with this interpreter."""
    return (sys.executable, "-m", module, *arguments)


def says(words: str) -> Callable[[str], bool]:
    """Ready when the program has written these words."""
    return lambda said: words in said


def serves(url: str) -> Callable[[str], bool]:
    """Ready when a GET of this address is answered with success."""
    return lambda _: answers(url)


def answers(url: str) -> bool:
    """Whether a GET of this address is answered with success within ANSWER_SECONDS."""
    try:
        with urllib.request.urlopen(url, timeout=ANSWER_SECONDS) as response:  # noqa: S310 - our own address
            return bool(response.status == 200)  # noqa: PLR2004
    except (urllib.error.URLError, OSError):
        return False


def inherited() -> dict[str, str]:
    """This process's environment without what was meant for another console or service."""
    foreign = ("OPS_", "BOOKGEN_", "STREAMLIT_", "PROMETHEUS_MULTIPROC_DIR")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(foreign) and key != "PORT"}
    return {**kept, "PYTHONUNBUFFERED": "1"}


def tail(path: Path) -> str:
    """The last lines of a log, indented."""
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    return "\n".join(f"    {line}" for line in lines[-TAIL_LINES:]) or "    (its log is empty)"
