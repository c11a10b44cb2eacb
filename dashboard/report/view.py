"""A report's verdicts, figures and charts as its page shows them, ready for the template."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from dashboard.components import cost_terms, cost_words
from dashboard.components.charts import BLUE
from dashboard.components.formatting import count, money, percent
from dashboard.components.verdicts import State, spoken
from dashboard.i18n import t, tn
from dashboard.report import charts, phrases, verdicts
from dashboard.report.numbers import Numbers, WeekSums
from queries.forecast import BAND_DAYS, MonthForecast
from queries.models import MoneySource


@dataclass(frozen=True, slots=True)
class Line:
    """One verdict; mood is ok, warning or critical, spoken its word for those who see no colour."""

    mood: str
    spoken: str
    text: str
    detail: str


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with its label, what stands below it, and what it was the week before."""

    label: str
    value: str
    note: str
    before: str


@dataclass(frozen=True, slots=True)
class Key:
    """What stands for what in a chart: an area's colour, or a line's mark, usual or ahead."""

    name: str
    colour: str = ""
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """svg is markup of our own."""

    title: str
    about: str
    keys: tuple[Key, ...]
    svg: str


_MOODS = {State.WARNING: "warning", State.CRITICAL: "critical"}


def lines(numbers: Numbers) -> tuple[Line, ...]:
    """The verdicts."""
    return tuple(
        Line(_MOODS.get(one.state, "ok"), spoken(one.state), one.text, one.detail)
        for one in verdicts.sentences(numbers)
    )


def figures(numbers: Numbers) -> tuple[Figure, ...]:
    """Spend, books, cost a book, waste, success and users, each beside the week before."""
    this, before = numbers.this, numbers.before
    was = _the_week_before
    about = "≈ " if numbers.source is MoneySource.ESTIMATED and this.usd else ""
    direct = t("{usd} of it in the book", usd=cost_terms.precise(this.direct))
    return (
        Figure(t("Spend"), about + money(this.usd), _moved(before.usd, this.usd), was(money(before.usd))),
        Figure(t("Finished books"), count(this.done), _moved(before.done, this.done), was(count(before.done))),
        Figure(
            t("Cost per finished book"),
            about + cost_terms.precise(this.loaded),
            direct,
            was(cost_terms.precise(before.loaded)),
        ),
        Figure(
            t("Waste"), percent(this.waste_share), about + money(_wasted(this)), was(percent(before.waste_share))
        ),
        Figure(t("Success rate"), percent(this.success_rate), _ended(this), was(percent(before.success_rate))),
        Figure(t("Users"), count(this.users), tn("{n} job", "{n} jobs", this.jobs), was(count(before.users))),
    )


def _moved(before: float | Decimal | None, after: float | Decimal | None) -> str:
    change = phrases.change(before, after)
    return t("{change} on the week before", change=change) if change else ""


def _the_week_before(value: str) -> str:
    return t("was {value}", value=value)


def _wasted(sums: WeekSums) -> Decimal | None:
    return None if sums.usd is None else sums.wasted_usd


def _ended(sums: WeekSums) -> str:
    return t("{failed} failed, {refused} refused", failed=count(sums.failed), refused=count(sums.refused))


def drawn(numbers: Numbers) -> Iterator[Chart]:
    """Nothing where nothing tells money."""
    if any(one.usd for one in numbers.days):
        keys = [Key(phrases.foreign(cost_terms.kind(kind)), charts.colour(kind)) for kind in charts.kinds(numbers)]
        if any(one.usual is not None for one in numbers.judged):
            keys.append(Key(t("usual for the weekday"), mark="usual"))
        yield Chart(t("Day by day"), t("US dollars, this week in full colour"), tuple(keys), charts.daily(numbers))
    if numbers.forecast is not None:
        yield _month(numbers.forecast, numbers)


def _month(forecast: MonthForecast, numbers: Numbers) -> Chart:
    keys = [Key(t("spent {usd}", usd=money(forecast.spent)), BLUE)]
    if forecast.course[-1].spent is None:
        keys.append(Key(t("expected {usd}", usd=cost_words.about(forecast.expected)), mark="ahead"))
    about = (
        t("US dollars, 80 % band")
        if forecast.low is not None
        else t("US dollars; no band before {n} closed days", n=BAND_DAYS)
    )
    return Chart(cost_words.month(numbers.last), about, tuple(keys), charts.month(forecast, numbers))
