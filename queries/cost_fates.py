"""What became of what was bought, as SQL: of the ledger's calls, and of shares of books where there is no ledger.

A call is judged as queries.job_money judges those of one job, but for what ended the job: that goes first, since
nothing of a book that did not come about was worth its money.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause

from queries import book_shares, call_prices
from queries.cost_models import Fate
from queries.schema import REFUSALS, ServiceSchema
from queries.steps import STEPS
from queries.usage_models import Span
from queries.usage_sources import Piece, created_in, within

PARTS = ("provider", "kind", "step", "fate", "error_code")
SUMS = ("calls", "failed", "unpriced", "usd")

_NOTHING: ColumnElement[Any] = sa.literal_column("''")


@dataclass(frozen=True, slots=True)
class _Ending:
    """A job's status and error code ("" where it has none), as SQL."""

    status: ColumnElement[Any]
    code: ColumnElement[Any]

    @property
    def told(self) -> ColumnElement[Any]:
        """The code where a job failed, else ""."""
        return sa.case((self.status == "failed", self.code), else_=_NOTHING).label("error_code")

    def fates(self) -> list[tuple[ColumnElement[bool], Fate]]:
        """What it did to all that was bought for the job, first match first."""
        failed = self.status == "failed"
        return [
            (sa.and_(failed, self.code.in_(REFUSALS)), Fate.REFUSED),
            (failed, Fate.FAILED),
            (self.status == "cancelled", Fate.CANCELLED),
        ]


def fated_calls(
    schema: ServiceSchema, ledger: sa.Table, span: Span, piece: Piece, *only: ColumnElement[bool]
) -> FromClause:
    """The ledger's calls in the span, the same ones of a job's attempt put together.

    Columns: piece, job_id, the names of PARTS and SUMS.
    """
    calls = _calls(schema, ledger, span, piece, only).cte("calls")
    jobs = _jobs_of(schema, ledger, calls).subquery("of_job")
    ending = _Ending(jobs.c.status, jobs.c.code)
    fate = _case(
        [
            (sa.and_(jobs.c.job_id.is_(None), ~calls.c.ok), Fate.CALL_FAILED),
            (jobs.c.job_id.is_(None), Fate.UNALLOCATED),
            *ending.fates(),
            (~calls.c.ok, Fate.CALL_FAILED),
            # Most jobs had one attempt, and only where there is a later one is it worth a look.
            (sa.and_(jobs.c.retried, _replaced(ledger, calls)), Fate.AGAIN),
            (jobs.c.status == "done", Fate.USED),
        ],
        Fate.OPEN,
    )
    named = [calls.c[name] for name in ("piece", "job_id", "provider", "kind", "step")]
    found = sa.select(*named, fate.label("fate"), ending.told, *(calls.c[name] for name in SUMS))
    return found.select_from(calls.outerjoin(jobs, jobs.c.job_id == calls.c.job_id)).subquery("fated")


def fated_shares(schema: ServiceSchema, span: Span, piece: Piece, *more: ColumnElement[Any]) -> FromClause:
    """Each job created in the span: piece, fate, error_code, the shares of a book it bought, and more columns."""
    ending = job_ending(schema)
    fate = _case([*ending.fates(), (ending.status == "done", Fate.USED)], Fate.OPEN)
    columns = [piece(schema.instant("created_at")).label("piece"), fate.label("fate"), ending.told]
    shares = book_shares.bought(schema).values()
    return sa.select(*columns, *shares, *more).where(*created_in(schema, span)).subquery("fated")


def summed(ledger: sa.Table) -> list[ColumnElement[Any]]:
    """SUMS over the ledger's calls."""
    number = sa.func.count()
    return [
        number.label("calls"),
        number.filter(_failed(ledger)).label("failed"),
        call_prices.unpriced(ledger).label("unpriced"),
        call_prices.spent(ledger).label("usd"),
    ]


def job_ending(schema: ServiceSchema) -> _Ending:
    """Of the row of jobs at hand."""
    code = sa.func.coalesce(schema.jobs.c.error_code, "") if schema.has("error_code") else _NOTHING
    return _Ending(schema.jobs.c.status, code)


def _calls(
    schema: ServiceSchema, ledger: sa.Table, span: Span, piece: Piece, only: tuple[ColumnElement[bool], ...]
) -> sa.Select[Any]:
    """Calls that share all that their fate depends on; what a ledger left empty is ""."""
    calls = ledger.c
    ok = ~_failed(ledger)
    told_apart = [
        piece(schema.instant(calls.occurred_at)).label("piece"),
        calls.job_id,
        calls.attempt,
        *(sa.func.coalesce(calls[name], "").label(name) for name in ("provider", "kind", "step")),
        ok.label("ok"),
    ]
    question = sa.select(*told_apart, *summed(ledger)).where(*within(schema, calls.occurred_at, span), *only)
    return question.group_by(*(sa.text(str(number + 1)) for number in range(len(told_apart))))


def _failed(ledger: sa.Table) -> ColumnElement[bool]:
    return ledger.c.outcome.is_distinct_from("succeeded")


def _jobs_of(schema: ServiceSchema, ledger: sa.Table, calls: FromClause) -> sa.Select[Any]:
    """The jobs that the calls are of: how they stand, and whether an attempt came after one of these calls."""
    first = sa.func.min(calls.c.attempt).label("first")
    asked = sa.select(calls.c.job_id, first).group_by(calls.c.job_id).subquery("asked")
    ending = job_ending(schema)
    last = sa.select(sa.func.max(ledger.c.attempt)).where(ledger.c.job_id == asked.c.job_id).scalar_subquery()
    columns = [asked.c.job_id, ending.status, ending.code.label("code"), (last > asked.c.first).label("retried")]
    return sa.select(*columns).join_from(asked, schema.jobs, schema.jobs.c.id == asked.c.job_id)


def _replaced(ledger: sa.Table, calls: FromClause) -> ColumnElement[bool]:
    """Whether a later attempt began before the call's step, or bought the same once more; images are kept."""
    again = ledger.alias("again").c
    same = sa.and_(
        calls.c.kind != "image",
        sa.func.coalesce(again.step, "") == calls.c.step,
        sa.func.coalesce(again.kind, "") == calls.c.kind,
        again.outcome == "succeeded",
    )
    later = sa.and_(again.job_id == calls.c.job_id, again.attempt > calls.c.attempt)
    return sa.exists().where(later, sa.or_(_position(again.step) < _position(calls.c.step), same))


def _position(step: ColumnElement[Any]) -> ColumnElement[Any]:
    """NULL for what is no step of the contract: it is neither before nor after another."""
    return sa.case({name: at for at, name in enumerate(STEPS)}, value=step)


def _case(fates: list[tuple[ColumnElement[bool], Fate]], otherwise: Fate) -> ColumnElement[Any]:
    return sa.case(*((held, sa.literal(fate.value)) for held, fate in fates), else_=sa.literal(otherwise.value))
