"""What ops-dashboard report does, and says."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from dashboard import connections
from dashboard.report import delivery, editions, files, page, phrases
from dashboard.report.errors import FileUnwritable, OptionsUnfit, WeekGoesOn
from dashboard.report.files import Format
from dashboard.report.numbers import Edition
from dashboard.report.weeks import Week, last_closed

# Instead of a file's name: to where the next program of a pipe reads.
STANDARD_OUTPUT = Path("-")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The command's options; week is the last closed one where none is named, output a file in this folder."""

    week: str | None = None
    format: Format = Format.HTML
    output: Path | None = None
    send: bool = False
    again: bool = False
    anew: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """fine: what was asked for is done, now or before."""

    lines: tuple[str, ...]
    fine: bool


def run(wanted: Wanted) -> Told:
    """Make the report; write it into a file unless it is only to be sent. Raises OpsError."""
    if wanted.again and not wanted.send:
        raise OptionsUnfit(options="--again", detail="sends once more, so it needs --send.")
    if wanted.send:
        delivery.targets()
    here = connections.settings()
    week = _week(wanted, here.service_timezone)
    edition = editions.edition(week, here.service_timezone, anew=wanted.anew)
    if wanted.send and not edition.numbers.finished:
        raise WeekGoesOn(week=week.name, last=week.last, zone=here.service_timezone)
    lines = [_about(edition)]
    if wanted.output is not None or not wanted.send:
        lines += _written(edition, wanted)
    told = delivery.send(edition, again=wanted.again, everyone=wanted.anew) if wanted.send else ()
    return Told((*lines, *(one.line for one in told)), all(one.fine for one in told))


def _week(wanted: Wanted, zone: str) -> Week:
    now = editions.now()
    if wanted.week is None:
        return last_closed(zone, now)
    return Week.parsed(wanted.week, now.astimezone(ZoneInfo(zone)).date())


def _about(edition: Edition) -> str:
    numbers = edition.numbers
    unfinished = "" if numbers.finished else " UNFINISHED: the week goes on."
    why = f" ({edition.why_not})" if edition.why_not else ""
    dates = f"{phrases.dates(numbers)}, days of {numbers.zone}"
    return f"Week {numbers.week} ({dates}).{unfinished} Numbers {page.made(edition)}{why}"


def _written(edition: Edition, wanted: Wanted) -> Iterator[str]:
    made = files.file(edition, wanted.format)
    if wanted.output == STANDARD_OUTPUT:
        sys.stdout.buffer.write(made.content)
        sys.stdout.flush()
        return
    path = wanted.output or Path(made.name)
    if path.is_dir():
        path /= made.name
    try:
        path.write_bytes(made.content)
    except OSError as error:
        raise FileUnwritable(path=path, detail=error.strerror) from error
    yield f"Written: {path}"
