"""What to know before a limit is turned: who is refused at once, what lies outside, what stops it all."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from dashboard import situation
from dashboard.components import guardrail_now
from dashboard.components.formatting import count, plain
from dashboard.components.guardrail_draft import Draft
from dashboard.components.guardrail_now import Use
from dashboard.components.guardrail_words import (
    BY_DAY,
    DAILY,
    DAILY_PER_USER,
    OFF_AT_ZERO,
    PER_USER,
    amount,
    bounds,
    users,
)
from dashboard.connections import settings
from dashboard.i18n import t


def of(draft: Draft) -> list[str]:
    """One sentence a warning, as markdown; the worst first."""
    value = draft.value
    if value is None:
        return []
    if draft.out_of_bounds:
        allowed = plain(bounds(draft.limit, draft.rail))
        return [
            t("{value} is out of bounds: the service takes {bounds}.", value=_text(draft, value), bounds=allowed)
        ]
    closed = situation.intake()
    told = [*_at_once(draft, value), *_quota(draft.limit, value), *_zero(draft.limit, value)]
    if closed is not None and not closed.accepting:
        told.append(t("Intake is closed: nobody is let in, whatever the limit."))
    return told


def _text(draft: Draft, value: Decimal) -> str:
    return plain(amount(value, draft.limit, draft.rail))


def _at_once(draft: Draft, value: Decimal) -> Iterator[str]:
    """Who has more than that already."""
    used = guardrail_now.use(draft.limit)
    if not isinstance(used, Use) or value >= draft.rail.value > 0 or (not value and draft.limit in OFF_AT_ZERO):
        return
    if draft.limit in PER_USER and (number := used.users_at(value)):
        when = t("today") if draft.limit in BY_DAY else t("now")
        yield t(
            "{users} at or above {value} {now}: refused at once.",
            users=users(number),
            value=_text(draft, value),
            now=when,
        )
    elif draft.limit not in PER_USER and used.amount >= value:
        used_now = _text(draft, used.amount)
        yield t("It is at {used} now: every new request would be refused at once.", used=used_now)


def _quota(limit: str, value: Decimal) -> Iterator[str]:
    quota = settings().daily_jobs_quota
    if quota is None or limit not in (DAILY, DAILY_PER_USER):
        return
    if value > quota or (limit == DAILY and not value):
        yield t("The providers' quotas allow {n} jobs a day (OPS_DAILY_JOBS_QUOTA).", n=count(quota))


def _zero(limit: str, value: Decimal) -> Iterator[str]:
    if value:
        return
    if limit in OFF_AT_ZERO:
        yield t("0 switches this limit off.")
    else:
        yield t("0 lets nobody in.")
