"""python -m demo: the console on a local service with live data; python -m demo monitor: its job monitor."""

from __future__ import annotations

import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal

import typer

from demo import care, prometheus
from demo.incidents import OPENING_MONITOR_DIED
from demo.machine import is_free, timezone
from demo.programs import ROOT
from demo.releases import NEWEST
from demo.rhythm import HOUR
from demo.stack import SEED, Stack
from demo.state import OLD_DAYS, AlreadyRunning, Marker, State
from demo.supervisor import StartFailed

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
Directory = Annotated[Path, typer.Option(help="Where the demo keeps its data.")]
FAILED = 1
STATE = ROOT / ".demo"


@app.callback(invoke_without_command=True)
def demo(
    context: typer.Context,
    *,
    port: Annotated[int, typer.Option(help="The console's port.", envvar="PORT", min=1, max=65535)] = 8501,
    reset: Annotated[bool, typer.Option("--reset", help="Forget the demo's data, and end.")] = False,
    days: Annotated[float, typer.Option(help="How long a history to make on the first start.", min=1)] = 90,
    seed: Annotated[int, typer.Option(help="Of the history.")] = SEED,
    state: Directory = STATE,
) -> None:
    """Run the console on a real service, database and Prometheus with live data, until Ctrl-C."""
    context.obj = State(state.absolute())
    if context.invoked_subcommand is None:
        try:
            _reset(context.obj) if reset else _run(context.obj, port, days, seed)
        except (AlreadyRunning, StartFailed) as error:
            _end(str(error))


@app.command()
def monitor(context: typer.Context, action: Literal["start", "stop"]) -> None:
    """Start or stop the job monitor of the running demo."""
    state: State = context.obj
    if not state.is_used():
        _end("No demo runs in this checkout. Start one: make demo")
    try:
        care.order(state.orders, action)
    except care.NobodyListens as error:
        _end(str(error))
    _say("The job monitor runs." if action == care.START else "The job monitor is stopped.")


def _reset(state: State) -> None:
    with state.locked("forgetting its data"):
        state.forget()
    _say("The demo's data is gone. The next `make demo` makes it anew.")


def _run(state: State, port: int, days: float, seed: int) -> None:
    with state.locked(f"http://127.0.0.1:{port}") as lock:
        if not is_free(port):
            _end(f"Port {port} is taken by another program. Choose another one: make demo PORT={port + 1}")
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _interrupt)
        with suppress(KeyboardInterrupt):
            _run_stack(state, port, days, seed, lock)
        _say("Everything is stopped.")


def _run_stack(state: State, port: int, days: float, seed: int, lock: int) -> None:
    _say(_before(state.marker(), days))
    stack = Stack(
        state.directory,
        traffic=True,
        history_days=days,
        console_port=port,
        seed=seed,
        say=_say,
        keep_open=(lock,),
    )
    with stack:
        _say(_after(stack))
        care.Care(stack, _say).forever()


def _before(marker: Marker | None, days: float) -> str:
    """What is about to happen."""
    if marker is None:
        lines = [f"First start: making {days:g} days of history takes a minute or two."]
    elif marker.age_days > OLD_DAYS:
        lines = [f"The history here ends {marker.age_days:.0f} days ago; what is missing since then is a gap."]
        lines.append("For a fresh one: make demo-reset, then make demo")
    else:
        lines = ["Starting on the data that is here."]
    if prometheus.find() is None:
        lines.append(prometheus.MISSING)
    elif marker is not None and not marker.prometheus:
        lines.append("Prometheus was not here when the history was made: make demo-reset gives it one.")
    return "\n".join(lines)


def _after(stack: Stack) -> str:
    """Every address, who one is, and what there is to see."""
    lines = [
        "",
        f"  Console     {stack.console_url}",
        f"  Service     {stack.service_url}/docs",
        f"  Prometheus  {stack.prometheus_url or 'not installed'}",
        f"  PostgreSQL  {stack.console_database_url}",
        f"  Logs        {stack.supervisor.logs}",
        "",
        "You are signed in as Mina Park, operator; the picker in the sidebar has a viewer and an admin, too.",
        f"Times are shown in {timezone()}. The service uses the database as its owner; the console only reads it,",
        "but for its own schema ops.",
    ]
    if stack.fresh:
        lines += [
            "",
            f"It begins with an incident: the job monitor stopped {OPENING_MONITOR_DIED / 60:.0f} minutes ago,",
            "and then a worker died with three books in hand: they are stuck until you retry or cancel them.",
            "The monitor comes back in 20 minutes, or at once: .venv/bin/python -m demo monitor start",
            f"And since release {NEWEST.version}, {NEWEST.age / HOUR:.1f} hours ago, a part of all series fails.",
            "And somebody gets around the daily limit with one new user key after the other.",
        ]
    return "\n".join([*lines, "", "Ctrl-C stops everything."])


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _say(text: str) -> None:
    print(text, flush=True)


def _end(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
    raise typer.Exit(FAILED)


if __name__ == "__main__":
    app()
