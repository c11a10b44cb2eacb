"""What ops-dashboard doctor says of sources that work, are missing, down or wrong."""

from __future__ import annotations

import http.server
import json
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Thread

import psycopg
import pytest
from typer.testing import CliRunner, Result

from dashboard import doctor
from dashboard.cli import app
from dashboard.doctor import State
from tests.dashboard.conftest import Configure

ADMIN_KEY = "the-admin-key"
DOWN = "http://127.0.0.1:1"


def states() -> dict[str, State]:
    return {finding.piece: finding.state for finding in doctor.findings()}


def line(piece: str) -> str:
    return next(finding.line for finding in doctor.findings() if finding.piece == piece)


def run() -> Result:
    return CliRunner().invoke(app, ["doctor"])


@dataclass
class Service:
    """A control API that knows its key; actions None is a service that has no such API."""

    url: str
    actions: list[str] | None


@pytest.fixture
def service() -> Iterator[Service]:
    offered = Service("", ["retry", "cancel"])

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name that http.server calls
            key_fits = self.headers["X-Admin-Key"] == ADMIN_KEY
            status, body = 200, dict[str, object](actions=offered.actions, version="1")
            if offered.actions is None:
                status, body = 404, {"detail": "Not Found"}
            elif not key_fits:
                status, body = (
                    401,
                    {"detail": "no", "error": {"code": "unauthorized", "message": "no"}},
                )
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        offered.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield offered
        server.shutdown()
        thread.join()


def test_all_that_is_set_up_works(configure: Configure, migrated_url: str, service: Service) -> None:
    configure(database_url=migrated_url, service_url=service.url, service_admin_key=ADMIN_KEY)
    assert states() == {
        "settings": State.OK,
        "database": State.OK,
        "jobs table": State.OK,
        "indexes": State.MISSING,
        "clock and time zone": State.OK,
        "schema ops": State.OK,
        "audit log": State.OK,
        "roll-up": State.MISSING,
        "Prometheus": State.MISSING,
        "control API": State.OK,
    }
    result = run()
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 11
    assert "not offered by this service: retry_count, last_retry_at, trace_id" in result.stdout
    assert "OPS_PROMETHEUS_URL" in result.stdout
    assert "offers cancel, retry" in result.stdout


def test_the_newer_deployment_lacks_nothing(configure: Configure, newer_url: str) -> None:
    configure(database_url=newer_url)
    assert states()["indexes"] is State.OK
    assert "ledger and history too" in line("jobs table")


def test_each_missing_index_is_a_statement_to_copy(configure: Configure, newer_url: str) -> None:
    with psycopg.connect(newer_url) as connection:
        connection.execute("drop index ix_jobs_status_created, ix_cost_events_job")
    configure(database_url=newer_url)
    first, *statements = line("indexes").splitlines()
    assert first.startswith("missing  indexes: 2 missing, which is felt in tables of 100,000 rows")
    with psycopg.connect(newer_url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())
    assert states()["indexes"] is State.OK


def test_no_settings_are_the_only_thing_to_say() -> None:
    result = run()
    assert result.exit_code == 1
    (told,) = result.stdout.splitlines()
    assert told.startswith("broken   settings: OPS_DATABASE_URL is not set")


def test_every_source_down(configure: Configure) -> None:
    configure(
        database_url="postgresql://reader:hunter2@127.0.0.1:1/books",
        prometheus_url=DOWN,
        service_url=DOWN,
        service_admin_key="hunter2",
    )
    result = run()
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert [told.split()[0] for told in lines] == [
        *("ok", "broken", "missing", "missing", "missing", "broken", "missing", "missing", "broken", "broken")
    ]
    for piece, setting in {"Prometheus": "PROMETHEUS", "control API": "SERVICE", "database": "DATABASE"}.items():
        assert "points to it" in line(piece)
        assert f"OPS_{setting}_URL" in line(piece)
    assert "hunter2" not in result.stdout
    assert "Traceback" not in result.output


def test_a_database_that_does_not_exist(configure: Configure, older_url: str) -> None:
    configure(database_url=older_url + "_gone")
    assert "broken   database: The database does not answer" in line("database")
    assert "does not exist" in line("database")


def test_a_missing_table(configure: Configure, older_url: str) -> None:
    configure(database_url=older_url, jobs_table="books")
    assert line("jobs table").startswith("broken   jobs table: The database has no table books.")
    assert states()["indexes"] is State.MISSING


def test_a_missing_column(configure: Configure, older_url: str) -> None:
    with psycopg.connect(older_url) as connection:
        connection.execute("alter table jobs drop column user_key")
    configure(database_url=older_url)
    assert line("jobs table").startswith("broken   jobs table: The table jobs has no column user_key")


def test_a_missing_migration(configure: Configure, older_url: str) -> None:
    configure(database_url=older_url)
    assert line("schema ops").startswith("broken   schema ops: not there")
    assert "ops-dashboard migrate" in line("schema ops")
    assert CliRunner().invoke(app, ["migrate"]).stdout.startswith('The schema "ops" is at revision')
    assert line("schema ops").startswith("ok ")
    assert line("audit log").startswith("ok ")


def test_a_store_that_may_only_be_read(configure: Configure, migrated_url: str) -> None:
    with psycopg.connect(migrated_url) as connection:
        connection.execute("drop role if exists onlooker")
        connection.execute("create role onlooker login")
        connection.execute("grant usage on schema ops to onlooker")
        connection.execute("grant select on all tables in schema ops to onlooker")
    onlooker = migrated_url.replace("postgres@", "onlooker@")
    configure(database_url=migrated_url, store_url=onlooker)
    found, told = states(), line("audit log")
    with psycopg.connect(migrated_url) as connection:
        connection.execute("drop owned by onlooker; drop role onlooker")
    assert found["schema ops"] is State.OK
    assert told.startswith("broken   audit log: cannot be written")


def test_a_wrong_admin_key(configure: Configure, migrated_url: str, service: Service) -> None:
    configure(database_url=migrated_url, service_url=service.url, service_admin_key="hunter2")
    told = line("control API")
    assert told.startswith("broken   control API: The service refused the console's admin key.")
    assert "OPS_SERVICE_ADMIN_KEY" in told
    assert "hunter2" not in told


def test_a_missing_admin_key(configure: Configure, migrated_url: str, service: Service) -> None:
    configure(database_url=migrated_url, service_url=service.url)
    assert "OPS_SERVICE_ADMIN_KEY" in line("control API")
    assert states()["control API"] is State.MISSING


def test_a_service_without_a_control_api(configure: Configure, migrated_url: str, service: Service) -> None:
    service.actions = None
    configure(database_url=migrated_url, service_url=service.url, service_admin_key=ADMIN_KEY)
    assert line("control API").startswith("missing  control API: this service has none")
    assert run().exit_code == 0


def test_a_prometheus_that_is_something_else(configure: Configure, migrated_url: str, service: Service) -> None:
    configure(database_url=migrated_url, prometheus_url=service.url)
    assert states()["Prometheus"] is State.BROKEN
    assert "Traceback" not in run().output


def test_migrate_without_a_database_is_a_sentence(configure: Configure) -> None:
    configure(database_url="postgresql://reader:hunter2@127.0.0.1:1/books")
    result = CliRunner().invoke(app, ["migrate"])
    assert result.exit_code == 1
    assert "OPS_STORE_URL" in result.stderr
    assert "hunter2" not in result.output
    assert "Traceback" not in result.output
