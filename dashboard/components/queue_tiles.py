"""The queue's six numbers."""

from __future__ import annotations

from datetime import timedelta

from actions.workers import Workers
from dashboard import fetch, situation
from dashboard.components import assessments
from dashboard.components.formatting import NOTHING, count, duration
from dashboard.components.notices import guarded
from dashboard.components.queue_now import Gathered, QueueNow
from dashboard.components.summary import source
from dashboard.components.tiles import Tile
from dashboard.components.verdicts import State
from dashboard.i18n import t, tn
from dashboard.situation import Answer
from queries import queue_models, step_times
from queries.errors import NotConfigured, OpsError
from queries.models import StuckRules, Thresholds
from queries.queue_models import Waits
from queries.steps import QUEUED


def tiles(found: Gathered, limits: Thresholds, rules: StuckRules) -> list[Tile]:
    """What waits and runs, how long, what comes and goes, and who works on it."""
    return [*_depth(found, limits), _oldest(found, rules), *_flow(found), _workers(found.workers, found.now)]


def _depth(found: Gathered, limits: Thresholds) -> list[Tile]:
    now, limit, origin = found.now.open, found.now.limit, source(found.open)
    state = assessments.queue(now, limit, limits).state
    if limit is None:
        room = t("the limit is not known")
    else:
        room = t("room for {n} of {limit}", n=count(queue_models.free(now, limit)), limit=count(limit))
    return [
        Tile(t("Waiting"), count(now.queued), state, room, origin),
        Tile(t("Running"), count(now.running), State.OK, _places(found.workers), origin),
    ]


def _places(crew: Answer[Workers]) -> str:
    """How many jobs the workers could run at once."""
    each = None if isinstance(crew, OpsError) else crew.value.each
    places = [one.concurrency for one in each or () if one.concurrency is not None]
    return tn("{n} place", "{n} places", sum(places)) if places else t("places are not known")


def _oldest(found: Gathered, rules: StuckRules) -> Tile:
    """Beside what is usual: a queue that stands still looks like an idle one."""
    now = found.now.open
    age = None if now.oldest_queued_at is None else now.now - now.oldest_queued_at
    state = State.OK
    if age is not None and age > rules.sla:
        state = State.CRITICAL if age > rules.queued else State.WARNING
    return Tile(t("Oldest waits"), duration(age), state, _usual(found.waits), source(found.open))


def _usual(answer: Answer[Waits | None]) -> str:
    if isinstance(answer, OpsError):
        return _usual_of_database()
    if answer.value is None:
        return t("no job began in the last hour")
    return _usually(answer.value.p50, answer.value.p95)


def _usual_of_database() -> str:
    """Without metrics: from the jobs' own timelines of the last days, where the service keeps them."""
    steps = guarded(lambda: fetch.database(step_times.usual, ttl=situation.STEADY))
    wait = None if isinstance(steps, OpsError) else steps.value.get(QUEUED)
    return t("what is usual is not known") if wait is None else _usually(wait.p50, wait.p95)


def _usually(p50: timedelta, p95: timedelta) -> str:
    return t("usually {p50}, 95 % within {p95}", p50=duration(p50), p95=duration(p95))


def _flow(found: Gathered) -> list[Tile]:
    short, long, origin = found.flows.value.short, found.flows.value.long, source(found.flows)
    arrived = t("{n} in the last 15 min", n=count(short.arrived))
    finished = t("{n} in the last 15 min", n=count(short.finished))
    if long.arrived > long.new:
        arrived = t("{n} of them retried", n=count(long.arrived - long.new))
    return [
        Tile(t("Arrived, last hour"), count(long.arrived), State.OK, arrived, origin),
        Tile(t("Finished, last hour"), count(long.finished), State.OK, finished, origin),
    ]


def _workers(crew: Answer[Workers], now: QueueNow) -> Tile:
    label = t("Workers alive")
    if isinstance(crew, NotConfigured):
        return Tile(label, NOTHING, State.NOT_OFFERED, t("not configured"), t("not known"))
    if isinstance(crew, OpsError):
        return Tile(label, "?", State.UNAVAILABLE, t("the service does not tell"), t("not known"))
    if now.workers is None:
        return Tile(label, NOTHING, State.NOT_OFFERED, t("not offered by this service"), source(crew))
    if not now.workers:
        return Tile(label, "0", State.CRITICAL, t("nothing will move"), source(crew))
    each = crew.value.each
    busy = sum(bool(one.running) for one in each or ())
    note = t("what they do is not known") if each is None else tn("{n} busy", "{n} busy", busy)
    return Tile(label, count(now.workers), State.OK, note, source(crew))
