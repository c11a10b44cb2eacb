"""What can be done to one job, and why something cannot: decided as the dry run will decide it."""

from __future__ import annotations

import streamlit as st

from actions.permissions import Actor
from actions.plans import Obstacle, PlannedJob, plan_retry
from dashboard import dry_runs
from dashboard.components import confirm, job_buttons, plan_view
from dashboard.components.formatting import plain
from dashboard.components.job_known import Known
from dashboard.components.notices import read_only_words
from dashboard.connections import settings
from dashboard.i18n import t
from queries.errors import OpsError
from queries.models import StuckJob
from queries.schema import OPEN

KEY = "job"


def buttons(actor: Actor, known: Known) -> dict[str, str]:
    """The actions that make sense now and are open to this person, each with its obstacle ("" for none)."""
    meant = [action for action, sensible in _sensible(known).items() if sensible]
    unrecordable = known.note if isinstance(known.note, OpsError) else None
    found = job_buttons.obstacles(actor, tuple(meant), unrecordable)
    retry = _retry(known)
    if found.get("job.retry") == "" and retry.obstacle is Obstacle.RETRY_LIMIT:
        found["job.retry"] = plan_view.obstacle_words(retry.obstacle, retry)
    return found


def draw(found: dict[str, str], known: Known) -> None:
    """The buttons; each opens the dialog with its dry run."""
    words = {"job.retry": t("Retry…"), "job.cancel": t("Cancel…"), "job.acknowledge": t("Acknowledge…")}
    for action, obstacle in found.items():
        clicked = st.button(
            words[action],
            icon=job_buttons.ICONS[action],
            type="primary" if action == "job.retry" else "secondary",
            disabled=bool(obstacle),
            help=obstacle or None,
            key=f"do-{action}",
        )
        if clicked:
            confirm.ask(action, (known.job.id,), KEY)
            st.rerun()


def reasons(actor: Actor, known: Known, found: dict[str, str]) -> list[str]:
    """Why what somebody may look for is not there, or should wait; nothing for those who may not act anyway."""
    if settings().read_only:
        return [read_only_words()]
    if not job_buttons.may_act(actor):
        return []
    told = list(dict.fromkeys(filter(None, found.values())))
    retry = _retry(known)
    match retry.obstacle:
        case Obstacle.PROVIDER_DOWN:
            told.append(plan_view.obstacle_words(retry.obstacle, retry))
        case Obstacle.STATUS if known.job.status in OPEN:
            told.append(t("A retry is for jobs that failed or are stuck."))
        case Obstacle.STATUS:
            status = plain(known.job.status)
            told.append(t("A job that is {status} is neither retried nor cancelled.", status=status))
    return told


def _sensible(known: Known) -> dict[str, bool]:
    return {
        "job.retry": _retry(known).obstacle is not Obstacle.STATUS,
        "job.cancel": known.job.status in OPEN,
        "job.acknowledge": _is_stuck(known),
    }


def _retry(known: Known) -> PlannedJob:
    """A retry of the job; whether the service offers one at all, its button tells."""
    (planned,) = plan_retry(
        (known.job,),
        start="failed_step",
        estimates={},
        owner_jobs_today={},
        daily_limit=None,
        kinds_down=dry_runs.kinds_down(),
        stuck_ids=frozenset({known.job.id}) if _is_stuck(known) else frozenset(),
        offered=True,
        now=known.now,
        retry_limit=settings().retry_limit,
    ).jobs
    return planned


def _is_stuck(known: Known) -> bool:
    return isinstance(known.stuck, StuckJob)
