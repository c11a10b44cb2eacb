"""What happened meanwhile that may have changed what is spent: limits, intake, providers, releases."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from html import escape

from actions import intake
from actions.answers import GuardrailChange
from dashboard import fetch, links
from dashboard.components import guardrail_changes
from dashboard.components.chart_lines import floored
from dashboard.components.formatting import duration
from dashboard.components.guardrail_words import DAILY_USD, held, name
from dashboard.components.notices import guarded
from dashboard.components.usage_span import Days
from dashboard.i18n import t, tn
from queries import audit_log, incidents, releases
from queries.audit_models import AuditFilter, Result
from queries.errors import NotConfigured, OpsError

STEP = timedelta(hours=1)
KEPT = timedelta(minutes=5)
# More acts of an emergency switch in one chart are for the audit log's own page.
ACTS = 200
# More names over a chart, or closer ones, run into each other.
NAMED, NAMED_APART = 4, 4


@dataclass(frozen=True, slots=True)
class Event:
    """mark is its name over a chart, words what happened (both text); rank: the lower, the rather it is named.

    link is relative.
    """

    at: datetime
    rank: int
    mark: str
    words: str
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Events:
    """Newest first; missing are the errors of sources that would know of more."""

    all: tuple[Event, ...]
    missing: tuple[OpsError, ...]


def ask(days: Days) -> Events:
    """A source that fails takes nothing of the others with it; one that is not there is not missing."""
    answers = [guarded(partial(_all, source, days)) for source in _SOURCES]
    found = [event for answer in answers if not isinstance(answer, OpsError) for event in answer]
    missing = [one for one in answers if isinstance(one, OpsError) and not isinstance(one, NotConfigured)]
    different = {str(one): one for one in missing}
    return Events(tuple(sorted(found, key=lambda one: one.at, reverse=True)), tuple(different.values()))


def marks(events: Sequence[Event], days: Days) -> list[tuple[datetime, str]]:
    """One a day at most, in its middle; the most important ones with their name, if nothing lies near."""
    by_day: dict[date, list[Event]] = {}
    for one in events:
        by_day.setdefault(one.at.astimezone(days.named_zone.info).date(), []).append(one)
    apart = max(len(days.each()) / NAMED_APART, 1)
    named: list[date] = []
    for day in sorted(by_day, key=lambda day: (min(one.rank for one in by_day[day]), -day.toordinal())):
        if len(named) < NAMED and all(abs((day - other).days) >= apart for other in named):
            named.append(day)
    return [(_middle(days, day), _name(by_day[day]) if day in named else "") for day in sorted(by_day)]


def _all(source: Callable[[Days], Iterator[Event]], days: Days) -> Sequence[Event]:
    return tuple(source(days))


def _name(events: Sequence[Event]) -> str:
    first = escape(min(events, key=lambda one: one.rank).mark)
    return first if len(events) == 1 else t("{first} +{n}", first=first, n=len(events) - 1)


def _middle(days: Days, day: date) -> datetime:
    return days.start(day) + timedelta(hours=12)


def _limits(days: Days) -> Iterator[Event]:
    for one in guardrail_changes.ask().all:
        if days.span.since <= one.at < days.span.until:
            money = one.limit == DAILY_USD
            link = links.to("guardrails", **{links.LIMIT: one.limit})
            yield Event(one.at, 1 if money else 4, _limit_mark(one, money), _limit_words(one), link)


def _limit_mark(one: GuardrailChange, money: bool) -> str:
    return t("limit {value}", value=held(one.new, one.limit)) if money else t("limits")


def _limit_words(one: GuardrailChange) -> str:
    change = t(
        "{limit}: {old} → {new}", limit=name(one.limit), old=held(one.old, one.limit), new=held(one.new, one.limit)
    )
    if one.ran_out:
        return t("{change}, as the temporary value ran out", change=change)
    return _why(t("{change} by {who}", change=change, who=one.actor) if one.actor else change, one.reason)


def _intake(days: Days) -> Iterator[Event]:
    for action, mark, words in (
        (intake.CLOSE, t("intake closed"), t("Intake closed by {who}")),
        (intake.OPEN, t("intake open"), t("Intake resumed by {who}")),
    ):
        wanted = AuditFilter(action=action, result=Result.DONE, since=days.span.since, until=days.span.until)
        for act in fetch.store(audit_log.acts, wanted, before_id=None, limit=ACTS, ttl=KEPT).value:
            said = _why(words.replace("{who}", act.actor), act.reason)
            yield Event(
                act.at,
                0 if action == intake.CLOSE else 3,
                mark,
                said,
                links.to("audit-log", **{links.ACTION: action}),
            )


def _incidents(days: Days) -> Iterator[Event]:
    start, end = _seen(days)
    for one in fetch.prometheus(incidents.incidents, start, end, STEP, ttl=KEPT).value:
        lasted = t("up to {duration}", duration=duration(one.until - one.since))
        words = t("{provider}: circuit breaker open, {lasted}", provider=one.provider, lasted=lasted)
        yield Event(one.since, 2, one.provider, words)


def _releases(days: Days) -> Iterator[Event]:
    start, end = _seen(days)
    for one in fetch.prometheus(releases.releases, start, end, STEP, ttl=KEPT).value:
        words = t("Release {version}", version=one.version)
        yield Event(one.at, 2, one.version, f"{words} ({one.commit})" if one.commit else words)


def _seen(days: Days) -> tuple[datetime, datetime]:
    """The days so far, to whole steps: most refreshes then ask the same question."""
    return days.span.since, min(days.span.until, floored(days.now, STEP))


def _why(said: str, reason: str) -> str:
    return t("{said}: “{why}”", said=said, why=reason) if reason else said


def more(number: int) -> str:
    """How many there are."""
    return tn("What happened: {n} event", "What happened: {n} events", number)


_SOURCES: Sequence[Callable[[Days], Iterator[Event]]] = (_limits, _intake, _incidents, _releases)
