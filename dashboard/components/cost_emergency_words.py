"""What each way out saves an hour, and what comes of it, as markdown. Pure but for the language."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from dashboard.components import cost_burn_words, queue_stakes
from dashboard.components.cost_burn_now import HOUR, BurnNow, Pace
from dashboard.components.cost_emergency_now import EmergencyNow
from dashboard.components.formatting import duration, money, plain
from dashboard.components.guardrail_words import DAILY_USD, amount, users
from dashboard.i18n import t, tn, translated_error
from queries.errors import OpsError
from queries.models import MoneySource
from queries.what_if import WhatIf


@dataclass(frozen=True, slots=True)
class Prospect:
    """What a way out saves, and sentences on what comes of it."""

    saves: str
    consequences: tuple[str, ...]


def reason(now: EmergencyNow, facts: str) -> str:
    """What the reason begins with, as text."""
    told = [facts] if facts else [_spent(now.pace)] if now.pace else []
    if isinstance(now.burn, BurnNow):
        told.append(t("{usd} an hour now.", usd=money(now.burn.usd_per_hour)))
    return " ".join(told)


def basis(now: EmergencyNow) -> str:
    """Where the savings are from."""
    if isinstance(now.burn, BurnNow):
        source = cost_burn_words.origin(now.burn)
        return t("Savings go by what is being spent now ({source}).", source=source)
    if now.usd_per_hour is not None:
        return t("What is being spent now is not known: savings go by the books asked for lately.")
    return t("What is being spent now is not known, so neither is what anything would save.")


def stopping(now: EmergencyNow) -> Prospect:
    """Stopping intake."""
    refused = t("Nobody gets a new book until somebody resumes intake.")
    stakes = now.stakes
    here = plain(translated_error(stakes)) if isinstance(stakes, OpsError) else queue_stakes.going_on(stakes)
    return Prospect(_an_hour(now.usd_per_hour, t("once the jobs that are here are done")), (refused, here))


def capping(now: EmergencyNow, value: Decimal | None) -> Prospect:
    """The service's daily limit in USD at value."""
    pace, per_hour = now.pace, now.usd_per_hour
    closes = t("At the limit nobody gets a new book for the rest of the service's day; jobs that are here go on.")
    if pace is None or value is None:
        return Prospect(t("**What it saves is not known.**"), (closes,))
    if value <= pace.spent:
        saves = _an_hour(per_hour, t("for the {left} left of today", left=duration(pace.left)))
        return Prospect(saves, (_spent_markdown(pace), closes, *_together(per_hour, pace)))
    reached = None if per_hour is None else cost_burn_words.reached_in(per_hour, value - pace.spent)
    if per_hour is None:
        saves = t("**What it saves is not known.**")
    elif reached is None or reached >= pace.left:
        saves = t("**Saves nothing today**: at the present pace it is not reached.")
    else:
        saves = _an_hour(per_hour, t("from when it is reached, in about {duration}", duration=duration(reached)))
    return Prospect(saves, (_spent_markdown(pace), closes))


def sharing(now: EmergencyNow, value: Decimal | None, found: WhatIf | OpsError | None) -> Prospect:
    """The daily job limit of each user at value; found is what it would have done today."""
    if value is None or found is None:
        return Prospect(t("**What it saves is not known.**"), ())
    if isinstance(found, OpsError):
        return Prospect(t("**What it saves is not known.**"), (plain(translated_error(found)),))
    at_once = users(sum(jobs >= value for jobs in now.users_today))
    stopped = t("{users} made as many today and get no more until the service's day ends.", users=at_once)
    if not found.blocked_jobs:
        return Prospect(t("**Saves nothing yet**: nobody made more today."), (stopped,))
    hours = Decimal((found.until - found.since) / HOUR)
    per_hour = None if found.usd is None or hours <= 0 else found.usd / hours
    return Prospect(_an_hour(per_hour, t("at today's rate of jobs above it")), (_above(found), stopped))


def _above(found: WhatIf) -> str:
    """What today's jobs beyond the value cost."""
    jobs = tn("{n} job", "{n} jobs", found.blocked_jobs)
    fields = {"jobs": jobs, "users": users(found.blocked_users)}
    if found.usd is None:
        return t("Today {jobs} of {users} went beyond it; what they cost is not known.", **fields)
    fields["usd"] = plain(money(found.usd))
    if found.spend.source is MoneySource.ESTIMATED:
        return t("Today {jobs} of {users} went beyond it and cost about {usd} (estimated).", **fields)
    return t("Today {jobs} of {users} went beyond it and cost {usd}.", **fields)


def _an_hour(usd: Decimal | None, when: str) -> str:
    if usd is None:
        return t("**What it saves is not known.**")
    return t("**Saves about {usd} an hour** {when}.", usd=plain(money(usd)), when=when)


def _together(per_hour: Decimal | None, pace: Pace) -> tuple[str, ...]:
    if per_hour is None:
        return ()
    usd = per_hour * Decimal(pace.left / HOUR)
    return (t("That is about {usd} until the day ends.", usd=plain(money(usd))),)


def _spent(pace: Pace) -> str:
    usd, limit = money(pace.spent), amount(pace.limit, DAILY_USD)
    if pace.estimated:
        return t("About {usd} were spent today (estimated), of {limit}.", usd=usd, limit=limit)
    return t("{usd} were spent today, of {limit}.", usd=usd, limit=limit)


def _spent_markdown(pace: Pace) -> str:
    return plain(_spent(pace))
