"""The command line: ops-dashboard serve | demo | migrate | rollup | doctor. Errors are sentences."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from actions import migrations
from actions.rollup_check import SAMPLE_DAYS
from dashboard import asgi, auth, rollup_command, settings
from dashboard import doctor as pieces
from dashboard.settings_errors import SettingsError
from queries.database import translated
from queries.errors import OpsError

app = typer.Typer(
    help="The operations console of a picture book service.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
ALL_LOOPBACK = ["localhost", "127.0.0.1", "::1"]


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.", envvar="PORT", min=0, max=65535)] = 8501,
) -> None:
    """Run the console."""
    with _sentences():
        auth.check(settings.load(), host)
    # Streamlit looks for .streamlit/config.toml in the working directory.
    os.chdir(settings.ROOT)
    asgi.app.run(
        config={
            "server.address": host,
            "server.port": port,
            "server.headless": True,
            "server.fileWatcherType": "none",
            "server.allowedHosts": ALL_LOOPBACK if settings.load().auth == "demo" else [],
        }
    )


@app.command()
def migrate() -> None:
    """Create or update the console's own schema "ops"."""
    with _sentences(), translated("OPS_STORE_URL"):
        typer.echo(f'The schema "ops" is at revision {migrations.upgrade(settings.load().store_url)}.')


@app.command()
def rollup(
    everything: Annotated[bool, typer.Option("--all", help="Make all hours anew.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Count days again and show what differs.")] = False,
    days: Annotated[int, typer.Option(help="How many days to check beside the newest.", min=0)] = SAMPLE_DAYS,
) -> None:
    """Bring the usage of closed hours up to date, as from cron; or check it."""
    with _sentences():
        told = rollup_command.checked(days) if check else rollup_command.rolled_up(anew=everything)
    for line in told.lines:
        typer.echo(line)
    raise typer.Exit(0 if told.fine else 1)


@app.command()
def doctor() -> None:
    """Check each source: one line a piece, and how to mend what is missing or broken."""
    broken = False
    for finding in pieces.findings():
        typer.echo(finding.line)
        broken = broken or finding.state is pieces.State.BROKEN
    raise typer.Exit(1 if broken else 0)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def demo(context: typer.Context) -> None:
    """Run the console on a local service with live data; options go to the demo."""
    # In place of this process, so that signals reach the demo itself.
    os.execv(sys.executable, [sys.executable, "-m", "demo", *context.args])  # noqa: S606


@contextmanager
def _sentences() -> Iterator[None]:
    """Tell an expected error as sentences, one a line, and end."""
    try:
        yield
    except SettingsError as error:
        typer.echo(error.fields["problems"], err=True)
        raise typer.Exit(1) from error
    except OpsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    app()
