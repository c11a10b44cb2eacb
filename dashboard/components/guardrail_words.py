"""Limits as a person says them. Names and descriptions come from outside: what is markdown here is escaped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from babel.numbers import format_currency

from actions.answers import Guardrail, GuardrailChange
from actions.reasons import cleaned
from dashboard import discretion, situation
from dashboard.components.formatting import Zone, ago, clock, count, money, plain
from dashboard.components.notices import guarded
from dashboard.i18n import locale, noop, t, tn
from queries.errors import OpsError

OPEN, OPEN_PER_USER = "max_pending_jobs", "max_pending_jobs_per_user"
DAILY_PER_USER, DAILY, DAILY_USD = "daily_job_limit_per_user", "daily_generation_budget", "daily_cost_limit_usd"
# Those whose count begins anew with the service's day.
BY_DAY = frozenset({DAILY_PER_USER, DAILY, DAILY_USD})
# Those that are switched off by 0; at any other 0 lets nobody in.
OFF_AT_ZERO = frozenset({DAILY, DAILY_USD})
PER_USER = frozenset({OPEN_PER_USER, DAILY_PER_USER})

_NAMES: Mapping[str, str] = {
    OPEN: noop("Open jobs"),
    OPEN_PER_USER: noop("Open jobs per user"),
    DAILY_PER_USER: noop("Jobs a day per user"),
    DAILY: noop("Jobs a day"),
    DAILY_USD: noop("Spend a day"),
}
# Beyond this a name is no name.
NAME_LETTERS = 60


def name(limit: str) -> str:
    """What a limit is called, as text; one that this console does not know goes by its own name."""
    if limit in _NAMES:
        return t(_NAMES[limit])
    readable = " ".join(limit.replace("_", " ").split())[:NAME_LETTERS]
    return readable[:1].upper() + readable[1:]


def is_money(limit: str, rail: Guardrail | None = None) -> bool:
    """Whether a limit counts US dollars."""
    return rail.unit == "usd" if rail is not None and rail.unit else limit.endswith("_usd")


def is_hidden(limit: str, rail: Guardrail | None = None) -> bool:
    """Whether a limit counts US dollars, of which this person may see no amount."""
    if discretion.money_shown():
        return False
    return is_money(limit, _known(limit) if rail is None else rail)


def _known(limit: str) -> Guardrail | None:
    """The limit as the service lists it: only that tells of some that they count US dollars."""
    answer = guarded(situation.guardrails)
    return None if isinstance(answer, OpsError) else answer.value.limits.get(limit)


def amount(value: Decimal | None, limit: str, rail: Guardrail | None = None) -> str:
    """A value of this limit, as text: "1,000", "$500"; a fraction is never rounded away."""
    if value is None:
        return "?"
    if is_hidden(limit, rail):
        return discretion.HIDDEN
    if is_money(limit, rail):
        return _whole_money(value) if value == value.to_integral_value() else money(value)
    return count(int(value)) if value == value.to_integral_value() else f"{value.normalize():f}"


def _whole_money(value: Decimal) -> str:
    return str(format_currency(value, "USD", "¤#,##0", locale=locale(), currency_digits=False))


def code(limit: str) -> str:
    """The limit's own name, as markdown that interprets nothing in it."""
    return f"`{' '.join(cleaned(limit).replace('`', '').split())}`"


def held(value: Decimal, limit: str, rail: Guardrail | None = None) -> str:
    """The same, as text; "off" where that value switches the limit off."""
    return t("off") if value == 0 and limit in OFF_AT_ZERO else amount(value, limit, rail)


def bounds(limit: str, rail: Guardrail) -> str:
    """What the service takes, as text; "" where it names no bounds."""
    least, most = rail.min, rail.max
    if least is not None and most is not None:
        return t("{least} to {most}", least=amount(least, limit, rail), most=amount(most, limit, rail))
    if least is not None:
        return t("{least} or more", least=amount(least, limit, rail))
    return "" if most is None else t("{most} or less", most=amount(most, limit, rail))


def until(expires_at: datetime, reverts_to: Decimal | None, limit: str, zone: Zone, now: datetime) -> str:
    """How long a temporary value holds and what comes then, as text."""
    at = clock(expires_at, zone, now=now)
    if reverts_to is None:
        return t("until {time}", time=at)
    return t("until {time}, then back to {value}", time=at, value=held(reverts_to, limit))


def who_and_why(change: GuardrailChange, zone: Zone, now: datetime) -> str:
    """Who set it last, when and why, as markdown."""
    when = t("{time} ({ago})", time=clock(change.at, zone, now=now), ago=ago(change.at, now))
    value = plain(held(change.new, change.limit))
    if change.ran_out:
        return t("Back to {value} since {when}: the temporary value ran out.", value=value, when=plain(when))
    who = plain(change.actor) or t("somebody")
    said = t("Set to {value} by {who}, {when}", value=value, who=who, when=plain(when))
    return t("{said}: “{why}”", said=said, why=why(change)) if change.reason else f"{said}."


def why(change: GuardrailChange) -> str:
    """The reason that was given, as markdown."""
    return plain(discretion.told(change.reason, of_money=is_hidden(change.limit)))


def users(number: int) -> str:
    return tn("{n} user", "{n} users", number)
