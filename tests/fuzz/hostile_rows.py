"""A newer deployment, the console's own records, a service and a Prometheus whose every text means harm."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg

from queries.aliases import Aliases
from tests.actions.odd_service import Answer, Handler, OddService, status
from tests.fuzz import hostile
from tests.queries.told_rules import alert, rule

KEYS = tuple(f"sk_hostile_{number:016d}" for number in range(6))
ALIASES = Aliases("a key for tests")
JOB = "job_20261123_090000_00000001"
BULK = "bulk-1"
# How long the texts of jobs may be.
STATUS, STEP, CODE, MESSAGE, ID, PROFILE, TRACE = 20, 120, 60, 300, 60, 80, 32

JOBS = """
insert into jobs (id, status, progress, current_step, error_code, error_message, retry_count, profile_id, trace_id,
    moderation_input, moderation_output, user_key, created_at, updated_at)
select %(id)s, %(status)s, 45, %(step)s, %(code)s, %(message)s, 1, %(profile)s, %(trace)s, %(told)s, %(told)s,
    %(key)s, n - %(ago)s * interval '1 min', n - (%(ago)s - 5) * interval '1 min'
from (select now() at time zone 'utc' as n) clock
"""
EVENTS = """
insert into job_events (job_id, attempt, at, event, detail, actor)
values (%(id)s, %(attempt)s, now() - %(ago)s * interval '1 min', %(event)s, %(told)s, %(actor)s)
"""
CALLS = """
insert into cost_events (event_id, occurred_at, job_id, attempt, user_key, provider, kind, model, step, outcome,
    units, cost_usd)
values (%(event)s, now() - %(ago)s * interval '1 min', %(id)s, 1, %(key)s, %(provider)s, 'image', %(model)s,
    %(step)s, 'failed', 1, %(usd)s)
"""
CHECKS = """
insert into quality_checks (job_id, "check", score, passed, detail)
values (%(id)s, %(check)s, 0.5, false, %(told)s)
"""
AUDIT = """
insert into ops.audit_log (request_id, phase, actor, role, action, target_kind, target_id, reason, batch_id,
    parameters, before, after, result, message)
values (%(request)s, %(phase)s, %(actor)s, %(text)s, %(action)s, 'job', %(target)s, %(text)s, %(batch)s, %(told)s,
    %(told)s, %(told)s, %(result)s, %(message)s)
"""
NOTES = "insert into ops.user_notes (digest, actor, note) values (%(digest)s, %(text)s, %(text)s)"
ACKNOWLEDGED = """
insert into ops.acknowledgements (job_id, actor, note, snoozed_until)
values (%(id)s, %(text)s, %(text)s, case when length(%(text)s) %% 2 = 0 then now() + interval '1 hour' end)
"""
VIEWS = """
insert into ops.saved_views (id, name, name_key, page, query, actor)
values (%(id)s, %(name)s, %(id)s, 'jobs', %(text)s, %(text)s)
"""
BULKS = """
insert into ops.bulks (id, created_at, actor, role, action, reason, filter, total, state, state_by, why, ended_at)
values (%(id)s, now() - %(ago)s * interval '1 min', %(text)s, %(text)s, %(action)s, %(text)s, %(text)s, 2,
    'stopped', %(text)s, %(why)s, now())
"""
BULK_JOBS = """
insert into ops.bulk_jobs (bulk_id, position, job_id, expected, state, message, ended_at)
values (%(id)s, %(position)s, %(job)s, '{}', 'failed', %(text)s, now())
"""
PROPOSALS = """
insert into ops.guardrail_proposals (id, actor, guardrail, before, value, reason, state, decided_at, decided_by)
values (%(id)s, %(text)s, %(name)s, 1, 2, %(text)s, %(state)s, %(decided)s, %(by)s)
"""
REJECTIONS = """
insert into guardrail_rejections (hour, user_key, guardrail, requests, last_at)
values (date_trunc('hour', now()) - %(ago)s * interval '1 hour', %(key)s, %(name)s, 3, now())
"""


def fill(url: str, texts: Sequence[str] = hostile.CORPUS) -> None:
    """Every text into every column that takes text; JOB has a whole story, BULK one of everything."""
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        for number, text in enumerate(texts):
            _add_job(cursor, number, text)
            _add_records(cursor, number, text)


def _add_job(cursor: psycopg.Cursor[Any], number: int, text: str) -> None:
    own = {
        "id": f"{text[:50]}-{number}" if number % 3 == 1 else f"job_20261123_090000_{number + 2:08d}",
        "status": ("failed", "running", "queued", "failed", text[:STATUS] or "x")[number % 5],
        "step": text[:STEP] if number % 5 else "generate_images",
        "code": text[:CODE],
        "message": text[:MESSAGE],
        "profile": text[:PROFILE],
        "trace": text[:TRACE],
        "told": json.dumps({text[:100]: text}),
        "key": KEYS[number % len(KEYS)],
        "ago": 10 + number * 20,
    }
    cursor.execute(JOBS, own)
    for job in (own["id"], JOB):
        _add_story(cursor, number, text, job, str(own["key"]))
    cursor.execute(ACKNOWLEDGED, {"id": own["id"], "text": text})
    if not number:
        cursor.execute(JOBS, own | {"id": JOB, "status": "failed"})


def _add_story(cursor: psycopg.Cursor[Any], number: int, text: str, job: object, key: str) -> None:
    told = dict.fromkeys(("step", "reason", "error_code", "error_message", "detail", "placeholder"), text)
    kinds = ("created", "started", "step", "progress", "retried", "failed", text[:20] or "x")
    event = {"id": job, "attempt": 1 + number % 3, "ago": 1000 - number, "event": kinds[number % 7]}
    cursor.execute(EVENTS, event | {"told": json.dumps(told), "actor": text[:120]})
    call = {"event": f"{job}-{number}", "id": job, "ago": number, "key": key, "usd": None if number % 4 else 0.25}
    cursor.execute(
        CALLS, call | {"provider": text[:40] or "x", "model": text[:80] or "x", "step": text[:120] or "x"}
    )
    cursor.execute(CHECKS, {"id": job, "check": text[:40] or "x", "told": text})


def _add_records(cursor: psycopg.Cursor[Any], number: int, text: str) -> None:
    act = {
        "request": f"r-{number}",
        "actor": text or "x",
        "action": text if number % 2 else "job.retry",
        "target": text if number % 2 else JOB,
        "text": text,
        "batch": BULK if number % 2 else None,
        "told": json.dumps({text[:100]: [text, {text: None}]}),
    }
    cursor.execute(AUDIT, act | {"phase": "intent", "result": None, "message": None})
    if number % 4:
        cursor.execute(AUDIT, act | {"phase": "outcome", "result": "failed", "message": text})
    cursor.execute(NOTES, {"digest": ALIASES.digest(KEYS[0]), "text": text})
    if text.strip():
        cursor.execute(VIEWS, {"id": f"v-{number}", "name": text.strip()[:60], "text": text})
    bulk = {"id": BULK if not number else f"{BULK}-{number}", "ago": number, "text": text, "action": "retry"}
    cursor.execute(
        BULKS, bulk | {"why": json.dumps({"error": "Odd", "fields": {"a": text}}) if number % 2 else None}
    )
    for bulk_id in {bulk["id"], BULK}:
        place = {"id": bulk_id, "position": number, "job": f"{text[:50]}-{number}", "text": text}
        cursor.execute(BULK_JOBS, place)
    decided = number % 2
    cursor.execute(
        PROPOSALS,
        {
            "id": f"p-{number}",
            "text": text,
            "name": text if number % 3 else "max_pending_jobs",
            "state": "declined" if decided else "waiting",
            "decided": "2026-11-23" if decided else None,
            "by": text if decided else None,
        },
    )
    rejected = {"ago": number, "key": KEYS[number % len(KEYS)], "name": text[:60] or "x"}
    cursor.execute(REJECTIONS, rejected)


def rules(texts: Sequence[str] = hostile.CORPUS) -> list[Mapping[str, Any]]:
    """Alerting rules as somebody hostile would write them."""
    states = ("firing", "pending", "firing")
    return [
        rule(
            text or "x",
            alert(states[number % 3], about={text or "x": text}),
            severity=("critical", "warning", text)[number % 3],
            summary=text,
            description=text,
            watches=text,
            page=("jobs", text, "costs")[number % 3],
            runbook=(text, f"{text}#{text}", "operating.md#costburn")[number % 3],
            needs=text if number % 5 == 4 else "",
            error=text if number % 4 == 3 else "",
            health="err" if number % 4 == 3 else "ok",
        )
        for number, text in enumerate(texts)
    ]


def _answers(texts: Sequence[str]) -> Mapping[str, Any]:
    limits = {
        text[:80]: {"value": 20, "min": 0, "max": 1000, "default": 10, "description": text, "unit": text}
        for text in texts
    }
    known = {"value": 20, "min": 0, "max": 1000, "default": 20, "description": texts[0], "expires_at": None}
    changes = [
        {"id": str(number), "at": "2026-11-23T02:14:00Z", "limit": ("max_pending_jobs", text or "x")[number % 2],
         "from": number, "to": number + 1, "actor": text, "reason": text, "request_id": text}
        for number, text in enumerate(texts)
    ]  # fmt: skip
    return {
        "/v1/admin/capabilities": {"actions": ["retry", "cancel", "guardrails", "intake", *texts],
                                   "version": texts[0]},
        "/v1/admin/guardrails": {"max_pending_jobs": known, "daily_cost_limit_usd": known, **limits},
        "/v1/admin/guardrails/history": {"changes": changes},
        "/v1/admin/intake": {"accepting": False, "reason": " ".join(texts)[:4000], "changed_by": texts[1],
                             "changed_at": "2026-11-23T02:14:00Z"},
        "/health/detailed": {"status": texts[0], "version": texts[1], "services": {text: text for text in texts}},
    }  # fmt: skip


@contextmanager
def service(texts: Sequence[str] = hostile.CORPUS) -> Iterator[OddService]:
    """A control API that describes everything with these texts, and refuses every write with one."""
    answers = _answers(texts)

    def answer(handler: Handler) -> None:
        told = answers.get(handler.path.partition("?")[0])
        refused: Answer = status(418, {"detail": texts[0], "error": {"code": texts[1], "message": texts[0]}})
        (status(200, told, headers={"ETag": '"1"'}) if handler.command == "GET" and told else refused)(handler)

    with OddService() as running:
        running.answer(answer)
        yield running
