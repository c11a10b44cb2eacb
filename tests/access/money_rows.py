"""A deployment with money in every place that can hold any: ledger, limits, alerts, acts, what people wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg

from queries.aliases import Aliases
from tests.actions.odd_service import Answer, Handler, OddService, status
from tests.queries.told_rules import alert, rule

ALIASES = Aliases("a key for tests")
KEY = "sk_live_0123456789abcdef"
JOB, STUCK, OTHER = (f"job_20261123_090000_0000000{number}" for number in (1, 2, 3))
BULK, LIMIT, CAP = "bulk-1", "daily_cost_limit_usd", "spend_cap"
# No figure that a page shows for another reason looks like one of these.
PRICES = {"price_per_image": "7.3913", "price_per_llm_call": "3.1737"}
LIMIT_USD, LIMIT_BEFORE, CAP_USD, CAP_BEFORE = 4321.57, 4987.61, 2876.43, 2765.49
STAKE, ESTIMATE, GIVEN_UP, TYPED, WATCHED, TOLD = 6543.21, 5432.19, 3219.87, 87.65, 8642.13, 1937.43
PLANTED = (LIMIT_USD, LIMIT_BEFORE, CAP_USD, CAP_BEFORE, STAKE, ESTIMATE, GIVEN_UP, TYPED, WATCHED, TOLD)
WROTE = f"we are at ${TOLD:,} already, {TOLD} USD in all"

JOBS = """
insert into jobs (id, status, progress, current_step, error_code, error_message, retry_count, user_key,
    created_at, updated_at)
select 'job_20261123_090000_0000000' || number, status, 45, 'generate_images', code, %(wrote)s, 1, %(key)s,
    n - interval '90 min', n - interval '41 min'
from (select now() at time zone 'utc' as n) clock,
    (values (1, 'failed', 'IMAGE_FAILED'), (2, 'running', null), (3, 'failed', 'IMAGE_TIMEOUT'), (4, 'done', null))
    made (number, status, code)
"""
# Of today, wherever the day began, and of the days before.
CALLS = """
insert into cost_events (event_id, occurred_at, job_id, attempt, user_key, provider, kind, model, step, outcome,
    units, cost_usd)
select id || day || call, now() - day * interval '1 day', id, 1 + call %% 2, %(key)s, 'picture-one', 'image', 'm',
    'generate_images', case call when 1 then 'failed' else 'succeeded' end, 1,
    113.1731 + call * 11.0937 + day * 1.3719 + right(id, 1)::int * 0.1753
from jobs, generate_series(0, 3) day, generate_series(1, 3) call
"""
AUDIT = """
insert into ops.audit_log (request_id, phase, actor, role, action, target_kind, target_id, reason, parameters,
    before, after, result, message)
values (%(request)s, %(phase)s, 'Ada', 'admin', %(action)s, %(kind)s, %(target)s, %(reason)s, %(parameters)s,
    %(before)s, %(after)s, %(result)s, %(message)s)
"""
NOTES = "insert into ops.user_notes (digest, actor, note) values (%(digest)s, 'Ada', %(wrote)s)"
ACKNOWLEDGED = "insert into ops.acknowledgements (job_id, actor, note) values (%(stuck)s, 'Ada', %(wrote)s)"
VIEWS = """
insert into ops.saved_views (id, name, name_key, page, query, actor)
values ('v', 'Dear ones', 'dear ones', 'jobs', %(query)s, 'Ada')
"""
BULKS = """
insert into ops.bulks (id, actor, role, action, parameters, reason, filter, total, estimate_usd, state, state_by,
    ended_at)
values (%(bulk)s, 'Ada', 'admin', 'job.retry', '{"from": "start"}', %(wrote)s, %(query)s, 1, %(estimate)s,
    'finished', 'Ada', now())
"""
BULK_JOBS = """
insert into ops.bulk_jobs (bulk_id, position, job_id, expected, estimate_usd, state, message, ended_at)
values (%(bulk)s, 1, %(job)s, '{}', %(estimate)s, 'failed', %(wrote)s, now())
"""
PROPOSALS = """
insert into ops.guardrail_proposals (id, actor, guardrail, before, value, reason, stake_usd)
values ('p-1', 'Ada', %(limit)s, %(limit_before)s, %(limit_usd)s, %(wrote)s, %(stake)s),
    ('p-2', 'Ada', 'max_pending_jobs', 20, 30, %(wrote)s, %(stake)s)
"""


def fill(url: str) -> None:
    """Every kind of row that can hold an amount."""
    values = {
        **{"key": KEY, "wrote": WROTE, "digest": ALIASES.digest(KEY), "stuck": STUCK, "job": JOB, "bulk": BULK},
        **{"query": f"cost:>{TYPED}", "estimate": ESTIMATE, "stake": STAKE},
        **{"limit": LIMIT, "limit_before": LIMIT_BEFORE, "limit_usd": LIMIT_USD},
    }
    with psycopg.connect(url) as connection:
        for statement in (JOBS, CALLS, NOTES, ACKNOWLEDGED, VIEWS, BULKS, BULK_JOBS, PROPOSALS):
            connection.execute(statement, values)
        for number, (action, kind, target, before, after) in enumerate(_acts()):
            act = {"request": f"r-{number}", "action": action, "kind": kind, "target": target, "reason": WROTE}
            asked = json.dumps({"stake_usd": STAKE, "filter": f"cost:>{TYPED}", **after})
            act |= {"parameters": asked, "before": json.dumps(before), "after": json.dumps(after)}
            connection.execute(AUDIT, act | {"phase": "intent", "result": None, "message": None, "after": None})
            said = f"{target} is {LIMIT_USD} now" if kind == "guardrail" else WROTE
            connection.execute(AUDIT, act | {"phase": "outcome", "result": "done", "message": said})


def _acts() -> Iterator[tuple[str, str, str, Mapping[str, Any], Mapping[str, Any]]]:
    yield "job.cancel", "job", JOB, {}, {"status": "cancelled", "cost_usd_spent": GIVEN_UP}
    yield "guardrail.change", "guardrail", LIMIT, {"value": str(LIMIT_BEFORE)}, {"value": LIMIT_USD}
    yield "guardrail.observed", "guardrail", CAP, {"value": CAP_BEFORE}, {"value": CAP_USD}
    yield "intake.close", "service", "intake", {}, {"note": WROTE}


def rules() -> list[Mapping[str, Any]]:
    """Alerting rules that tell of money."""
    notes = {"summary": WROTE, "description": f"Over US${LIMIT_USD}.", "page": "costs"}
    watches = f"sum(increase(bookgen_api_cost_usd_total[24h])) > {WATCHED}"
    return [
        rule("CostBurn", alert(), **notes, watches=watches, runbook="operating.md#costburn"),
        rule("CostLast24Hours", alert("pending"), **notes, watches=watches, runbook="operating.md#unpricedcalls"),
    ]


def _limits() -> Mapping[str, Any]:
    whole = {"value": 20, "min": 0, "max": 1000, "default": 20, "description": "Jobs", "expires_at": None}
    usd = {"min": 0, "max": LIMIT_BEFORE, "description": f"{WROTE}.", "expires_at": None}
    limits = {
        "daily_job_limit_per_user": whole,
        "max_pending_jobs": whole,
        LIMIT: {**usd, "value": LIMIT_USD, "default": LIMIT_BEFORE, "unit": "usd"},
        CAP: {**usd, "value": CAP_USD, "default": CAP_BEFORE, "unit": "usd"},
    }
    changes = [
        {"id": limit, "at": "2026-11-23T02:14:00Z", "limit": limit, "from": before, "to": value, "actor": "Ada",
         "reason": f"{WROTE}, so {value}", "request_id": limit}
        for limit, before, value in ((LIMIT, LIMIT_BEFORE, LIMIT_USD), (CAP, CAP_BEFORE, CAP_USD))
    ]  # fmt: skip
    return {
        "/v1/admin/capabilities": {"actions": ["retry", "cancel", "guardrails", "intake"], "version": "1"},
        "/v1/admin/guardrails": limits,
        "/v1/admin/guardrails/history": {"changes": changes},
        "/v1/admin/intake": {"accepting": False, "reason": WROTE, "changed_by": "Ada",
                             "changed_at": "2026-11-23T02:14:00Z"},
    }  # fmt: skip


@contextmanager
def service() -> Iterator[OddService]:
    """A control API whose limits and reasons hold amounts."""
    answers = _limits()

    def answer(handler: Handler) -> None:
        told = answers.get(handler.path.partition("?")[0])
        found: Answer = status(200, told, headers={"ETag": '"1"'}) if told else status(404)
        found(handler)

    with OddService() as running:
        running.answer(answer)
        yield running
