"""ops-dashboard rollup: what it says it did, what a check shows, and what doctor tells of it."""

from __future__ import annotations

import psycopg
import pytest
from typer.testing import CliRunner, Result

from actions.keeper import Duty, attend
from dashboard import connections, doctor, duties
from dashboard.cli import app
from dashboard.doctor import State
from tests.dashboard.conftest import Configure


def run(*options: str) -> Result:
    return CliRunner().invoke(app, ["rollup", *options])


def told() -> str:
    return next(finding.line for finding in doctor.findings() if finding.piece == "roll-up")


def change(url: str, *statements: str) -> None:
    with psycopg.connect(url) as connection:
        for statement in statements:
            connection.execute(statement.encode())


@pytest.fixture
def url(configure: Configure, migrated_url: str) -> str:
    configure(database_url=migrated_url)
    return migrated_url


def test_it_says_what_it_did(url: str) -> None:
    assert "usage is read from the service's tables" in told()
    first = run()
    assert (first.exit_code, first.stderr) == (0, "")
    assert " hours made anew in " in first.stdout
    assert first.stdout.rstrip().endswith(" UTC.")
    assert "usage is kept until 20" in run().stdout
    assert " hours made anew in " in run("--all").stdout
    assert told().startswith("ok       roll-up: kept until 20")
    assert " s ago by " in told()
    assert told().endswith("; not checked yet")


def test_a_check_shows_what_differs_and_the_next_run_mends_it(url: str) -> None:
    assert "No hour is rolled up yet" in run("--check").stdout
    run()
    fine = run("--check", "--days", "1000")
    assert (fine.exit_code, "all sums are as they were kept" in fine.stdout) == (0, True)
    assert told().endswith("ago: no difference")
    change(url, "update jobs set status = 'cancelled' where id = (select max(id) from jobs where status = 'done')")
    found = run("--check", "--days", "1000")
    assert found.exit_code == 1
    verdict, heads, *rows = found.stdout.splitlines()
    assert verdict.endswith("1 hour will be made anew.")
    assert heads.split() == ["hour", "of", "sum", "kept", "found"]
    assert any(" user-" in row and " cancelled " in row for row in rows)
    assert any(" job " in row and " done " in row for row in rows)
    assert "1 changed hours wait" in told()
    assert f"{len(rows)} differences, made anew" in told()
    assert "1 hour made anew" in run().stdout
    assert run("--check", "--days", "1000").exit_code == 0


def test_where_another_is_at_it_nothing_is_done(url: str) -> None:
    said: list[Result] = []
    attend(connections.store(), Duty(duties.ROLLUP, duties.CHECK_EVERY, lambda _: said.append(run())))
    assert (said[0].exit_code, said[0].stdout) == (0, "Another console is rolling up usage: nothing was done.\n")


def test_what_is_in_the_way_is_a_sentence(configure: Configure, older_url: str) -> None:
    configure(database_url=older_url)
    missing = run()
    assert (missing.exit_code, "Run: ops-dashboard migrate" in missing.stderr) == (1, True)
    configure(database_url=older_url, read_only=True)
    for options in ((), ("--check",)):
        refused = run(*options)
        assert (refused.exit_code, "OPS_READ_ONLY" in refused.stderr) == (1, True)
    configure(database_url="postgresql://reader:hunter2@127.0.0.1:1/books", read_only=False)
    down = run()
    assert down.exit_code == 1
    assert "hunter2" not in down.output


def test_rights_that_are_missing_are_statements_to_copy(configure: Configure, migrated_url: str) -> None:
    change(
        migrated_url,
        "drop role if exists lodger",
        "create role lodger login",
        "grant usage on schema ops to lodger",
        "grant select, insert on all tables in schema ops to lodger",
    )
    configure(database_url=migrated_url, store_url=migrated_url.replace("postgres@", "lodger@"))
    refused, (first, *grants) = run(), told().splitlines()
    assert (refused.exit_code, "permission denied" in refused.stderr) == (1, True)
    assert first.startswith("missing  roll-up: its tables may not be written")
    change(migrated_url, *(grant.replace("…", "lodger") for grant in grants))
    granted, after = run(), told()
    connections.store().dispose()
    change(migrated_url, "drop owned by lodger; drop role lodger")
    assert granted.exit_code == 0
    assert after.startswith("ok ")


def test_doctor_notices_one_that_is_late_or_kept_under_another_key(configure: Configure, url: str) -> None:
    run()
    change(url, "update ops.duties set done_at = done_at - interval '3 h'")
    assert told().startswith("missing  roll-up: kept until")
    assert "3 h ago" in told()
    configure(alias_key="another key")
    assert told().startswith("missing  roll-up: kept under another key of the aliases")


def test_it_is_not_looked_at_before_the_schema_is_there(configure: Configure, older_url: str) -> None:
    configure(database_url=older_url)
    assert told() == "missing  roll-up: not looked at: see schema ops"
    assert State.MISSING in {finding.state for finding in doctor.findings()}
