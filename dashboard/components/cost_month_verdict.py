"""The month in words: what is spent, where it ends, and whether its budget lasts."""

from __future__ import annotations

from decimal import Decimal

from dashboard.components import usage_words
from dashboard.components.cost_now import CostNow
from dashboard.components.cost_words import month, probability, roughly, threshold, usd
from dashboard.components.formatting import count
from dashboard.components.verdicts import State, Verdict
from dashboard.i18n import t
from queries.forecast import BAND_DAYS, MonthForecast
from queries.models import Thresholds


def verdicts(now: CostNow, found: MonthForecast, limits: Thresholds, budget: Decimal) -> list[Verdict]:
    """The month to date, its expected end with the 80 % band, and the budget; [] where no money is known."""
    spent = now.month_spent
    if spent is None:
        return []
    name = month(now.today.first)
    state = month_state(spent, found, limits, budget)
    if state is State.OK:
        return [Verdict(state, _calm(name, spent, found, budget)), *_without_band(found)]
    return [Verdict(state, _loud(name, spent, found, limits, budget), _prospect(now, spent, found))]


def month_state(spent: Decimal, found: MonthForecast, limits: Thresholds, budget: Decimal) -> State:
    """The worse of what is spent and what is expected."""
    return max(spent_state(spent, limits, budget), expected_state(found, budget))


def spent_state(spent: Decimal, limits: Thresholds, budget: Decimal) -> State:
    """What is over a threshold or the budget now."""
    if spent >= limits.monthly_cost_critical:
        return State.CRITICAL
    return State.WARNING if spent >= min(limits.monthly_cost_warning, budget) else State.OK


def expected_state(found: MonthForecast, budget: Decimal) -> State:
    """What more likely than not will pass the budget."""
    return State.WARNING if found.expected >= budget else State.OK


def band(found: MonthForecast) -> str:
    """The 80 % band, as markdown; why there is none."""
    if found.low is None or found.high is None:
        return t(
            "no band: it needs {n} closed days, and there are {days}",
            n=count(BAND_DAYS),
            days=count(found.closed_days),
        )
    return t("80 %: {low} to {high}", low=roughly(found.low), high=roughly(found.high))


def _without_band(found: MonthForecast) -> list[Verdict]:
    if found.low is not None:
        return []
    why = t("The month's end is the pace so far, {band}.", band=band(found))
    return [Verdict(State.NO_DATA, why)]


def _calm(name: str, spent: Decimal, found: MonthForecast, budget: Decimal) -> str:
    said = t(
        "{month}: {usd} spent, about {expected} expected of {budget}",
        month=name,
        usd=usd(spent),
        expected=roughly(found.expected),
        budget=threshold(budget),
    )
    if found.low is None or found.probability is None:
        return said
    chance = probability(found.probability)
    return t("{said} ({band}; {chance} to pass it)", said=said, band=band(found), chance=chance)


def _loud(name: str, spent: Decimal, found: MonthForecast, limits: Thresholds, budget: Decimal) -> str:
    if spent >= limits.monthly_cost_critical:
        limit = threshold(limits.monthly_cost_critical)
        return t("{usd} spent in {month}, over the threshold of {limit}.", usd=usd(spent), month=name, limit=limit)
    if spent >= budget:
        return t(
            "{month} has passed its budget of {limit}: {usd} spent.",
            month=name,
            limit=threshold(budget),
            usd=usd(spent),
        )
    if found.expected < budget:
        limit = threshold(limits.monthly_cost_warning)
        return t("{usd} spent in {month}, over the threshold of {limit}.", usd=usd(spent), month=name, limit=limit)
    said = t("{month} is expected to pass its budget of {limit}", month=name, limit=threshold(budget))
    return f"{said}{_when(found)}."


def _when(found: MonthForecast) -> str:
    if found.exhausted is None:
        return ""
    day = usage_words.day(found.exhausted)
    early, late = found.exhausted_early, found.exhausted_late
    if early is None or early == late:
        return t(" on {day}", day=day)
    if late is None:
        return t(" on {day} (at the earliest {early})", day=day, early=usage_words.day(early))
    return t(
        " on {day} (between {early} and {late})", day=day, early=usage_words.day(early), late=usage_words.day(late)
    )


def _prospect(now: CostNow, spent: Decimal, found: MonthForecast) -> str:
    told = [
        t("{usd} so far, {pace} a day.", usd=usd(spent), pace=roughly(daily(now, spent))),
        t("About {usd} expected by its end ({band}).", usd=roughly(found.expected), band=band(found)),
    ]
    if found.probability is not None:
        told.append(t("Probability of passing the budget: {share}.", share=probability(found.probability)))
    return " ".join(told)


def daily(now: CostNow, spent: Decimal) -> Decimal:
    """USD a day of this month so far; today counts by how much of a usual day is spent."""
    days = Decimal(now.today.first.day - 1) + Decimal(now.course.share)
    return spent / days if days else spent
