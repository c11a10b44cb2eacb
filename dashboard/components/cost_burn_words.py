"""What burns now, in words: by kind, and against what today's limit still allows. Pure but for the language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from dashboard.components import cost_terms
from dashboard.components.cost_burn_now import HOUR, BurnNow, Pace
from dashboard.components.formatting import Zone, clock, duration, money, plain
from dashboard.components.guardrail_words import DAILY_USD, amount
from dashboard.components.verdicts import MARKS, State
from dashboard.i18n import t
from queries.models import MoneySource

# More kinds than this make no sentence.
KINDS_NAMED = 4


def now(found: BurnNow, allowed: Pace | None, zone: Zone) -> str:
    """As markdown: what burns, then how long today's limit bears it, with a mark where it does not."""
    said = t(
        "**{usd} an hour** are being spent{parts}.", usd=_usd(found.usd_per_hour), parts=_parts(found.by_kind)
    )
    if found.since is not None:
        said = t(
            "**About {usd} an hour** since {time}, {origin}.",
            usd=_usd(found.usd_per_hour),
            time=clock(found.since, zone, now=found.at),
            origin=origin(found),
        )
    if allowed is None:
        return t("{burn} What today's limit still allows is not known.", burn=said)
    state, sentence = against(found.usd_per_hour, allowed)
    return f"{MARKS[state]} {said} {sentence}" if state > State.OK else f"{said} {sentence}"


def against(usd_per_hour: Decimal, allowed: Pace) -> tuple[State, str]:
    """Whether the limit bears this burn until the service's day ends."""
    limit, left = _limit(allowed), duration(allowed.left)
    if allowed.reached:
        said = t("{limit} is reached: {spent} were spent today.", limit=limit, spent=_usd(allowed.spent))
        return State.CRITICAL, said
    pace = t(
        "{limit} allows {usd} an hour for the {left} left of today",
        limit=limit,
        usd=_usd(allowed.usd_per_hour),
        left=left,
    )
    if usd_per_hour <= allowed.usd_per_hour:
        return State.OK, f"{pace}."
    reached = duration(reached_in(usd_per_hour, allowed.limit - allowed.spent))
    return State.WARNING, t("{pace}; so it is reached in about {duration}.", pace=pace, duration=reached)


def reached_in(usd_per_hour: Decimal, usd: Decimal) -> timedelta | None:
    """How long it takes to spend as much at this pace; None where that is forever."""
    return None if usd_per_hour <= 0 else float(max(usd, Decimal(0)) / usd_per_hour) * HOUR


def origin(found: BurnNow) -> str:
    """Where the figure is from."""
    if found.source is None:
        return "Prometheus"
    if found.source is MoneySource.ESTIMATED:
        return t("estimated from the price list, since Prometheus does not tell")
    return t("by the ledger, since Prometheus does not tell")


def unknown() -> str:
    """Nothing tells what burns."""
    return t(
        "What is being spent now is not offered: no Prometheus tells it, and there is no ledger or price list."
    )


def _parts(by_kind: Mapping[str, Decimal]) -> str:
    """The most of them, in their order."""
    named = [(kind, usd) for kind, usd in by_kind.items() if kind and usd > 0][:KINDS_NAMED]
    if len(named) < 2:  # noqa: PLR2004  one part is the whole
        return ""
    return ": " + ", ".join(f"{plain(cost_terms.kind(kind))} {_usd(usd)}" for kind, usd in named)


def _limit(allowed: Pace) -> str:
    """Whose limit it is."""
    usd = plain(amount(allowed.limit, DAILY_USD))
    if allowed.by_service:
        return t("The service's limit of {usd} a day", usd=usd)
    return t("The threshold of {usd} a day (OPS\\_DAILY\\_COST\\_CRITICAL)", usd=usd)


def _usd(usd: Decimal) -> str:
    return plain(money(usd))
