"""What stopping or resuming intake means now, in jobs and in money: read anew, past the cache."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from dashboard import fetch, situation
from dashboard.components.formatting import count, money, plain
from dashboard.components.notices import guarded
from dashboard.components.queue_now import LIMIT
from dashboard.connections import settings
from dashboard.i18n import t, tn
from queries import costs, queue, queue_metrics, queue_models
from queries.errors import OpsError
from queries.models import OpenJobs

UNCACHED = timedelta(0)


@dataclass(frozen=True, slots=True)
class Stakes:
    """usd_ahead is what the open jobs will still cost, usd_of_book what a new one does; None where nothing tells.

    new_per_hour are the jobs that users ask for at the present pace; turned_away is the last hour's.
    """

    open: OpenJobs
    limit: int | None
    usd_ahead: Decimal | None
    usd_of_book: Decimal | None
    new_per_hour: float
    turned_away: int | None


def ask() -> Stakes:
    """Raises DatabaseError."""
    flows = fetch.database(queue.flows, ttl=UNCACHED).value
    flow = queue_models.pace(flows) or flows.long
    refused = guarded(lambda: fetch.prometheus(queue_metrics.refused, ttl=UNCACHED))
    return Stakes(
        open=fetch.database(queue.open_jobs, ttl=UNCACHED).value,
        limit=situation.limit(LIMIT),
        usd_ahead=_ahead(fetch.database(queue.open_ids, ttl=UNCACHED).value),
        usd_of_book=_of_book(fetch.database(queue.recent_id, ttl=UNCACHED).value),
        new_per_hour=flow.hourly(flow.new),
        turned_away=None if isinstance(refused, OpsError) else refused.value.get("intake"),
    )


def _ahead(job_ids: tuple[str, ...]) -> Decimal | None:
    """What these jobs will still cost from the step they stand at; None where that is known of none."""
    if not job_ids:
        return Decimal(0)
    estimates = fetch.database(costs.retry_estimates, settings().prices, job_ids, "failed_step").value
    known = [usd for usd in estimates.values() if usd is not None]
    return sum(known, Decimal(0)) if known else None


def _of_book(job_id: str | None) -> Decimal | None:
    if job_id is None:
        return None
    return fetch.database(costs.retry_estimates, settings().prices, (job_id,), "start").value.get(job_id)


def of_closing(stakes: Stakes) -> tuple[str, ...]:
    """One sentence a consequence of stopping intake."""
    return (
        t("New requests are refused with 503 intake\\_closed until somebody resumes intake."),
        going_on(stakes),
        _turned_away(stakes),
    )


def of_opening(stakes: Stakes) -> tuple[str, ...]:
    """One sentence a consequence of resuming intake."""
    sentences = [t("New requests are taken again at once."), _room(stakes)]
    if stakes.turned_away is not None:
        sentences.append(
            tn(
                "{n} request was turned away in the last hour and may come back.",
                "{n} requests were turned away in the last hour and may come back.",
                stakes.turned_away,
            )
        )
    return tuple(sentences)


def going_on(stakes: Stakes) -> str:
    """What becomes of the jobs that are here when no new ones are taken, and what they will still cost."""
    waiting, running = stakes.open.queued, stakes.open.running
    if not waiting + running:
        return t("No job waits or runs.")
    jobs = t("{waiting} waiting and {running} running", waiting=count(waiting), running=count(running))
    if stakes.usd_ahead is None:
        return t("Jobs that are here go on: {jobs}. What they will still cost is not known.", jobs=jobs)
    usd = plain(money(stakes.usd_ahead))
    return t("Jobs that are here go on: {jobs}. They will still cost about {usd}.", jobs=jobs, usd=usd)


def _turned_away(stakes: Stakes) -> str:
    if not round(stakes.new_per_hour):
        return t("Hardly anybody asks for a book at present, so it spares little.")
    asked = tn(
        "At the present pace {n} request an hour is turned away",
        "At the present pace {n} requests an hour are turned away",
        round(stakes.new_per_hour),
    )
    if stakes.usd_of_book is None:
        return t("{turned_away}; what that spares is not known.", turned_away=asked)
    usd = plain(money(stakes.usd_of_book * Decimal(stakes.new_per_hour)))
    return t("{turned_away}, which spares about {usd} an hour.", turned_away=asked, usd=usd)


def _room(stakes: Stakes) -> str:
    held = t(
        "The queue holds {waiting} waiting and {running} running",
        waiting=count(stakes.open.queued),
        running=count(stakes.open.running),
    )
    if stakes.limit is None:
        return t("{queue}; its limit is not known.", queue=held)
    free = queue_models.free(stakes.open, stakes.limit)
    return t(
        "{queue}; {n} more fit below its limit of {limit}.", queue=held, n=count(free), limit=count(stakes.limit)
    )
