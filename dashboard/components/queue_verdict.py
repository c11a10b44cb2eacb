"""The queue in words: filling or draining, until when, and what is in its way. Pure but for the language."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from actions.answers import Intake
from dashboard.components import assessments
from dashboard.components.formatting import Zone, ago, clock, count, duration, plain
from dashboard.components.queue_now import QueueNow
from dashboard.components.verdicts import Link, State, Verdict
from dashboard.i18n import t, tn
from queries import queue_models
from queries.models import OpenJobs, Thresholds
from queries.queue_models import Course, Flows, Outlook

# Time enough to find out why, before anybody is refused.
SOON = timedelta(hours=1)
# Beyond this the present pace says nothing.
FAR = timedelta(days=1)


def verdicts(now: QueueNow, limits: Thresholds, zone: Zone) -> list[Verdict]:
    """Everything that the page's first line has to say."""
    return [*intake(now.intake, now.open.now, zone), _course(now, limits), *_workers(now)]


def intake(found: Intake | None, now: datetime, zone: Zone, *, alone: bool = False) -> list[Verdict]:
    """A verdict while intake is closed, else none. alone: on a page where the switch is not."""
    if found is None or found.accepting:
        return []
    if found.changed_at is None:
        headline = t("Intake is closed: new requests are refused.")
    else:
        headline = t(
            "Intake is closed since {time} ({ago}): new requests are refused.",
            time=clock(found.changed_at, zone, now=now),
            ago=ago(found.changed_at, now),
        )
    link = Link("queue", t("Open the queue")) if alone else None
    return [Verdict(State.CRITICAL, headline, switched_by(found), link)]


def switched_by(found: Intake) -> str:
    """Who switched intake last and why, escaped; "" where the service does not say."""
    who, why = plain(found.changed_by or ""), plain(found.reason)
    return t("{who}: “{why}”", who=who, why=why) if who and why else who or why


def waiting(now: OpenJobs) -> str:
    """How many wait, and for how long the oldest has."""
    if not now.queued or now.oldest_queued_at is None:
        return t("nothing waits")
    jobs = tn("{n} job waits", "{n} jobs wait", now.queued)
    return t("{jobs}, the oldest for {duration}", jobs=jobs, duration=duration(now.now - now.oldest_queued_at))


def outlook(now: QueueNow) -> Outlook:
    """Where the queue goes; while intake is closed nothing arrives, whatever did before."""
    flows = now.flows
    if now.closed:
        flows = Flows(replace(flows.short, arrived=0), replace(flows.long, arrived=0))
    return queue_models.outlook(now.open, flows, now.limit)


def _workers(now: QueueNow) -> list[Verdict]:
    if now.workers is None:
        return []
    if now.workers:
        return [Verdict(State.OK, tn("{n} worker alive", "{n} workers alive", now.workers))]
    held = tn(
        "{n} job counts as running, though nobody works on it.",
        "{n} jobs count as running, though nobody works on them.",
        now.open.running,
    )
    why = t("Start the workers on the service's side.")
    return [
        Verdict(
            State.CRITICAL,
            t("No worker is alive: nothing will move."),
            " ".join([held, why] if now.open.running else [why]),
        )
    ]


def _course(now: QueueNow, limits: Thresholds) -> Verdict:
    """Where it goes, and how full it is where that is a matter of its own."""
    depth = assessments.queue(now.open, now.limit, limits)
    ahead = outlook(now)
    state, headline = _words(now, ahead)
    if ahead.course is Course.FULL:
        return Verdict(state, headline, _refused(now))
    if depth.state is not State.OK:
        return Verdict(max(state, depth.state), headline, depth.headline)
    # What is fine is told in one line, its parts divided by dots.
    return Verdict(state, headline.removesuffix(".") if state is State.OK else headline)


def _words(now: QueueNow, ahead: Outlook) -> tuple[State, str]:
    match ahead.course:
        case Course.FULL:
            return State.CRITICAL, t("Full: new requests are refused (system_overloaded).")
        case Course.STILL:
            return State.CRITICAL, _still(now)
        case Course.FILLING:
            soon = ahead.until is not None and ahead.until <= SOON
            return State.WARNING if soon else State.OK, _filling(now, ahead)
        case Course.DRAINING:
            return State.OK, _draining(now, ahead)
        case Course.STEADY:
            return State.OK, _steady(now.open)
        case Course.UNKNOWN:
            return State.NO_DATA, _unknown(now.open)
        case _:
            assert_never(ahead.course)


def _unknown(now: OpenJobs) -> str:
    sentence = t("Too few jobs came and went in the last hour to tell where the queue goes.")
    return f"{waiting(now)}. {sentence}"


def _still(now: QueueNow) -> str:
    return t(
        "Standing still: {waiting}, and nothing has finished for {duration}.",
        waiting=waiting(now.open),
        duration=duration(now.flows.short.window),
    )


def _filling(now: QueueNow, ahead: Outlook) -> str:
    more = count(ahead.net_per_hour)
    if ahead.until is None:
        return t("Filling: {n} more an hour arrive than finish; its limit is not known.", n=more)
    if ahead.until > FAR:
        return t("Filling: {n} more an hour arrive than finish; not full within a day.", n=more)
    return t(
        "Filling: {n} more an hour arrive than finish; at this pace full ({limit}) in {duration}.",
        n=more,
        limit=count(now.limit),
        duration=duration(ahead.until),
    )


def _draining(now: QueueNow, ahead: Outlook) -> str:
    return t(
        "Draining: {waiting}; at this pace none in about {duration}.",
        waiting=waiting(now.open),
        duration=duration(ahead.until),
    )


def _steady(now: OpenJobs) -> str:
    if not now.queued and not now.running:
        return t("Idle: nothing waits and nothing runs.")
    running = tn("{n} runs", "{n} run", now.running)
    return t("Steady: {waiting}; {running}.", waiting=waiting(now), running=running)


def _refused(now: QueueNow) -> str:
    refused = (now.refused or {}).get("max_pending_jobs")
    if refused is None:
        return ""
    return tn("{n} request was refused in the last hour.", "{n} requests were refused in the last hour.", refused)
