"""Everything that the console depends on, as real processes, and what can happen to each of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg

from demo.stack import Stack
from tests.dashboard.conftest import Configure
from tests.faults.proxy import Fault, Proxy

SERVICE = {"BOOKGEN_SPEED": "40"}
# The role that the console reads and writes with in the matrix; PostgreSQL can refuse it.
ROLE = "console_of_the_matrix"
# Whatever of these stands on a page is a leak.
SECRETS = ("hunter2", "postgresql://", "X-Admin-Key", "Traceback (most")
_numbers = count(1)


@dataclass
class World:
    """The running parts. prometheus and service are what the console asks, with the real ones behind them."""

    stack: Stack
    prometheus: Proxy
    service: Proxy
    keys: list[str] = field(default_factory=list)

    def url(self, role: str = ROLE, database: str | None = None) -> str:
        """The service's database, or another one of its server, as a role sees it."""
        server, _, name = self.stack.database_url.partition("@")[2].rpartition("/")
        return f"postgresql://{role}:hunter2@{server}/{database or name}"

    def settings(self, configure: Configure, **changed: object) -> None:
        """The console of this process asks these parts, with little patience."""
        common = {
            "database_url": self.url(),
            "prometheus_url": self.prometheus.url,
            "service_url": self.service.url,
            "service_admin_key": self.stack.admin_key,
            "deadline_seconds": 0.6,
            "statement_timeout_seconds": 0.6,
            "refresh_seconds": 1,
        }
        configure(**common | changed)

    def execute(self, statement: str) -> list[tuple[object, ...]]:
        """As the database's owner."""
        with psycopg.connect(self.stack.database_url, autocommit=True) as connection:
            done = connection.execute(statement.encode())
            return done.fetchall() if done.description else []

    def job(self, status: str) -> str:
        """A new job of a new user, in this state."""
        self._take_books()
        key = str(uuid4())
        self.keys.append(key)
        answer = httpx.post(
            f"{self.stack.service_url}/v1/books",
            json={"title": f"The kind whale {next(_numbers)}"},
            headers={"X-User-Key": key},
            timeout=10,
        )
        assert answer.status_code == 202, answer.text
        job = str(answer.json()["job_id"])
        if status != "queued":
            told = f"status = '{status}', error_code = 'IMAGE_FAILED', current_step = 'generate_images'"
            self.execute(f"update jobs set {told} where id = '{job}'")  # noqa: S608
        return job

    def _take_books(self) -> None:
        httpx.put(
            f"{self.stack.service_url}/v1/admin/intake",
            json={"accepting": True, "reason": "the matrix goes on"},
            headers={
                "X-Admin-Key": self.stack.admin_key,
                "X-Operator": "tests",
                "X-Idempotency-Key": str(uuid4()),
            },
            timeout=10,
        ).raise_for_status()


@contextmanager
def running(folder: Path) -> Iterator[World]:
    """Without workers: jobs stay as they are put, so that whoever changed one is known."""
    with Stack(folder, workers=0, monitor=False, console=False, service_env=SERVICE) as stack:
        assert stack.prometheus_url is not None
        with Proxy(stack.prometheus_url) as prometheus, Proxy(stack.service_url) as service:
            world = World(stack, prometheus, service)
            world.execute(f"create role {ROLE} login password 'hunter2'")
            world.execute(f"grant pg_read_all_data, pg_write_all_data to {ROLE}")
            world.execute(f"create role {ROLE}_reader login password 'hunter2'")
            world.execute(f"grant pg_read_all_data to {ROLE}_reader")
            world.execute("create database bare")
            for status in ("queued", "running", "failed", "failed"):
                world.job(status)
            yield world


Step = Callable[[World], None]


@dataclass(frozen=True)
class Trouble:
    """What happens to one source: how it begins and ends; the source as telemetry names it.

    told: any of these words, in which a page that asks the source tells of it; empty where nobody need notice.
    settings: of the console while it lasts. pages_only: why no action is tried in it.
    """

    source: str
    begin: Step = lambda _: None
    end: Step = lambda _: None
    told: tuple[str, ...] = ()
    settings: Callable[[World], dict[str, object]] = lambda _: {}
    pages_only: str = ""


def of_service(told: str | tuple[str, ...], **fault: object) -> Trouble:
    return _of_proxy("service", told, Fault(**fault))  # type: ignore[arg-type]


def of_prometheus(told: str | tuple[str, ...], **fault: object) -> Trouble:
    trouble = _of_proxy("prometheus", told, Fault(**fault))  # type: ignore[arg-type]
    return replace(trouble, pages_only=NOT_ASKED)


def _of_proxy(source: str, told: str | tuple[str, ...], fault: Fault) -> Trouble:
    words = (told,) if isinstance(told, str) else told
    return Trouble(
        source,
        lambda world: getattr(world, source).fault(fault),
        lambda world: getattr(world, source).fault(Fault()),
        words,
    )


# Held by a test.
NOT_ASKED = "no action asks Prometheus"


def refusal(code: str) -> str:
    """What the service says when it refuses."""
    return json.dumps({"detail": code, "error": {"code": code, "message": code, "details": {}}, "request_id": "r"})


# A source that answers what is of no use.
NOT_SAID = (
    "cannot be shown now",
    "not known",
    "has answered what cannot be read",
    "has not answered since",
    "refused",
)
AWAY = ("has not answered since", "does not answer")
SLOW = (*AWAY, "has been too slow since", "took longer than")


def _crowd(world: World) -> None:
    world.execute(f"alter role {ROLE} connection limit 0")
    world.execute(f"select pg_terminate_backend(pid) from pg_stat_activity where usename = '{ROLE}'")  # noqa: S608


class _Lock:
    """What another session holds for as long as it lasts: every question of these tables waits."""

    def __init__(self, tables: str) -> None:
        self._tables = tables
        self._connection: psycopg.Connection[tuple[object, ...]] | None = None

    def take(self, world: World) -> None:
        self._connection = psycopg.connect(world.stack.database_url)
        self._connection.execute(f"lock table {self._tables} in access exclusive mode".encode())

    def leave(self, _: World) -> None:
        assert self._connection is not None
        self._connection.close()


def _locked(source: str, tables: str, **more: object) -> Trouble:
    lock = _Lock(tables)
    return Trouble(source, lock.take, lock.leave, SLOW, **more)  # type: ignore[arg-type]


def _restart(world: World) -> None:
    world.stack.stop_postgres()
    world.stack.start_postgres()


def _no_schema(world: World) -> dict[str, object]:
    return {"store_url": world.url(database="bare")}


def _no_rights(world: World) -> dict[str, object]:
    return {"store_url": world.url(f"{ROLE}_reader")}


def _shifted(interval: str, back: str) -> Trouble:
    """The clock of whoever writes jobs is this far from the database's."""
    return Trouble("clock", lambda world: _shift(world, interval), lambda world: _shift(world, back))


def _shift(world: World, interval: str) -> None:
    moved = ", ".join(f"{name} = {name} + interval '{interval}'" for name in ("created_at", "updated_at"))
    world.execute(f"update jobs set {moved}")  # noqa: S608


TROUBLES: dict[str, Trouble] = {
    "Postgres stopped": Trouble(
        "database", lambda world: world.stack.stop_postgres(), lambda world: world.stack.start_postgres(), AWAY
    ),
    "Postgres restarted": Trouble("database", _restart),
    "Postgres hanging": Trouble(
        "database", lambda world: world.stack.pause("postgres"), lambda world: world.stack.resume("postgres"), AWAY
    ),
    "Postgres out of connections": Trouble(
        "database", _crowd, lambda world: world.execute(f"alter role {ROLE} connection limit -1"), AWAY
    ),
    "Postgres slow": _locked(
        "database", "jobs, cost_events", pages_only="the service's own statements wait, too, and act when it ends"
    ),
    "Prometheus stopped": Trouble(
        "prometheus",
        lambda world: world.stack.stop_prometheus(),
        lambda world: world.stack.start_prometheus(),
        AWAY,
        pages_only=NOT_ASKED,
    ),
    "Prometheus hanging": Trouble(
        "prometheus",
        lambda world: world.stack.pause("prometheus"),
        lambda world: world.stack.resume("prometheus"),
        AWAY,
        pages_only=NOT_ASKED,
    ),
    "Prometheus 400": of_prometheus("refused the question", status=400, body='{"error": "hunter2?"}'),
    "Prometheus 422": of_prometheus("refused the question", status=422, body="<script>"),
    "Prometheus 500": of_prometheus(NOT_SAID, status=500, body="<html>oops"),
    "Prometheus 503": of_prometheus(NOT_SAID, status=503, body=""),
    "Prometheus answers no JSON": of_prometheus(NOT_SAID, status=200, body="<html>sign in</html>"),
    "Prometheus says NaN": of_prometheus((), number="NaN"),
    "Prometheus says infinity": of_prometheus((), number="+Inf"),
    "Prometheus warns": of_prometheus((), warning="partial response"),
    "Prometheus is asked for 11,001 points": of_prometheus((), too_fine=True),
    "service stopped": Trouble(
        "service", lambda world: world.stack.stop_api(), lambda world: world.stack.start_api(), AWAY
    ),
    "service hanging": of_service(AWAY, hangs=True),
    "service slow": of_service(AWAY, delay_seconds=2),
    "service loses its answers": of_service(AWAY, lost=True),
    "service 500": of_service(NOT_SAID, status=500, body="oops"),
    "service malformed": of_service(NOT_SAID, status=200, body='{"actions": 7'),
    "service 401": of_service(("has refused", "refused the console's admin key"), status=401, body="{}"),
    "service 409": of_service(NOT_SAID, status=409, body=refusal("state_changed")),
    "service 412": of_service(NOT_SAID, status=412, body=refusal("precondition_failed")),
    "service 429": of_service(NOT_SAID, status=429, body=refusal("too_many"), headers={"Retry-After": "7"}),
    "ops schema missing": Trouble(
        "store", told=('The console\'s own schema "ops" is missing',), settings=_no_schema
    ),
    "ops schema read-only": Trouble("store", settings=_no_rights),
    "audit log locked": replace(_locked("store", "ops.audit_log"), told=()),
    "the service's clock an hour ahead": _shifted("1 hour", "-1 hour"),
    "the service's clock an hour behind": _shifted("-1 hour", "1 hour"),
}
# Pages that need not tell of a trouble of a source that they ask, and why.
UNTOLD = {
    ("Prometheus 400", "jobs"): "it asks for the releases' marks alone, and every question is refused alike",
    ("Prometheus 422", "jobs"): "as with 400",
    ("Prometheus 400", "stuck"): "it asks for the providers' states alone, which the dry run asks for anew",
    ("Prometheus 422", "stuck"): "as with 400",
    ("service malformed", "jobs"): "as with 409",
    ("service 409", "jobs"): "it asks for what the service offers alone, and its dialogs tell of it",
    ("service 412", "jobs"): "as with 409",
    ("service 429", "jobs"): "as with 409",
    ("ops schema missing", "overview"): "it asks for lost outcomes alone; Stuck jobs and Audit log tell of it",
}
# Cells of the matrix that stand elsewhere.
ELSEWHERE = {
    "OIDC provider down": "tests/browser/test_sign_in.py: whoever is in goes on, whoever is not is told",
    "service dying in the middle of a bulk": "tests/actions/test_release_crash.py and test_release_stops.py",
}
