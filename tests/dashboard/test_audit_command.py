"""ops-dashboard audit and migrate --to: what they print, what they write, how they end."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from dashboard import audit_command, doctor
from dashboard.cli import app
from queries import audit_chain
from queries.audit_models import AuditEntry
from tests.dashboard.conftest import Configure

ROWS = """
insert into ops.audit_log (at, request_id, phase, actor, role, action, target_kind, target_id, reason, parameters,
    result, message)
select timestamptz '2026-11-20 00:00+00' + n * interval '1 day', 'r-' || n, phase, 'olga', 'operator', 'job.retry',
    'job', 'job_' || n, '=1+1', '{"n": 1.10}', case phase when 'outcome' then 'done' end, e'said "no",\\n네'
from generate_series(1, 3) n, unnest('{intent,outcome}'::text[]) phase order by n, phase
"""


def told(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def change(url: str, *statements: str) -> None:
    with psycopg.connect(url) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def changed(url: str, statement: str) -> None:
    """By the owner, past the triggers."""
    change(
        url,
        "alter table ops.audit_log disable trigger all",
        statement,
        "alter table ops.audit_log enable trigger all",
    )


@pytest.fixture
def store_url(configure: Configure, migrated_url: str) -> str:
    configure(database_url=migrated_url)
    change(migrated_url, ROWS)
    return migrated_url


def noted() -> str:
    """POSITION:HASH, as verify prints it."""
    result = told("audit", "verify")
    assert (result.exit_code, result.stderr) == (0, "")
    rows, whole, place = result.stdout.strip().split(", ")
    assert (rows, whole) == ("6 rows", "chain whole")
    return place.removeprefix("head ")


def test_a_whole_chain_and_its_head(store_url: str) -> None:
    place = noted()
    position, _, hash = place.partition(":")
    assert (position, len(hash)) == ("6", 64)
    change(store_url, ROWS.replace("'r-'", "'s-'"))
    for shown in (place, place[: 2 + 12].upper()):
        result = told("audit", "verify", "--expect", shown)
        assert result.exit_code == 0
        assert result.stdout.startswith("12 rows, chain whole, head 12:")
        assert "Position 6 is as it was noted." in result.stdout


@pytest.mark.parametrize(
    ("attack", "first", "row"),
    [
        ("update ops.audit_log set reason = 'mine', actor = 'ann' where position = 3",
         "Position 3: changed: actor, reason.",
         "That row: position 3, id 3, 2026-11-22 00:00:00 UTC, intent of job.retry on job job_2 by ann, request"),
        ("update ops.audit_log set message = e'\\x1b[2J' where position = 4", "Position 4: changed; which",
         "id 4"),
        ("update ops.audit_log set actor = e'\\x1b[2J' where position = 1", "Position 1: changed: actor.", "?[2J"),
        ("update ops.audit_log set hash = '' where position = 2", "Position 2: changed: hash.", "id 2"),
        ("delete from ops.audit_log where position = 3", "Position 3: missing.", "The next row: position 4, id 4"),
        ("delete from ops.audit_log where position > 4", "Positions 5 to 6: cut off", "The last row: position 4"),
        ("update ops.audit_head set hash = ''", "Position 6: changed together with its hash, or", "position 6"),
        ("update ops.audit_head set position = 4", "Positions 5 to 6: added past the head", "position 6"),
        ("delete from ops.audit_head", "Position 6: the head is gone", "The last row: position 6"),
    ],
)  # fmt: skip
def test_the_first_row_that_is_broken_is_named(store_url: str, attack: str, first: str, row: str) -> None:
    changed(store_url, attack)
    result = told("audit", "verify")
    assert (result.exit_code, result.stdout) == (1, "")
    head, place, shown, advice = result.stderr.splitlines()
    assert head.startswith("Broken after ")
    assert place.startswith(first)
    assert row in shown
    assert "structured log" in advice
    assert result.stderr.replace("\n", "").isprintable()


def test_a_noted_head_that_is_not_there(store_url: str) -> None:
    place = noted()
    result = told("audit", "verify", "--expect", f"6:{'f' * 64}")
    assert result.exit_code == 1
    assert "Position 6: not as it was noted" in result.stderr
    changed(store_url, "delete from ops.audit_log where position > 4")
    change(store_url, "update ops.audit_head set (position, hash) = (select position, hash from ops.audit_log"
           " order by position desc limit 1)")  # fmt: skip
    assert told("audit", "verify").exit_code == 0
    result = told("audit", "verify", "--expect", place)
    assert result.exit_code == 1
    assert "Positions 5 to 6: cut off at the end." in result.stderr


@pytest.mark.parametrize("text", ["6", "6:abc", "x:" + "a" * 64, "6:" + "g" * 64, "-1:" + "a" * 64])
def test_a_note_that_is_none(text: str) -> None:
    result = told("audit", "verify", f"--expect={text}")
    assert result.exit_code == 2
    assert "POSITION:HASH" in result.stderr


def test_an_export_as_json_lines_is_enough_to_compute_the_chain(store_url: str) -> None:
    result = told("audit", "export", "--format", "jsonl")
    assert result.exit_code == 0
    lines = [json.loads(line, parse_float=str) for line in result.stdout.splitlines()]
    assert [line["position"] for line in lines] == [1, 2, 3, 4, 5, 6]
    assert lines[1]["message"] == 'said "no",\n네'
    assert lines[0] | {"parameters": {"n": "1.10"}, "result": None, "batch_id": None} == lines[0]
    assert '"parameters": {"n": 1.10}' in result.stdout
    assert f"{lines[-1]['position']}:{lines[-1]['hash']}" == noted()


def test_an_export_as_csv_runs_no_formula(store_url: str) -> None:
    result = told("audit", "export", "--format", "csv")
    rows = table(result.stdout_bytes)
    assert rows[0] == list(AuditEntry.__dataclass_fields__)
    assert [row[rows[0].index("reason")] for row in rows[1:]] == ["'=1+1"] * 6
    assert rows[1][rows[0].index("at")] == "2026-11-21T00:00:00+00:00"


def table(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize(
    ("options", "days"),
    [
        (("--since", "2026-11-22"), (22, 22, 23, 23)),
        (("--until", "2026-11-22"), (21, 21)),
        (("--since", "2026-11-22T09:00:00+0900", "--until", "2026-11-23T00:00"), (22, 22)),
        (("--since", "2027-01-01"), ()),
    ],
)
@pytest.mark.usefixtures("store_url")
def test_an_export_of_a_time(options: Sequence[str], days: Sequence[int]) -> None:
    header, *rows = table(told("audit", "export", *options).stdout_bytes)
    assert tuple(int(row[header.index("at")][8:10]) for row in rows) == tuple(days)


def test_an_export_into_a_file(store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_chain, "BATCH", 4)  # more than one page
    result = told("audit", "export", "--format", "jsonl", "--output", str(tmp_path))
    assert result.stdout.strip() == f"Written: {tmp_path / 'audit-log.jsonl'}"
    assert [file.name for file in tmp_path.iterdir() if "audit" in file.name] == ["audit-log.jsonl"]
    assert len((tmp_path / "audit-log.jsonl").read_text().splitlines()) == 6
    result = told("audit", "export", "--output", str(tmp_path / "nowhere" / "log.csv"))
    assert result.exit_code == 1
    assert "log.csv cannot be written: No such file or directory" in result.stderr


def test_an_export_that_breaks_off_leaves_no_file_that_looks_whole(store_url: str, tmp_path: Path) -> None:
    change(store_url, "alter table ops.audit_log rename column reason to away")
    result = told("audit", "export", "--output", str(tmp_path / "log.csv"))
    assert result.exit_code == 1
    assert "ops-dashboard migrate" in result.stderr
    assert not (tmp_path / "log.csv").exists()


@pytest.mark.usefixtures("store_url")
def test_the_commands_say_that_the_schema_is_old() -> None:
    assert told("migrate", "--to", "0004").stdout == 'The schema "ops" is at revision 0004.\n'
    for command in (("verify",), ("export",)):
        result = told("audit", *command)
        assert (result.exit_code, result.stdout) == (1, "" if command == ("verify",) else result.stdout)
        assert "ops-dashboard migrate" in result.stderr
    assert "at revision 0004, and" in next(one.line for one in doctor.findings() if one.piece == "schema ops")
    assert told("migrate").exit_code == 0
    assert told("audit", "verify").exit_code == 0


def test_going_back_loses_no_audit_log_unasked(store_url: str) -> None:
    refused = told("migrate", "--to", "base")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "6 rows would be lost" in refused.stderr
    assert told("migrate", "--to", "0009").stderr.startswith("There is no revision 0009")
    assert noted()
    gone = told("migrate", "--to", "base", "--losing-audit-log")
    assert (gone.exit_code, gone.stdout) == (0, 'The schema "ops" is at revision base.\n')


def test_a_schema_of_a_newer_console(store_url: str) -> None:
    change(store_url, "update ops.alembic_version set version_num = '9999'")
    result = told("migrate")
    assert result.exit_code == 1
    assert "at revision 9999, and this console knows up to" in result.stderr
    finding = next(one for one in doctor.findings() if one.piece == "schema ops")
    assert "Run a newer console" in finding.line


def test_a_store_that_is_away(configure: Configure) -> None:
    configure(database_url="postgresql://me:hunter2@127.0.0.1:1/x")
    for command in ("verify", "export"):
        result = told("audit", command)
        assert result.exit_code == 1
        assert "does not answer" in result.stderr
        assert "hunter2" not in result.output


def test_a_note_is_read_as_it_was_printed() -> None:
    assert audit_command.noted(f" 12:{'A' * 64}\n").hash == "a" * 64
