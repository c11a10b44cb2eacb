"""One job's page: found or not, and its whole story."""

from __future__ import annotations

import pytest

from tests.dashboard.conftest import Configure
from tests.pages.job_rows import JOB, KEY, add, panel
from tests.pages.screen import markdown, opened, run, words
from tests.pages.test_bad_input import HOSTILE, uninterpreted
from tests.queries import conftest as database


def test_without_an_id_one_can_be_pasted(newer: str) -> None:
    add(newer)
    at = opened("job")
    assert [one.label for one in at.text_input] == ["Job id"]
    at.text_input(key="job").set_value(f" {JOB} ")
    run(at)
    assert at.query_params["job"] == JOB
    assert next(code.value for code in at.code) == JOB
    assert len(at.text_input) == 0


@pytest.mark.usefixtures("newer")
@pytest.mark.parametrize("job_id", ["job_none", HOSTILE.replace("\u202e", "")])
def test_an_id_of_no_job_is_said_as_text(job_id: str) -> None:
    at = opened("job", job=job_id)
    assert "There is no job of this id." in words(at)
    assert [code.value for code in at.code] == [job_id]
    assert [one.label for one in at.text_input] == ["Job id"]
    uninterpreted(at)


def test_a_part_of_an_id_is_no_id(newer: str) -> None:
    add(newer)
    assert "There is no job of this id." in words(opened("job", job=JOB[:-1]))


@pytest.mark.usefixtures("newer")
def test_a_users_key_is_not_kept() -> None:
    at = opened("job")
    at.text_input(key="job").set_value(KEY)
    run(at)
    assert at.query_params["job"].startswith("user-")
    assert KEY not in "".join([*markdown(at), *(code.value for code in at.code)])


def test_an_id_that_looks_like_a_key_is_found_all_the_same(newer: str) -> None:
    add(newer)
    uuid = "0f3a9c01-2b4d-4e6f-8a1b-3c5d7e9f0a2b"
    database.run(newer, f"update jobs set id = '{uuid}'")  # noqa: S608
    at = opened("job")
    at.text_input(key="job").set_value(uuid)
    assert run(at).query_params["job"] == uuid
    assert "Failed 41 min ago" in words(at)


def test_the_whole_story(newer: str) -> None:
    add(newer)
    at = opened("job", job=JOB)
    told = words(at)
    assert "Failed 41 min ago at generate_images after 2 attempts: IMAGE_TIMEOUT." in told
    assert "$1.50 in all · $1.50 wasted (100 %) · attempt 1: $1.00 · attempt 2: $0.50 · 1 call unpriced" in told
    assert [(row["attempt"], row["what"], row["state"]) for row in panel(at, "began")] == [
        (1, "waiting", ""),
        (1, "generate_images", "failed"),
        (2, "waiting", ""),
        (2, "generate_images", "failed"),
    ]
    assert [row["note"] for row in panel(at, "began")] == [
        "ordered by user", "IMAGE_FAILED", "retried by Ada Mensah · provider is back", "IMAGE_TIMEOUT",
    ]  # fmt: skip
    assert [(row["calls"], row["failed"], row["unpriced"]) for row in panel(at, "calls")] == [(2, 1, 0), (2, 0, 1)]
    assert "No quality check of this job: only a finished book is checked." in told
    assert "Nothing was moderated yet." in told
    assert "Nobody did anything to this job from here." in told
    assert {"abc123", JOB} <= {code.value for code in at.code}


def test_a_trace_has_an_address_where_a_template_is_set(newer: str, configure: Configure) -> None:
    add(newer)
    configure(trace_url="https://traces.example/{trace_id}")
    (link,) = opened("job", job=JOB).get("link_button")
    assert link.proto.url == "https://traces.example/abc123"


def test_the_user_leads_to_their_jobs(newer: str) -> None:
    add(newer)
    at = opened("job", job=JOB)
    (link,) = [text for text in markdown(at) if "](jobs?q=" in text]
    assert "(jobs?q=user%3Auser-" in link
    assert KEY not in "\n".join(markdown(at))


def test_quality_and_moderation(newer: str) -> None:
    add(newer, "done", None)
    database.run(
        newer,
        'insert into quality_checks (job_id, "check", score, passed, detail)'  # noqa: S608
        f" values ('{JOB}', 'placeholder_images', 0.75, false, '3 of 12'),"
        f" ('{JOB}', 'repetition', 0.9, true, 'd')",
        'update jobs set moderation_input = \'{"flagged": false, "words": []}\'',
    )
    at = opened("job", job=JOB)
    assert "Delivered with placeholder images. Its quality is 82.5 %, below the 85 % that a book needs." in words(
        at
    )
    assert "82.5 % on average, of the 85 % that a book needs · 1 check below it" in words(at)
    assert [(row["check"], row["score"], row["passed"]) for row in panel(at, "check")] == [
        ("placeholder_images", "75 %", "not passed"), ("repetition", "90 %", "passed"),
    ]  # fmt: skip
    assert panel(at, "key") == [
        {"of": "of the wish", "key": "flagged", "value": "false"},
        {"of": "of the wish", "key": "words", "value": "–"},
    ]  # fmt: skip


def test_what_people_did_to_exactly_this_job(newer: str) -> None:
    add(newer)
    rows = [f"('r{n}', 'intent', 'Mina', 'operator', 'job.acknowledge', 'job', '{target}', 'on it')"
            for n, target in enumerate((JOB, f"{JOB}0", JOB.upper()))]  # fmt: skip
    database.run(
        newer,
        "insert into ops.audit_log (request_id, phase, actor, role, action, target_kind, target_id, reason)"  # noqa: S608
        f" values {', '.join(rows)}",
    )
    assert [row["request"] for row in panel(opened("job", job=JOB), "request")] == ["r0"]
