"""What is spent in words: today against its limits, days unlike their weekday, and where figures are from."""

from __future__ import annotations

from decimal import Decimal

from dashboard.components import cost_terms, usage_words
from dashboard.components.cost_excess import Excess
from dashboard.components.cost_now import CostNow, Judged
from dashboard.components.cost_words import roughly, threshold, usd, weekday
from dashboard.components.formatting import Zone, clock, percent, plain
from dashboard.components.verdicts import State, Verdict
from dashboard.i18n import t, tn
from queries.cost_anomaly import Anomaly
from queries.models import MoneySource, Spend, Thresholds

# From here on "times" is easier to grasp than percent.
TIMES_FROM = 1.95
# Rounds to "2 times", which is "twice".
TWICE = 2.05


def today(now: CostNow, limits: Thresholds, zone: Zone) -> Verdict:
    """Today against the warning, the critical threshold and the service's own limit; times in zone."""
    if now.spent is None:
        return Verdict(
            State.NOT_OFFERED,
            t("What is spent is not known: the service keeps no ledger."),
            t("Set prices (OPS\\_PRICE\\_PER\\_IMAGE, OPS\\_PRICE\\_PER\\_LLM\\_CALL) to see estimates."),
        )
    state = today_state(now, limits)
    if state is State.OK:
        return Verdict(state, _calm(now, now.spent, limits))
    return Verdict(state, _loud(now, now.spent, limits, zone), " ".join(_prospect(now, now.spent, limits, zone)))


def today_state(now: CostNow, limits: Thresholds) -> State:
    """What is over a threshold now, or will reach the service's limit today."""
    if now.spent is None:
        return State.NO_DATA
    if _at_limit(now, now.spent) or now.spent >= limits.daily_cost_critical:
        return State.CRITICAL
    return State.WARNING if now.spent >= limits.daily_cost_warning or now.reached else State.OK


def unusual(now: CostNow, excess: Excess | None) -> list[Verdict]:
    """Yesterday and today so far, each against its own weekday; excess is where yesterday's went."""
    days = (now.yesterday, now.so_far)
    judged = [(one, one.found) for one in days if one is not None and one.found is not None]
    if not judged:
        known = now.spent is not None
        return [Verdict(State.NO_DATA, t("Too little history to tell whether a day is unusual."))] if known else []
    odd = [_unusual(one, found, one is now.so_far, excess) for one, found in judged if found.unusual]
    usual = [one for one, found in judged if not found.unusual]
    return [*odd, Verdict(State.OK, _usual(usual, now))] if usual else odd


def unpriced(spend: Spend) -> list[Verdict]:
    """Calls of today that are in no figure."""
    if not spend.unpriced:
        return []
    said = tn(
        "{n} call of today has no price and is in no figure here.",
        "{n} calls of today have no price and are in no figure here.",
        spend.unpriced,
    )
    why = (
        t("Set OPS\\_PRICE\\_PER\\_IMAGE and OPS\\_PRICE\\_PER\\_LLM\\_CALL to count them.")
        if spend.source is MoneySource.ESTIMATED
        else t("The ledger has them without an amount.")
    )
    return [Verdict(State.NO_DATA, said, why)]


def origin(now: CostNow) -> list[Verdict]:
    """A word where money is only estimated, and where it took longer to read."""
    estimated = t("The service keeps no ledger: every figure is estimated from the price list.")
    told = [Verdict(State.NO_DATA, estimated)] if now.spend.value.source is MoneySource.ESTIMATED else []
    return [*told, *usage_words.unrolled(now.past.reading)]


def facts(now: CostNow) -> str:
    """For the reason of who acts on it, as text."""
    return "" if now.spent is None else t("{usd} spent today", usd=usd(now.spent).replace("\\", ""))


def _at_limit(now: CostNow, spent: Decimal) -> bool:
    return now.limit is not None and spent >= now.limit


def _calm(now: CostNow, spent: Decimal, limits: Thresholds) -> str:
    said = t("{usd} today (warning at {limit})", usd=usd(spent), limit=threshold(limits.daily_cost_warning))
    if now.projected is None:
        return said
    return t("{spent}, about {usd} by its end", spent=said, usd=roughly(now.projected))


def _loud(now: CostNow, spent: Decimal, limits: Thresholds, zone: Zone) -> str:
    if now.limit is not None and _at_limit(now, spent):
        return t("Today's limit of {limit} is reached: {usd} spent.", limit=threshold(now.limit), usd=usd(spent))
    over = (limits.daily_cost_critical, limits.daily_cost_warning)
    crossed = next((one for one in over if spent >= one), None)
    if crossed is not None:
        return t("{usd} spent today, over the threshold of {limit}.", usd=usd(spent), limit=threshold(crossed))
    return t("Today reaches its limit of {limit} at about {time}.", limit=_limit(now), time=_reached(now, zone))


def _prospect(now: CostNow, spent: Decimal, limits: Thresholds, zone: Zone) -> list[str]:
    """Where the day ends, and what comes of it."""
    if _at_limit(now, spent):
        ends = clock(now.today.span.until, zone, now=now.today.now)
        return [t("The service takes no new books until its day ends at {time}.", time=ends)]
    told: list[str] = []
    if spent < limits.daily_cost_warning:
        told.append(t("{usd} spent so far.", usd=usd(spent)))
    if now.projected is not None:
        told.append(t("About {usd} expected by its end.", usd=roughly(now.projected)))
    if now.reached is not None and told and spent >= limits.daily_cost_warning:
        told.append(
            t("The limit of {limit} is reached at about {time}.", limit=_limit(now), time=_reached(now, zone))
        )
    if now.reached is not None:
        told.append(t("From then on new books are refused."))
    elif now.limit is not None:
        told.append(t("The limit of {limit} is not in reach.", limit=_limit(now)))
    return told


def _limit(now: CostNow) -> str:
    return threshold(now.limit or Decimal(0))


def _reached(now: CostNow, zone: Zone) -> str:
    return "" if now.reached is None else clock(now.reached, zone, now=now.today.now)


def _unusual(one: Judged, found: Anomaly, so_far: bool, excess: Excess | None) -> Verdict:
    said = _against(one, found)
    if so_far:
        headline = t("Today has cost {usd} so far, {compared} by this time.", usd=usd(one.usd), compared=said)
    else:
        headline = t("Yesterday cost {usd}, {compared}.", usd=usd(one.usd), compared=said)
    if not found.higher:
        return Verdict(State.OK, headline.rstrip("."))
    return Verdict(State.WARNING, headline, "" if so_far or excess is None else _from(excess))


def _against(one: Judged, found: Anomaly) -> str:
    usual = {"day": weekday(one.day), "usd": roughly(found.usual)}
    if not found.usual:
        return t("where a {day} usually costs nothing", day=usual["day"])
    factor = float(one.usd / found.usual)
    if factor < 1:
        return t("{share} less than a usual {day} ({usd})", share=percent(1 - factor, digits=0), **usual)
    if factor < TIMES_FROM:
        return t("{share} more than a usual {day} ({usd})", share=percent(factor - 1, digits=0), **usual)
    if factor < TWICE:
        return t("twice a usual {day} ({usd})", **usual)
    return t("{n} times a usual {day} ({usd})", n=f"{factor:.1f}", **usual)


def _from(excess: Excess) -> str:
    """Where most of what is above the usual went."""
    bought, usd_above = plain(cost_terms.kind(excess.kind)), roughly(excess.usd)
    if not excess.provider:
        return t("Most of it for {kind}: {usd} above the usual.", kind=bought, usd=usd_above)
    provider = plain(excess.provider)
    return t(
        "Most of it for {kind} by {provider}: {usd} above the usual.",
        kind=bought,
        provider=provider,
        usd=usd_above,
    )


def _usual(judged: list[Judged], now: CostNow) -> str:
    if len(judged) == 2:  # noqa: PLR2004  # both
        return t("yesterday and today so far are as usual")
    return t("today so far is as usual") if judged[0] is now.so_far else t("yesterday was as usual")
