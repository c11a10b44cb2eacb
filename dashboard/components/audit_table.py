"""Acts of the audit log: the verdict, the table, and one act's whole story."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import streamlit as st

from dashboard import links
from dashboard.components import audit_discretion, audit_unknown, tables
from dashboard.components.formatting import Zone, count, exact, plain
from dashboard.components.verdicts import State, Verdict
from dashboard.i18n import t, tn
from queries.audit_models import AuditAct, AuditFilter, AuditHead, AuditSummary, Result

KEY = "audit-acts"
# As many signs of a hash as audit verify --expect takes.
SHORT = 12
UNKNOWN, UNDER_WAY = audit_unknown.UNKNOWN, "under_way"
SPANS = {"day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=31), "all": None}


def span_words(span: str) -> str:
    """A time range as a person says it."""
    words = {"day": t("Last 24 hours"), "week": t("Last 7 days"), "month": t("Last 31 days"), "all": t("All time")}
    return words[span]


def action_words(action: str) -> str:
    """An action as a person says it; one this console does not know is shown as it is."""
    words = {
        "": t("All actions"),
        "job.retry": t("Retry"),
        "job.cancel": t("Cancel"),
        "job.acknowledge": t("Acknowledge"),
        "job.snooze": t("Snooze"),
        "bulk.start": t("Start bulk action"),
        "bulk.pause": t("Pause bulk action"),
        "bulk.resume": t("Resume bulk action"),
        "bulk.stop": t("Stop bulk action"),
        "bulk.pace": t("Pace bulk action"),
        "view.save": t("Save view"),
        "view.remove": t("Remove view"),
        "intake.close": t("Stop intake"),
        "intake.open": t("Resume intake"),
        "guardrail.change": t("Change limit"),
        "guardrail.propose": t("Propose limit"),
        "guardrail.approve": t("Approve limit"),
        "guardrail.decline": t("Decline limit"),
        "guardrail.expired": t("Limit ran out"),
        "guardrail.observed": t("Limit changed elsewhere"),
        "user.note": t("Note on user"),
    }
    return words.get(action, action)


def result_words(result: str) -> str:
    """What came of it, as a word."""
    words = {
        "": t("All outcomes"),
        UNKNOWN: t("unknown"),
        UNDER_WAY: t("under way"),
        Result.DONE: t("done"),
        Result.SKIPPED: t("skipped"),
        Result.REFUSED: t("refused"),
        Result.FAILED: t("failed"),
    }
    return words.get(result, result)


def tally(result: str, number: int) -> str:
    """How often this came of it: "3 done"."""
    return t("{n} {outcome}", n=count(number), outcome=result_words(result))


def verdict(found: AuditSummary, span: str) -> Verdict:
    """What was done, by how many, and what did not come off."""
    if not found.acts:
        return Verdict(State.NO_DATA, t("Nothing was done ({span}).", span=span))
    people = tn("{n} person", "{n} people", found.actors)
    acts = tn(
        "{n} act by {people} ({span}).", "{n} acts by {people} ({span}).", found.acts, people=people, span=span
    )
    parts = [tally(result, number) for result, number in found.by_result.items() if number]
    if found.under_way:
        parts.append(tally(UNDER_WAY, found.under_way))
    if not found.unknown:
        return Verdict(State.OK, f"{acts} {' · '.join(parts)}")
    lost = tn("{n} has no outcome", "{n} have no outcome", found.unknown)
    why = t("The console stopped before it was known: select a line for how to find out.")
    return Verdict(State.WARNING, acts, f"{' · '.join([*parts, lost])}. {why}")


def nothing_words(wanted: AuditFilter) -> str:
    """Why the log is empty: nothing happened yet, not lately, or nothing that matches."""
    if wanted == AuditFilter():
        return t("Nothing has been done yet.")
    if wanted == AuditFilter(since=wanted.since):
        return t("Nothing was done in this time.")
    return t("No line of the log matches these filters.")


def head_words(head: AuditHead | None) -> str:
    """Where the chain ends, to be compared with what was noted elsewhere."""
    if head is None:
        return t("the chain's head is gone")
    return t("chain head {position}:{hash}", position=str(head.position), hash=head.hash[:SHORT])


def turn_to(before_id: int | None) -> None:
    """Show the lines before this one, or the newest; for a button's callback."""
    links.put(links.BEFORE, None if before_id is None else str(before_id))


def show(acts: Sequence[AuditAct], zone: Zone) -> None:
    """Draw the acts, newest first; the one selected tells its whole story below."""
    acts = [audit_discretion.without_money(act) for act in acts]
    tables.hold(KEY, acts, _identify, holding=False)
    text = st.column_config.TextColumn
    columns = {
        "at": text(t("When ({zone})", zone=zone.name), width=145),
        "actor": text(t("Who"), width=150),
        "action": text(t("Action"), width=90),
        "target": text(t("On"), width=205),
        "what": text(t("Outcome"), width=75),
        "reason": text(t("Reason"), width=200),
        "message": text(t("What happened"), width=300),
        "request": text(t("Request id"), width=280),
    }
    rows = [_row(act, zone) for act in acts]
    tables.table(rows, columns, alt=t("Audit log, newest first"), key=KEY, selectable=True, single=True)
    for identity in tables.selected(KEY, _identify):
        _story(next(act for act in acts if _identify(act) == identity), zone)


def _identify(act: AuditAct) -> str:
    return str(act.id)


def _row(act: AuditAct, zone: Zone) -> dict[str, Any]:
    return {
        "at": exact(act.at, zone).removesuffix(f" {zone.name}"),
        "actor": f"{act.actor} ({act.role})",
        "action": action_words(act.action),
        "target": act.target_id,
        "what": result_words(_result(act)),
        "reason": act.reason,
        "message": act.message or ("" if act.under_way else t("No outcome was recorded: select this line.")),
        "request": act.request_id,
    }


def _result(act: AuditAct) -> str:
    return act.result or (UNDER_WAY if act.under_way else UNKNOWN)


def _story(act: AuditAct, zone: Zone) -> None:
    with st.container(border=True, key="act"):
        st.markdown(f"**{plain(action_words(act.action))}** · {result_words(_result(act))}")
        if _result(act) == UNKNOWN:
            audit_unknown.show(act, zone)
        told = {
            t("Who"): f"{act.actor} ({act.role})",
            t("On"): f"{act.target_kind} {act.target_id}",
            t("Asked"): exact(act.at, zone),
            t("Ended"): exact(act.ended_at, zone) if act.ended_at else t("not known"),
            t("Reason"): act.reason,
            t("What happened"): act.message or "",
            t("Request id"): act.request_id,
        }
        for label, value in told.items():
            _line(label, value)
        for label, document in (
            (t("Asked for"), act.parameters),
            (t("Before"), act.before),
            (t("After"), act.after),
        ):
            if document and document not in ("{}", "null"):
                st.caption(label)
                st.code(document, language="json", wrap_lines=True)


def _line(label: str, value: str) -> None:
    with st.container(horizontal=True, gap="medium"):
        st.caption(label, width=120)
        st.text(value, width="stretch")
