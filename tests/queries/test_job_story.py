"""One job's events, calls, checks and moderation: only its own, nobody's key, no guess where nothing is kept."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from queries import job_quality, job_story, jobs
from queries.aliases import Aliases
from queries.job_models import JobEvents, Moderation
from tests.queries.conftest import connect, run
from tests.queries.test_costs import spend

KEY = "key-of-a-user"
JOB = "job_20261123_090000_00000001"
ADD = f"insert into jobs (id, status, user_key) values ('{JOB}', 'done', '{KEY}'), ('other', 'done', 'u2')"  # noqa: S608
TABLES = "drop table job_events, cost_events, quality_checks"


def event(second: float, name: str, detail: str = "{}", actor: str = "null", job: str = JOB) -> str:
    return (
        "insert into job_events (job_id, attempt, at, event, detail, actor) values"  # noqa: S608
        f" ('{job}', 1, timestamptz '2026-11-23 09:00Z' + interval '{second} s', '{name}', '{detail}', {actor})"
    )


def events(url: str, job_id: str = JOB) -> JobEvents:
    with connect(url) as (connection, schema):
        found = job_story.events(connection, schema, Aliases("k"), job_id)
    assert found is not None
    return found


def test_events_oldest_first_and_only_the_jobs_own(newer_url: str) -> None:
    run(
        newer_url,
        ADD,
        event(2, "step", '{"step": "normalize", "progress": 2, "kept": true, "of": null}', "'w'"),
        event(1, "created"),
        event(3, "step", job="other"),
    )
    found = events(newer_url)
    assert [(one.event, one.actor) for one in found.events] == [("created", None), ("step", "w")]
    assert found.events[1].detail == {"step": "normalize", "progress": "2", "kept": "true", "of": "null"}
    assert found.events[0].at.utcoffset() == timedelta(0)
    assert not found.capped
    assert events(newer_url, "none").events == ()


def test_the_newest_events_when_there_are_too_many(newer_url: str) -> None:
    run(
        newer_url,
        ADD,
        "insert into job_events (job_id, attempt, at, event)"  # noqa: S608
        f" select '{JOB}', n, now() + n * interval '1 s', 'step'"
        f" from generate_series(1, {job_story.EVENTS_LIMIT + 1}) n",
    )
    found = events(newer_url)
    assert found.capped
    assert [found.events[0].attempt, found.events[-1].attempt] == [2, job_story.EVENTS_LIMIT + 1]


def test_a_user_key_is_an_alias_wherever_it_stands(newer_url: str) -> None:
    alias = Aliases("k").alias(KEY)
    run(
        newer_url,
        ADD,
        event(1, "created", actor=f"'{KEY}'"),
        event(2, "retried", f'{{"reason": "asked by {KEY}", "{KEY}": ["{KEY}"]}}'),
        f"update jobs set error_message = 'Key (user_key)=({KEY}) exists'",  # noqa: S608
        f"update jobs set moderation_input = json_build_object('who', '{KEY}')",  # noqa: S608
    )
    created, retried = events(newer_url).events
    assert created.actor == alias
    assert retried.detail == {"reason": f"asked by {alias}", alias: alias}
    with connect(newer_url) as (connection, schema):
        job = jobs.get(connection, schema, Aliases("k"), JOB)
        found = job_story.moderation(connection, schema, Aliases("k"), JOB)
    assert job is not None
    assert job.error_message == f"Key (user_key)=({alias}) exists"
    assert found == Moderation({"who": alias}, None)


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        ("[1, 2]", {"": "[1, 2]"}),
        ('"text"', {"": "text"}),
        ("null", {}),
        ('{"a": {"b": ["c"]}}', {"a": '{"b": ["c"]}'}),
        ('{"words": ["a", "b"]}', {"words": "a, b"}),
        ('{"a": "\\u0000"}', {"a": "\0"}),
        ("[" * 1500 + "]" * 1500, {"": "[" * 1500 + "]" * 1500}),
    ],
    ids=["list", "text", "null", "nested", "words", "null character", "deep"],
)
def test_whatever_json_is_read(newer_url: str, detail: str, expected: dict[str, str]) -> None:
    run(newer_url, ADD, event(1, "step", detail))
    assert events(newer_url).events[0].detail == expected


def test_a_document_without_end_is_cut(newer_url: str) -> None:
    run(newer_url, ADD, "update jobs set moderation_output = ('\"' || repeat('x', 1000000) || '\"')::json")
    with connect(newer_url) as (connection, schema):
        found = job_story.moderation(connection, schema, Aliases("k"), JOB)
    assert found is not None
    assert found.output is not None
    assert len(found.output[""]) == job_story.DOCUMENT_LENGTH


def test_events_of_other_shapes(newer_url: str) -> None:
    run(
        newer_url,
        ADD,
        "alter table job_events drop actor, alter at type timestamp using at at time zone 'utc',"
        " alter attempt drop not null, alter at drop not null, alter event type text",
        f"insert into job_events (job_id, attempt, at, event) values ('{JOB}', null, '2026-11-23 09:00', 'done'),"  # noqa: S608
        f" ('{JOB}', 1, null, 'done')",
    )
    (one,) = events(newer_url).events
    assert (one.attempt, one.actor, one.at.isoformat()) == (1, None, "2026-11-23T09:00:00+00:00")


def test_calls_by_attempt_step_and_outcome(newer_url: str) -> None:
    for _ in range(3):
        spend(newer_url, "0.008", job_id=JOB, step="generate_images", kind="image")
    spend(
        newer_url,
        None,
        "now() + interval '1 s'",
        job_id=JOB,
        step="generate_images",
        kind="image",
        outcome="failed",
    )
    spend(newer_url, "0.000000001", "now() + interval '1 hour'", job_id=JOB, attempt=2)
    spend(newer_url, "9", job_id="other")
    with connect(newer_url) as (connection, schema):
        found = job_story.calls(connection, schema, JOB)
    assert found is not None
    assert [(one.attempt, one.kind, one.succeeded, one.number, one.unpriced, one.usd) for one in found] == [
        (1, "image", True, 3, 0, Decimal("0.024")),
        (1, "image", False, 1, 1, Decimal(0)),
        (2, "llm", True, 1, 0, Decimal("1E-9")),
    ]


def check(name: str, score: str, ago: str = "1 hour", detail: str = "'d'") -> str:
    return (
        'insert into quality_checks (job_id, checked_at, "check", score, passed, detail)'  # noqa: S608
        f" values ('{JOB}', now() - interval '{ago}', '{name}', {score}, {score} >= 0.85, {detail})"
    )


def test_the_newest_result_of_each_check(newer_url: str) -> None:
    run(
        newer_url,
        "alter table quality_checks drop constraint quality_checks_score_check, alter score drop not null,"
        " alter passed drop not null",
        check("repetition", "0.5", "2 hours"), check("repetition", "0.9"), check("placeholder_images", "0.75"),
        check("text_length", "null", detail="null"), check("odd", "'NaN'"),
    )  # fmt: skip
    with connect(newer_url) as (connection, schema):
        found = job_story.checks(connection, schema, JOB)
        assert job_story.checks(connection, schema, "other") == ()
    assert found is not None
    assert [(one.name, one.score, one.passed, one.detail) for one in found if one.name != "odd"] == [
        ("placeholder_images", Decimal("0.75"), False, "d"),
        ("repetition", Decimal("0.9"), True, "d"),
        ("text_length", None, None, ""),
    ]
    assert job_quality.mean(found) == Decimal("0.825")
    assert job_quality.has_placeholders(found)
    assert job_quality.mean(()) is None


def test_what_is_not_kept_is_none_and_not_empty(newer_url: str, older_url: str) -> None:
    run(newer_url, TABLES, "alter table jobs drop moderation_input, drop moderation_output")
    with connect(newer_url) as (connection, schema):
        assert job_story.events(connection, schema, Aliases("k"), JOB) is None
        assert job_story.calls(connection, schema, JOB) is None
        assert job_story.checks(connection, schema, JOB) is None
        assert job_story.moderation(connection, schema, Aliases("k"), JOB) is None
    with connect(older_url) as (connection, schema):
        assert job_story.moderation(connection, schema, Aliases("k"), "none") == Moderation(None, None)


def test_each_question_goes_by_an_index_of_the_newer_deployment(newer_url: str) -> None:
    many = "generate_series(1, 20000) n"
    run(
        newer_url,
        f"insert into jobs (id, status, user_key) select 'job' || n, 'done', 'u' from {many}",  # noqa: S608
        f"insert into job_events (job_id, attempt, event) select 'job' || n, 1, 'done' from {many}",  # noqa: S608
        "insert into cost_events (event_id, occurred_at, job_id, attempt, provider, kind, model, step, outcome,"  # noqa: S608
        f" units) select n, now(), 'job' || n, 1, 'p', 'llm', 'm', 's', 'failed', 1 from {many}",
        'insert into quality_checks (job_id, "check", score, passed)'  # noqa: S608
        f" select 'job' || n, 'repetition', 1, true from {many}",
        "analyze",
    )
    plans: list[str] = []

    def explain(connection: Any, _: Any, statement: str, parameters: Any, *__: Any) -> None:
        with connection.connection.cursor() as cursor:
            cursor.execute(f"explain {statement}", parameters)
            plans.append("\n".join(row[0] for row in cursor.fetchall()))

    with connect(newer_url) as (connection, schema):
        sa.event.listen(connection, "before_cursor_execute", explain)
        job_story.events(connection, schema, Aliases("k"), "job7")
        job_story.calls(connection, schema, "job7")
        job_story.checks(connection, schema, "job7")
        job_story.moderation(connection, schema, Aliases("k"), "job7")
    assert len(plans) == 4
    for plan in plans:
        assert "Index" in plan, plan
        assert "Seq Scan" not in plan, plan
