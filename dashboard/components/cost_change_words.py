"""What changed a week's spending, in words: the total first, then what did most of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import TypeAlias

from dashboard.components import cost_terms, usage_words
from dashboard.components.formatting import percent, plain
from dashboard.i18n import t
from queries.cost_change import Change, Effect, Spending

# More than a person keeps in mind.
NAMED = 3
Named: TypeAlias = tuple[str, Decimal]


def week(name: str) -> str:
    """A choice of days: an ISO week with its first day."""
    try:
        monday = date.fromisoformat(f"{name}-1")
    except ValueError:
        return t("Last 7 whole days")
    return t("Week {number}, from {day}", number=monday.isocalendar().week, day=usage_words.day(monday))


def headline(shown: Change, before: Spending, after: Spending, places: int) -> str:
    """The change and what did most of it, as markdown; shown is rounded to that many places."""
    if not shown.before_usd and not before.jobs:
        return _first(after, places)
    usd = plain(cost_terms.precise(abs(shown.usd), places))
    if shown.usd > 0:
        told = t("**{usd} more** than in the 7 days before", usd=usd)
    elif shown.usd < 0:
        told = t("**{usd} less** than in the 7 days before", usd=usd)
    else:
        told = t("**As much** as in the 7 days before")
    reasons = ", ".join(_reasons(shown, before, after, places))
    return f"{told}: {reasons}." if reasons else f"{told}."


def effects(shown: Change) -> Sequence[Named]:
    """What did something, as text with its USD, largest first."""
    named = [(t("jobs"), shown.jobs_usd), (t("other"), shown.other_usd)]
    for one in shown.effects:
        what = cost_terms.bought(one.provider, one.kind)
        named += [
            (t("calls a job: {what}", what=what), one.calls_usd),
            (t("price a call: {what}", what=what), one.price_usd),
        ]
    return _largest(named)


def _first(after: Spending, places: int) -> str:
    if not after.usd:
        return f":gray[{t('Nothing was spent in these 14 days.')}]"
    usd = plain(cost_terms.precise(after.usd, places))
    return t("**{usd}** was spent. In the 7 days before there was nothing to compare it with.", usd=usd)


def _reasons(shown: Change, before: Spending, after: Spending, places: int) -> Sequence[str]:
    named = [(_jobs(before.jobs, after.jobs), shown.jobs_usd), (t("other money"), shown.other_usd)]
    for one in shown.effects:
        named += [(_calls(one), one.calls_usd), (_price(one), one.price_usd)]
    return [f"{words} ({plain(cost_terms.signed(usd, places))})" for words, usd in _largest(named)[:NAMED]]


def _largest(named: Sequence[Named]) -> Sequence[Named]:
    return sorted((one for one in named if one[1]), key=lambda one: -abs(one[1]))


def _jobs(before: int, after: int) -> str:
    if not before or not after:
        return t("no jobs before") if after else t("no jobs any more")
    share = after / before - 1
    told = percent(abs(share), digits=0 if abs(share) >= 0.1 else 1)  # noqa: PLR2004
    return t("{share} more jobs", share=told) if share > 0 else t("{share} fewer jobs", share=told)


def _calls(one: Effect) -> str:
    what = plain(cost_terms.bought(one.provider, one.kind))
    return (
        t("more calls a job for {what}", what=what)
        if one.calls_usd > 0
        else t("fewer calls a job for {what}", what=what)
    )


def _price(one: Effect) -> str:
    what = plain(cost_terms.bought(one.provider, one.kind))
    return t("dearer {what}", what=what) if one.price_usd > 0 else t("cheaper {what}", what=what)
