"""The audit log's page: the verdict, filters, paging, what has no outcome, and the file to forward."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from dashboard.components import audit_files, audit_table
from queries import audit_log
from queries.audit_models import AuditEntry, AuditFilter, Phase, Result
from tests.dashboard.conftest import Configure
from tests.pages.screen import labels, markdown, opened, press, run, table, words
from tests.queries.conftest import connect

INSERT = """
insert into ops.audit_log (at, request_id, phase, actor, role, action, target_kind, target_id, reason, parameters,
    before, after, result, message)
select now() - %(age)s::interval, %(request)s, phase, %(actor)s, 'operator', %(action)s, 'job', %(target)s,
    %(reason)s, '{"from": "start"}', '{"status": "failed"}',
    case when phase = 'outcome' then '{"status": "queued"}'::jsonb end,
    case when phase = 'outcome' then %(result)s end, case when phase = 'outcome' then %(message)s end
from unnest(%(phases)s::text[]) as phase
"""


class Log:
    """Writes acts behind the console's back."""

    def __init__(self, url: str) -> None:
        self.url = url

    def add(self, request: str, result: str | None = "done", **fields: Any) -> None:
        """An act; without a result it has no outcome."""
        phases = ["intent"] if result is None else ["intent", "outcome"]
        values = {
            "age": "1 hour",
            "actor": "Mina Park",
            "action": "job.retry",
            "target": f"job_{request}",
            "reason": "provider is back",
            "message": "Retried: the job is queued.",
        } | fields
        with psycopg.connect(self.url) as connection:
            connection.execute(INSERT, {**values, "request": request, "result": result, "phases": phases})


@pytest.fixture
def log(configure: Configure, migrated_url: str) -> Log:
    configure(database_url=migrated_url)
    return Log(migrated_url)


@pytest.fixture
def filled(log: Log) -> Log:
    """Six acts of two people: three today, one lost, two of older days."""
    log.add("r-1")
    log.add("r-2", "skipped", message="Somebody or something changed this job meanwhile.")
    log.add("r-3", "failed", actor="Ada Mensah", action="job.cancel", reason="abuse")
    log.add("r-4", None, actor="Ada Mensah")
    log.add("r-5", "refused", age="3 days")
    log.add("r-6", age="20 days")
    return log


def targets(at: Any) -> list[str]:
    return [row["target"] for row in table(at)] if len(at.dataframe) else []


@pytest.mark.usefixtures("log")
def test_an_empty_log_is_not_a_filter_that_finds_nothing() -> None:
    assert "Nothing has been done yet." in words(opened("audit_log", span="all"))
    assert "Nothing was done in this time." in words(opened("audit_log"))
    assert "Nothing was done (Last 24 hours)." in words(opened("audit_log"))
    assert "No line of the log matches these filters." in words(opened("audit_log", find="job_nowhere"))
    assert "Download all as CSV" not in labels(opened("audit_log"))


@pytest.mark.usefixtures("filled")
def test_the_verdict_counts_acts_people_and_outcomes() -> None:
    told = words(opened("audit_log"))
    assert "4 acts by 2 people (Last 24 hours)." in told
    assert "1 done · 1 skipped · 1 failed · 1 has no outcome. The console stopped before it was known:" in told
    assert "under way" not in told
    assert ":orange[:material/warning:]" in told
    everything = words(opened("audit_log", span="all"))
    assert (
        "6 acts by 2 people (All time). 2 done · 1 skipped · 1 refused · 1 failed · 1 has no outcome."
        in everything
    )
    fine = words(opened("audit_log", who="Mina Park"))
    assert ":gray[2 acts by 1 person (Last 24 hours). 1 done · 1 skipped]" in fine


@pytest.mark.usefixtures("filled")
def test_each_line_tells_who_what_why_and_what_came_of_it() -> None:
    newest, *rest = table(opened("audit_log"))
    assert (newest["actor"], newest["action"], newest["target"]) == ("Ada Mensah (operator)", "Retry", "job_r-4")
    assert (newest["what"], newest["message"]) == ("unknown", "No outcome was recorded: select this line.")
    assert [(row["what"], row["request"]) for row in rest] == [
        ("failed", "r-3"), ("skipped", "r-2"), ("done", "r-1")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"span": "all"}, ["job_r-4", "job_r-3", "job_r-2", "job_r-1", "job_r-5", "job_r-6"]),
        ({"span": "week"}, ["job_r-5", "job_r-4", "job_r-3", "job_r-2", "job_r-1"]),
        ({"who": "Ada Mensah"}, ["job_r-4", "job_r-3"]),
        ({"action": "job.cancel"}, ["job_r-3"]),
        ({"outcome": "unknown"}, ["job_r-4"]),
        ({"outcome": "refused", "span": "all"}, ["job_r-5"]),
        ({"find": "JOB_R-2"}, ["job_r-2"]),
        ({"find": "r-1"}, ["job_r-1"]),
        ({"who": "Ada Mensah", "outcome": "done"}, []),
    ],
)
@pytest.mark.usefixtures("filled")
def test_filters_in_the_address(query: dict[str, str], expected: list[str]) -> None:
    at = opened("audit_log", **query)
    assert sorted(targets(at)) == sorted(expected)
    assert len(at.info) == 0


@pytest.mark.usefixtures("filled")
def test_a_filter_that_is_chosen_goes_into_the_address() -> None:
    at = opened("audit_log")
    at.selectbox(key="outcome").select("unknown")
    run(at)
    assert at.query_params["outcome"] == "unknown"
    assert targets(at) == ["job_r-4"]


def test_paging_goes_back_and_returns(log: Log) -> None:
    for number in range(101):
        log.add(f"r-{number:03}")
    at = opened("audit_log")
    assert targets(at) == [f"job_r-{number:03}" for number in range(100, 0, -1)]
    press(at, "Older")
    assert targets(at) == ["job_r-000"]
    assert int(at.query_params["before"]) > 0
    assert "Older" not in labels(at)
    press(at, "Newest")
    assert "before" not in at.query_params
    assert len(targets(at)) == 100


@pytest.mark.usefixtures("filled")
def test_the_whole_story_of_an_act() -> None:
    at = opened("audit_log", find="r-3")
    at.session_state[audit_table.KEY] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    run(at)
    assert [code.value for code in at.code] == [
        '{"from": "start"}', '{"status": "failed"}', '{"status": "queued"}'
    ]  # fmt: skip
    assert {"Ada Mensah (operator)", "job job_r-3", "abuse", "r-3"} <= {text.value for text in at.text}


def test_an_action_of_a_later_console_is_shown_as_it_is(log: Log) -> None:
    log.add("r-1", action="![x](http://127.0.0.1/x)")
    at = opened("audit_log")
    at.session_state[audit_table.KEY] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    run(at)
    assert table(at)[0]["action"] == "![x](http://127.0.0.1/x)"
    assert not any("![x](" in text for text in markdown(at))


def test_the_file_holds_every_line_of_the_filter(filled: Log) -> None:
    at = opened("audit_log", span="all")
    assert "Download all as CSV" in [one.label for one in at.download_button]
    with connect(filled.url) as (connection, _):
        found = audit_log.search(connection, AuditFilter(), before_id=None, limit=10)
    header, *rows = csv.reader(whole(found).splitlines())
    assert header[:6] == ["id", "at", "request_id", "phase", "actor", "role"]
    assert len(rows) == len(found) == 10
    assert datetime.fromisoformat(rows[0][1]).utcoffset() == timedelta(0)


def whole(entries: Sequence[AuditEntry]) -> str:
    return b"".join(audit_files.content(entries, audit_files.Form.CSV)).decode("utf-8-sig")


def entry(**changes: Any) -> AuditEntry:
    fields: dict[str, Any] = dict.fromkeys(AuditEntry.__dataclass_fields__, "")
    fixed = {"id": 1, "at": datetime(2026, 11, 23, tzinfo=UTC), "phase": Phase.OUTCOME, "result": Result.DONE}
    return AuditEntry(**fields | fixed | changes)


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1"])
def test_no_cell_of_the_file_runs_as_a_formula(formula: str) -> None:
    written = whole([entry(reason=formula, actor=formula, message=formula)])
    _, row = csv.reader(written.splitlines(keepends=True))
    cells = [cell for cell in row if cell.lstrip("'") == formula]
    assert len(cells) == 3
    assert all(cell.startswith("'") for cell in cells)


def test_quotes_line_breaks_and_other_scripts_survive_the_file() -> None:
    reason = 'said "no",\nthen 네; 1,000'
    written = whole([entry(reason=reason)])
    _, row = csv.reader(written.splitlines(keepends=True))
    assert reason in row
