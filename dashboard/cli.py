"""The command line: serve | demo | migrate | rollup | report | audit | doctor. Errors are sentences."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from actions import migrations
from actions.rollup_check import SAMPLE_DAYS
from dashboard import asgi, audit_command, auth, logs, middleware, rollup_command, settings, settings_file
from dashboard import doctor as pieces
from dashboard.components import audit_files
from dashboard.settings_errors import SettingsError
from queries import invoice
from queries.audit_models import AuditHead
from queries.database import translated
from queries.errors import OpsError

app = typer.Typer(
    help="The operations console of a picture book service.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
INSTANTS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"]
# A little more than an invoice may have, so that the page refuses a larger one in its own words.
UPLOAD_MEGABYTES = invoice.MAX_MEGABYTES + 1


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.", envvar="PORT", min=0, max=65535)] = 8501,
) -> None:
    """Run the console."""
    with _sentences():
        auth.check(settings.load(), host)
    logs.configure()
    # Streamlit looks for .streamlit/config.toml in the working directory.
    os.chdir(settings.ROOT)
    # Else uvicorn takes X-Forwarded-For of anybody on this machine for the peer's address.
    os.environ["FORWARDED_ALLOW_IPS"] = ""
    asgi.app.run(
        config={
            "server.address": host,
            "server.port": port,
            "server.headless": True,
            "server.fileWatcherType": "none",
            "server.allowedHosts": middleware.hosts(settings.load()),
            "server.maxUploadSize": UPLOAD_MEGABYTES,
            "secrets.files": [str(settings_file.path(settings.FILE_VARIABLE, settings.DEFAULT_FILE))],
        }
    )


@app.command()
def migrate(
    to: Annotated[
        str | None, typer.Option(help="A revision such as 0004, or base; the newest if not given.")
    ] = None,
    *,
    losing_audit_log: Annotated[
        bool, typer.Option("--losing-audit-log", help="Go back to where there is none, though it has rows.")
    ] = False,
) -> None:
    """Create or update the console's own schema "ops", or take it back to an older revision."""
    with _sentences(), translated("OPS_STORE_URL"):
        url = settings.load().store_url
        reached = migrations.bring(url, to or migrations.head(), losing_audit_log=losing_audit_log)
    typer.echo(f'The schema "ops" is at revision {reached}.')


audit = typer.Typer(help="Prove that the audit log is whole, or write it into a file.", no_args_is_help=True)
app.add_typer(audit, name="audit")


@audit.command()
def verify(
    expect: Annotated[
        AuditHead | None,
        typer.Option(help="POSITION:HASH that was noted elsewhere.", parser=audit_command.noted, metavar="HEAD"),
    ] = None,
) -> None:
    """Compute the audit log's chain again; name the first row that is broken."""
    with _sentences():
        told = audit_command.verified(expect)
    for line in told.lines:
        typer.echo(line, err=not told.fine)
    raise typer.Exit(0 if told.fine else 1)


@audit.command()
def export(
    form: Annotated[audit_files.Form, typer.Option("--format", help="Of the file.")] = audit_files.Form.CSV,
    since: Annotated[
        datetime | None, typer.Option(formats=INSTANTS, help="In UTC; from the first row on.")
    ] = None,
    until: Annotated[datetime | None, typer.Option(formats=INSTANTS, help="In UTC; without this instant.")] = None,
    output: Annotated[
        Path, typer.Option(help="A file or folder; standard output if not given.")
    ] = audit_command.STANDARD_OUTPUT,
) -> None:
    """Write the audit log, oldest row first, as a table or as JSON lines."""
    with _sentences():
        told = audit_command.exported(form, since, until, output)
    for line in told.lines:
        typer.echo(line)


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
def report(
    *,
    week: Annotated[str | None, typer.Option(help="Such as 2026-W47; the last closed week if not given.")] = None,
    form: Annotated[
        Literal["html", "pdf", "csv"], typer.Option("--format", help="Of the file that is written.")
    ] = "html",
    output: Annotated[Path | None, typer.Option(help="A file or folder for it; - for standard output.")] = None,
    send: Annotated[
        bool, typer.Option("--send", help="Send it to OPS_REPORT_TARGETS, once for each week.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Send also where nobody knows whether it arrived.")
    ] = False,
    anew: Annotated[bool, typer.Option("--anew", help="Make the week's kept numbers anew, and say so.")] = False,
) -> None:
    """Make the weekly cost report: a file to forward, or sent as from cron."""
    from dashboard.report import command, files  # noqa: PLC0415  # what draws and counts takes seconds to load

    with _sentences():
        told = command.run(command.Wanted(week, files.Format(form), output, send, again, anew))
    for line in told.lines:
        typer.echo(line, err=output == command.STANDARD_OUTPUT)
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
    os.execv(sys.executable, [sys.executable, "-m", "demo", *context.args])  # noqa: S606  # nosec B606


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
