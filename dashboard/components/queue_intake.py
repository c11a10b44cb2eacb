"""The emergency switch: whether new jobs are taken, who decided so, and the button of those who may."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import streamlit as st

from actions import intake
from actions.answers import Intake
from actions.client import ServiceClient
from actions.permissions import Actor, Role, permitted
from dashboard import dry_runs, fetch
from dashboard.auth import ROLES
from dashboard.components import queue_intake_dialog
from dashboard.components.formatting import Zone, ago, clock
from dashboard.components.notices import (
    ICON_NOT_OFFERED,
    guarded,
    read_only_words,
    refused_words,
    unrecordable_words,
)
from dashboard.components.queue_verdict import switched_by
from dashboard.components.summary import source
from dashboard.connections import settings
from dashboard.i18n import t
from queries import audit_log
from queries.audit_models import AuditFilter, Result
from queries.errors import OpsError


def show(actor: Actor, zone: Zone) -> None:
    """The state, then the button or why there is none. Raises NotConfigured, ServiceError."""
    if not dry_runs.offered("intake"):
        words = t("Stopping and resuming intake is not offered by this service.")
        st.markdown(f":gray[{ICON_NOT_OFFERED} {words}]")
        return
    answer = fetch.service(ServiceClient.intake)
    logged = guarded(lambda: _logged(answer.value))
    found = answer.value if isinstance(logged, OpsError) else logged
    _state(found, zone)
    _button(actor, answer.value, logged if isinstance(logged, OpsError) else None)
    st.caption(source(answer))


def _logged(found: Intake) -> Intake:
    """With who and when by the audit log, where the service does not say. Raises DatabaseError."""
    action = intake.OPEN if found.accepting else intake.CLOSE
    wanted = AuditFilter(action=action, result=Result.DONE)
    acts = fetch.store(audit_log.acts, wanted, before_id=None, limit=1).value
    if found.changed_at is not None or not acts:
        return found
    return replace(found, changed_by=acts[0].actor, changed_at=acts[0].at)


def _state(found: Intake, zone: Zone) -> None:
    word = t("Intake is open") if found.accepting else t("Intake is closed")
    mark = ":gray[:material/check:]" if found.accepting else ":red[:material/error:]"
    st.markdown(f"{mark} **{word}** {_since(found, zone)}")
    told = switched_by(found)
    if told:
        st.markdown(f":gray[{told}]")


def _since(found: Intake, zone: Zone) -> str:
    if found.changed_at is None:
        return ""
    now = datetime.now(UTC)
    return t("since {time} ({ago})", time=clock(found.changed_at, zone, now=now), ago=ago(found.changed_at, now))


def _button(actor: Actor, found: Intake, unrecordable: OpsError | None) -> None:
    obstacle = _obstacle(actor, intake.CLOSE if found.accepting else intake.OPEN, unrecordable)
    if obstacle:
        st.caption(obstacle)
    elif st.button(
        t("Stop intake…") if found.accepting else t("Resume intake…"),
        icon=":material/block:" if found.accepting else ":material/play_arrow:",
    ):
        queue_intake_dialog.ask(found)
        st.rerun()


def _obstacle(actor: Actor, action: str, unrecordable: OpsError | None) -> str:
    if taken_away := refused_words(actor, action):
        return taken_away
    if not permitted(actor, action):
        return t(
            "Only an {admin} may switch it; you are signed in as {role}.",
            admin=t(ROLES[Role.ADMIN]),
            role=t(ROLES[actor.role]),
        )
    if settings().read_only:
        return read_only_words()
    return "" if unrecordable is None else unrecordable_words(unrecordable)
