"""What the limits were, when, by whom and why."""

from __future__ import annotations

from typing import Any

import streamlit as st

from actions.answers import GuardrailChange
from actions.permissions import Actor
from dashboard import discretion, situation
from dashboard.components import guardrail_changes, guardrail_list, guardrail_now, tables
from dashboard.components.formatting import NOTHING, Zone, clock, exact, plain
from dashboard.components.guardrail_changes import Changes
from dashboard.components.guardrail_words import held, is_hidden, name, who_and_why
from dashboard.components.notices import guarded
from dashboard.components.summary import source
from dashboard.i18n import t
from queries.errors import OpsError


def show(actor: Actor, limit: str, zone: Zone) -> None:
    """Every change, or those of one limit ("" for all); the last one can be put back. Raises ServiceError."""
    found = guardrail_changes.ask()
    shown = [change for change in found.all if limit in ("", change.limit)]
    if not shown:
        st.markdown(
            f":gray[{t('No limit was changed yet.')}]" if not limit else f":gray[{t('It was never changed.')}]"
        )
    else:
        _last(actor, shown[0], zone)
        tables.table(
            [_row(change, zone) for change in shown], _columns(zone), alt=t("Changes of limits, newest first")
        )
    st.caption(_origin(found))


def _last(actor: Actor, change: GuardrailChange, zone: Zone) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        said = who_and_why(change, zone, guardrail_now.moment())
        st.markdown(f"**{plain(name(change.limit))}** {said}", width="content")
        limits = guarded(situation.guardrails)
        rail = None if isinstance(limits, OpsError) else limits.value.limits.get(change.limit)
        if rail is not None and guardrail_list.may_change(actor):
            guardrail_list.put_back(change, rail, key="guardrail-back")


def _columns(zone: Zone) -> dict[str, Any]:
    text = st.column_config.TextColumn
    return {
        "at": text(t("When ({zone})", zone=zone.name), width=145),
        "limit": text(t("Limit"), width=190),
        "old": text(t("From"), width=80),
        "new": text(t("To"), width=80),
        "until": text(t("Until"), width=120),
        "who": text(t("Who"), width=150),
        "why": text(t("Why"), width=360),
    }


def _row(change: GuardrailChange, zone: Zone) -> dict[str, Any]:
    until = NOTHING if change.expires_at is None else clock(change.expires_at, zone, now=change.at)
    return {
        "at": exact(change.at, zone).removesuffix(f" {zone.name}"),
        "limit": change.limit,
        "old": held(change.old, change.limit),
        "new": held(change.new, change.limit),
        "until": until,
        "who": t("service") if change.ran_out else change.actor,
        "why": t("the temporary value ran out") if change.ran_out and not change.reason else _reason(change),
    }


def _reason(change: GuardrailChange) -> str:
    return discretion.told(change.reason, of_money=is_hidden(change.limit))


def _origin(found: Changes) -> str:
    if found.by_service:
        return source(found.answer)
    own = t("The service keeps no history: these are the changes through this console, by its audit log.")
    return f"{own} {source(found.answer)}"
