"""What another value would have done, in sentences. Pure but for the language."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from dashboard import discretion
from dashboard.components.formatting import money, plain
from dashboard.components.guardrail_draft import Draft
from dashboard.components.guardrail_words import OFF_AT_ZERO, held, users
from dashboard.i18n import t, tn
from queries.models import MoneySource
from queries.what_if import LetThrough, WhatIf


def loosens(draft: Draft) -> bool:
    """Whether the value lets more in than the one that holds."""
    if draft.value is None:
        return False
    if draft.limit in OFF_AT_ZERO and 0 in (draft.value, draft.rail.value):
        return draft.value == 0
    return draft.value > draft.rail.value


def sentences(found: WhatIf, draft: Draft) -> list[str]:
    """As markdown: whom it would have blocked, and whom it would have let in. The first is bold."""
    told = []
    if found.blocked_jobs or not loosens(draft):
        told.append(_blocked(found))
    if loosens(draft) or (found.let_through is not None and found.let_through.requests):
        told.append(_let_in(found.let_through))
    value, current = _values(draft)
    head = t(
        "In the last {days}, {value} instead of {current} would have {done}.",
        days=days(found),
        value=value,
        current=current,
        done=told[0],
    )
    more = [t("It would have {done}.", done=one) for one in told[1:]]
    return [f"**{head}**", *more, *_notes(found)]


def days(found: WhatIf) -> str:
    """How many of the service's days were replayed."""
    return tn("{n} day", "{n} days", len(found.by_day))


def _values(draft: Draft) -> tuple[str, str]:
    value = draft.rail.value if draft.value is None else draft.value
    new, current = (plain(held(number, draft.limit, draft.rail)) for number in (value, draft.rail.value))
    return new, current


def _blocked(found: WhatIf) -> str:
    if not found.blocked_jobs:
        return t("blocked no job")
    on = sum(1 for one in found.by_day if one.jobs)
    fields = {
        "jobs": tn("{n} job", "{n} jobs", found.blocked_jobs),
        "users": users(found.blocked_users),
        "days": tn("{n} day", "{n} days", on),
    }
    if not discretion.money_shown():
        return t("blocked {jobs} of {users} on {days}", **fields)
    return t("blocked {jobs} of {users} on {days}, {usd}", **fields, usd=_usd(found.usd))


def _let_in(found: LetThrough | None) -> str:
    if found is None:
        return t("let in some of the refused requests; how many is not offered by this service")
    if not found.requests:
        return t("let in none of the requests that it refused")
    requests = tn("{n} refused request", "{n} refused requests", found.requests)
    fields = {"requests": requests, "users": users(found.users)}
    if not discretion.money_shown():
        at_most = t("let in at most {requests} of {users}", **fields)
        return at_most if found.at_most else t("let in {requests} of {users}", **fields)
    fields["usd"] = _usd(found.usd)
    if found.at_most:
        return t("let in at most {requests} of {users}, about {usd}", **fields)
    return t("let in {requests} of {users}, about {usd}", **fields)


def _usd(amount: Decimal | None) -> str:
    return t("at a cost that is not known") if amount is None else plain(money(amount))


def _notes(found: WhatIf) -> list[str]:
    """What the reader must know of the money."""
    told: list[str] = []
    if not discretion.money_shown():
        return told
    if found.blocked_jobs and found.spend.source is MoneySource.ESTIMATED:
        told.append(t("The money is estimated from the price list."))
    if found.spend.unpriced:
        told.append(tn("{n} call is unpriced.", "{n} calls are unpriced.", found.spend.unpriced))
    return told


def short_of(found: WhatIf, asked: int) -> bool:
    """Whether fewer days than were asked for could be looked at."""
    return found.until - found.since < timedelta(days=asked - 1)
