"""The six numbers of the Costs page: today and the month, and what the chosen days came to."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from dashboard import cost_totals, fetch, usage_totals
from dashboard.components import cost_month_verdict, cost_terms, cost_verdict, cost_words, usage_words
from dashboard.components.cost_now import MINUTE, CostNow
from dashboard.components.formatting import NOTHING, count, money, percent, plain
from dashboard.components.summary import source
from dashboard.components.tiles import Tile
from dashboard.components.usage_span import Days
from dashboard.components.verdicts import State
from dashboard.connections import settings
from dashboard.cost_totals import CostDays
from dashboard.i18n import t, tn
from queries import costs, unit_costs, waste
from queries.cost_models import total
from queries.forecast import MonthForecast
from queries.models import MoneySource

HOURS = 24


def tiles(now: CostNow, found: MonthForecast, days: Days, named: str) -> list[Tile]:
    """named are the days' words. Raises DatabaseError."""
    spent = cost_totals.by_day(days.span, days.zone, ttl=MINUTE)
    return [
        _today(now),
        _month(now),
        _expected(now, found),
        _book(spent, days, named),
        _waste(spent, named),
        _unpriced(spent, named),
    ]


def _today(now: CostNow) -> Tile:
    label, answer = t("Today"), now.spend
    if answer.value.usd is None:
        return _unknown(label, source(answer))
    end = t("about {usd} by its end", usd=cost_words.roughly(now.projected)) if now.projected is not None else ""
    state = cost_verdict.today_state(now, settings().thresholds)
    hours = _by_hour()
    scale = t("by hour, up to {usd}", usd=plain(money(max(hours)))) if hours else ""
    return Tile(label, money(answer.value.usd), state, end, _origin(now), [float(usd) for usd in hours], scale)


def _month(now: CostNow) -> Tile:
    label, spent = t("This month"), now.month_spent
    if spent is None:
        return _unknown(label, source(now.spend))
    pace = cost_words.roughly(cost_month_verdict.daily(now, spent))
    here = settings()
    note = t("{pace} a day, budget {budget}", budget=cost_words.threshold(here.budget), pace=pace)
    state = cost_month_verdict.spent_state(spent, here.thresholds, here.budget)
    return Tile(label, money(spent), state, note, _origin(now))


def _expected(now: CostNow, found: MonthForecast) -> Tile:
    label = t("Month's end, expected")
    if now.month_spent is None:
        return _unknown(label, source(now.spend))
    note = cost_month_verdict.band(found)
    state = cost_month_verdict.expected_state(found, settings().budget)
    return Tile(label, cost_words.about(found.expected), state, note, _origin(now))


def _book(spent: CostDays, days: Days, named: str) -> Tile:
    label = t("Cost per book")
    if spent.source is MoneySource.NONE:
        return _unknown(label, usage_words.source(spent.reading))
    jobs = usage_totals.by_kind_and_day(days.span, days.zone, ttl=MINUTE)
    done = sum(one.tally.done for one in jobs.days)
    found = unit_costs.unit_costs(spent.days, done)
    if found.loaded is None:
        return Tile(label, NOTHING, State.OK, t("{days}: none was finished", days=named), cost_terms.source(spent))
    direct = plain(cost_terms.precise(found.direct))
    books = tn("{n} book", "{n} books", done)
    note = t("{days}: {direct} of it used, {books}", days=named, direct=direct, books=books)
    return Tile(label, cost_terms.precise(found.loaded), State.OK, note, cost_terms.source(spent))


def _waste(spent: CostDays, named: str) -> Tile:
    label = t("Waste")
    if spent.source is MoneySource.NONE:
        return _unknown(label, usage_words.source(spent.reading))
    share = waste.share(spent.days)
    usd = plain(money(waste.wasted(spent.days).usd))
    note = (
        t("{days}: nothing was spent", days=named)
        if share is None
        else t("{days}: {usd} bought nothing", days=named, usd=usd)
    )
    return Tile(label, percent(share), State.OK, note, cost_terms.source(spent))


def _unpriced(spent: CostDays, named: str) -> Tile:
    label = t("Unpriced calls")
    if spent.source is MoneySource.NONE:
        return _unknown(label, usage_words.source(spent.reading))
    found = total(one.tally for one in spent.days)
    note = tn(
        "{days}: of {n} call, in no figure", "{days}: of {n} calls, in no figure", round(found.calls), days=named
    )
    return Tile(label, count(found.unpriced), State.OK, note, cost_terms.source(spent))


def _by_hour() -> Sequence[Decimal]:
    """USD of the last whole hours, oldest first."""
    found = fetch.database(costs.spent_by_hour, settings().price_history, HOURS + 1, ttl=MINUTE).value
    return [usd for _, usd in found[:-1]]


def _origin(now: CostNow) -> str:
    return f"{source(now.spend)} · {cost_words.origin(now.spend.value.source)}"


def _unknown(label: str, told: str) -> Tile:
    return Tile(label, NOTHING, State.NOT_OFFERED, t("not known: no ledger, no prices"), told)
