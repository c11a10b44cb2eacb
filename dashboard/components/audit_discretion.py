"""Lines of the audit log as whoever may not see amounts of money is shown them."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from dashboard import discretion
from dashboard.components import guardrail_words
from queries.audit_models import AuditAct, AuditEntry

Line = TypeVar("Line", AuditAct, AuditEntry)
LIMIT = "guardrail"


def without_money(line: Line) -> Line:
    """The same line for whoever may see amounts, else without them."""
    if discretion.money_shown():
        return line
    of_money = line.target_kind == LIMIT and guardrail_words.is_hidden(line.target_id)
    return replace(
        line,
        reason=discretion.told(line.reason, of_money=of_money),
        parameters=discretion.document(line.parameters, of_money=of_money),
        before=line.before and discretion.document(line.before, of_money=of_money),
        after=line.after and discretion.document(line.after, of_money=of_money),
        message=line.message and discretion.told(line.message, of_money=of_money),
    )
