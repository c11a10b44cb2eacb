"""What are the limits, do they fit, what would another value do?"""

from __future__ import annotations

import streamlit as st

from dashboard import auth, situation
from dashboard.components import (
    guardrail_charts,
    guardrail_draft,
    guardrail_editor,
    guardrail_history,
    guardrail_list,
    guardrail_proposals,
    guardrail_verdict,
    header,
    live,
    queue_span,
)
from dashboard.components.guardrail_words import is_hidden
from dashboard.components.notices import guarded
from dashboard.i18n import t
from queries.errors import OpsError

SPANS = ("24h", "7d", "30d")

actor = auth.enter("guardrails")
header.page(t("Guardrails"))
known = guarded(situation.guardrails)
names = () if isinstance(known, OpsError) else tuple(known.value.limits)
limit = guardrail_draft.asked([name for name in names if not is_hidden(name)]) if names else ""
# The editor opens below the limit that it is about.
first = names[: names.index(limit) + 1] if limit else names


def verdict() -> None:
    if guardrail_verdict.card(header.zone()) != names:
        st.rerun()


def waiting() -> None:
    guardrail_proposals.show(actor, header.zone())


def above() -> None:
    guardrail_list.show(actor, header.zone(), lambda name: name in first)


def below() -> None:
    guardrail_list.show(actor, header.zone(), lambda name: name not in first)


def editor() -> None:
    guardrail_editor.show(actor, limit, header.zone())


def charts() -> None:
    guardrail_charts.show(span, limit, header.zone())


def history() -> None:
    guardrail_history.show(actor, limit, header.zone())


live.part(verdict, what=t("The verdict"))
live.part(waiting, what=t("What waits for a second admin"))
if names:
    live.part(above, what=t("The limits"))
place = st.container()
if limit:
    live.part(below, what=t("The limits"))
st.header(t("Refused, and what was changed"), anchor=False)
span = queue_span.chosen(SPANS, "7d")
with st.container(border=True):
    live.part(charts, what=t("The refused requests"), every=queue_span.MINUTE)
live.part(history, what=t("The history"))
guardrail_proposals.dialog(actor)
if limit:
    with place:  # last, since what another value would have done takes a while to find out
        live.still(editor, what=t("The editor"))
