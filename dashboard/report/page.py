"""A report as one HTML file that needs nothing else: fonts and charts are in it, and it asks nobody."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from dashboard.components.header import LOUD_ENVIRONMENTS
from dashboard.i18n import language, t
from dashboard.report import phrases, tables, view
from dashboard.report.numbers import Edition
from queries.models import MoneySource

TEMPLATE = Path(__file__).with_name("page.html")
FONT = Path(__file__).parent.parent / "static" / "inter.woff2"


def html(edition: Edition, console_url: str | None = None) -> str:
    """The same for the same edition; console_url is where its readers find more."""
    from jinja2 import Environment  # noqa: PLC0415  # only reports need it

    numbers = edition.numbers
    environment = Environment(autoescape=True)
    environment.filters["unbroken"] = _unbroken
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        language=language(),
        name=name(),
        title=phrases.title(numbers),
        environment=phrases.foreign(numbers.environment),
        loud=numbers.environment.lower() in LOUD_ENVIRONMENTS,
        made_on=edition.made_at.date().isoformat(),
        font=_font(),
        dates=t("{dates} · days of {zone}", dates=phrases.dates(numbers), zone=numbers.zone),
        notices=tuple(_notices(edition)),
        lines=view.lines(numbers),
        figures=view.figures(numbers),
        charts=tuple(view.drawn(numbers)),
        tables=tuple(tables.tables(numbers)),
        definitions=tuple(_definitions(edition)),
        console=console_url,
    )


def name() -> str:
    return t("Weekly cost report")


def _notices(edition: Edition) -> Iterator[str]:
    """What a reader has to know before any number."""
    numbers = edition.numbers
    if not numbers.finished:
        until = phrases.instant(numbers.until)
        yield t(
            "Unfinished: the week goes on. These are its numbers until {until}; they will change.", until=until
        )
    if numbers.source is MoneySource.ESTIMATED:
        yield t("All dollars are estimated from the price list: this service keeps no ledger of its calls.")


def _definitions(edition: Edition) -> Iterator[tuple[str, str]]:
    """Sources, and what the words mean."""
    source = edition.numbers.source
    if source is MoneySource.LEDGER:
        dollars = t("are the ledger's (cost_events): every call counts on the day it was made.")
    elif source is MoneySource.ESTIMATED:
        dollars = t("are estimated: what each job bought by the price list, on the day it was created.")
    else:
        dollars = t("are not known: neither ledger nor price list.")
    yield t("Dollars"), dollars
    yield (
        t("Books and jobs"),
        t("are of the jobs table, by creation in the week. Refusals by safety are no failures."),
    )
    yield (
        t("Cost per finished book"),
        t("is all money of the week over its finished books; what went into the books leaves out waste."),
    )
    yield (
        t("Waste"),
        t("is what went into jobs that failed, were refused or cancelled, failed calls, or was bought again."),
    )
    yield t("Forecast"), t("from daily sums as of the last day told; 8 of 10 ends of the month lie in the band.")
    yield t("Numbers"), made(edition)


def made(edition: Edition) -> str:
    """Since when the numbers are what they are."""
    at = phrases.instant(edition.made_at)
    if edition.fixed and edition.revision > 1:
        return t(
            "made anew on {at} (revision {n}); later reports of this week repeat them.", at=at, n=edition.revision
        )
    if edition.fixed:
        return t("fixed on {at}; later reports of this week repeat them.", at=at)
    return t("as of {at}, not fixed: a later report of this week may differ.", at=at)


def _unbroken(text: str) -> str:
    """No line ends between a number and its percent sign."""
    return text.replace(" %", "\N{NO-BREAK SPACE}%")


@cache
def _font() -> str:
    return b64encode(FONT.read_bytes()).decode("ascii")
