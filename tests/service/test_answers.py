"""What every answer has in common: envelope, ids, the admin's gate, no secrets."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

from demo.postgres import free_port
from service import database
from service.api import create_app
from service.settings import DEMO_ADMIN_KEY, Settings
from tests.service.driver import Driver

ADMIN_PATHS = [
    ("GET", "/v1/admin/capabilities"),
    ("POST", "/v1/admin/jobs/x/retry"),
    ("POST", "/v1/admin/jobs/x/cancel"),
    ("GET", "/v1/admin/guardrails"),
    ("PATCH", "/v1/admin/guardrails"),
    ("PUT", "/v1/admin/intake"),
    ("GET", "/health/detailed"),
    ("PUT", "/v1/simulator/providers/picture-one"),
    ("GET", "/v1/admin/no-such-thing"),
    ("GET", "/v1/%61dmin/intake"),
]


@pytest.mark.parametrize(("method", "path"), ADMIN_PATHS)
@pytest.mark.parametrize("key", [None, "", "wrong", "test-admin-key2", "schlüssel".encode()])
def test_without_the_admin_key_nothing_is_even_read(
    idle: Driver, method: str, path: str, key: str | bytes | None
) -> None:
    headers = {} if key is None else {"X-Admin-Key": key}
    answer = idle.public.request(method, path, content=b"{not json", headers=headers)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "admin_key_invalid")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/no-such-page", None, 404, "not_found"),
        ("DELETE", "/v1/admin/intake", None, 405, "method_not_allowed"),
        ("POST", "/v1/admin/jobs/none/retry", b'{"reason": "r"}', 404, "job_not_found"),
        ("POST", "/v1/admin/jobs/none/retry", b"{}", 422, "invalid_request"),
        ("POST", "/v1/admin/jobs/none/retry", b"{not json", 422, "invalid_request"),
        ("POST", "/v1/admin/jobs/none/retry", b'{"reason": "r", "from": "middle"}', 422, "invalid_request"),
        ("POST", "/v1/admin/jobs/none/retry", b'{"reason": "r", "extra": 1}', 422, "invalid_request"),
        ("POST", "/v1/admin/jobs/none/cancel", b'{"reason": "\\u0000"}', 422, "invalid_request"),
        ("POST", "/v1/admin/jobs/none/cancel", b'{"reason": "\\ud800"}', 422, "invalid_request"),
        ("PUT", "/v1/admin/intake", b'{"accepting": "perhaps", "reason": "r"}', 422, "invalid_request"),
        ("POST", "/v1/books", b'{"title": "x"}', 401, "user_key_required"),
    ],
)
def test_every_error_has_the_envelope(
    *, idle: Driver, method: str, path: str, body: bytes | None, status: int, code: str
) -> None:
    headers = {"X-Request-ID": "request-7", "Content-Type": "application/json"}
    answer = idle.admin.request(method, path, content=body, headers=headers)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    assert set(answer.json()) == {"detail", "error", "request_id"}
    assert answer.json()["detail"] == error["message"] != ""
    assert isinstance(error["details"], dict)
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"] == "request-7"


@pytest.mark.parametrize("given", ["", "x" * 200, "a b", 'a"b'])
def test_a_request_id_that_is_none_is_replaced(idle: Driver, given: str) -> None:
    named = idle.public.get("/health", headers={"X-Request-ID": given}).headers["X-Request-ID"]
    assert named != given
    assert len(named) == 32


def test_a_validation_error_does_not_repeat_what_was_sent(idle: Driver) -> None:
    body = {"title": "x" * 300, "secret": "s3cret-value"}
    answer = idle.public.post("/v1/books", json=body, headers={"X-User-Key": "user"})
    assert answer.status_code == 422
    assert "s3cret-value" not in answer.text
    assert "x" * 100 not in answer.text


def test_a_book_is_its_owners(idle: Driver) -> None:
    job_id = idle.order("owner-key")
    own = idle.public.get(f"/v1/books/{job_id}", headers={"X-User-Key": "owner-key"})
    assert (own.status_code, own.json()["status"]) == (200, "queued")
    for headers in ({"X-User-Key": "somebody"}, {}):
        assert idle.public.get(f"/v1/books/{job_id}", headers=headers).status_code in (401, 404)


def test_ordering_twice_with_one_key_makes_one_book(idle: Driver) -> None:
    headers = {"X-User-Key": "owner-key", "X-Idempotency-Key": "once"}
    first, second = (idle.public.post("/v1/books", json={"title": "Fox"}, headers=headers) for _ in range(2))
    assert first.json() == second.json()
    other = {**headers, "X-User-Key": "other-key"}
    assert idle.public.post("/v1/books", json={"title": "Fox"}, headers=other).json() != first.json()
    assert len(idle.rows("select 1 from jobs")) == 2


@pytest.mark.parametrize(
    ("traceparent", "kept"),
    [
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "4bf92f3577b34da6a3ce929d0e0e4736"),
        ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", None),
        ("nonsense", None),
    ],
)
def test_the_callers_trace_id_is_kept(idle: Driver, traceparent: str, kept: str | None) -> None:
    headers = {"X-User-Key": "owner-key", "traceparent": traceparent}
    job_id = idle.public.post("/v1/books", json={"title": "Fox"}, headers=headers).json()["job_id"]
    found = idle.job(job_id)["trace_id"]
    assert found == kept if kept else len(found) == 32 and set(found) != {"0"}


def test_an_unexpected_error_has_the_envelope_and_logs_no_value(idle: Driver) -> None:
    idle.database.execute("alter table jobs rename column profile_id to profile")
    try:
        answer = idle.ask("very-secret-user-key")
    finally:
        idle.database.execute("alter table jobs rename column profile to profile_id")
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal_error")
    assert answer.headers["X-Request-ID"] == answer.json()["request_id"]
    logs = idle.service.logs()
    assert "UndefinedColumn" in logs
    assert "very-secret-user-key" not in logs


def test_logs_are_json_lines_without_keys(working: Driver) -> None:
    job_id = working.order("another-secret-user-key", "The horror")
    working.wait_for(job_id, "failed")
    lines = [json.loads(line) for line in working.service.logs().splitlines()]
    assert job_id in {line.get("job_id") for line in lines}
    assert {"api", "worker"} <= {line["process"] for line in lines}
    logs = working.service.logs()
    assert "another-secret-user-key" not in logs
    assert working.service.admin_key not in logs


def test_probes_tell_nothing(idle: Driver) -> None:
    for path in ("/health", "/health/live", "/health/ready"):
        assert idle.public.get(path).json() == {"status": "ok"}


def test_detailed_health_counts(idle: Driver) -> None:
    idle.insert("job_1", "done")
    idle.insert("job_2", "failed", error_code="IMAGE_FAILED")
    idle.insert("job_3", "failed", error_code="SAFETY_INPUT")
    idle.insert("job_4", "queued", created=700, updated=700)
    idle.insert("job_5", "done", updated=7200)
    report = idle.admin.get("/health/detailed").json()
    assert report["jobs"] == {
        "queued": 1,
        "running": 0,
        "completed_last_hour": 1,
        "failed_last_hour": 2,
        "stuck": 1,
        "success_rate": 0.5,
    }
    assert "1 job is stuck" in report["warnings"]


def test_detailed_health_lists_living_workers_and_what_they_hold(idle: Driver) -> None:
    idle.rows(
        "insert into workers (id, concurrency, heartbeat_at) values ('busy', 3, now()), ('free', 2, now()),"
        " ('dead', 3, now() - interval '1 hour') returning id"
    )
    for job_id, status, worker in (("b", "running", "busy"), ("a", "running", "busy"), ("lost", "running", "dead"),
                                   ("waits", "queued", None), ("was", "done", "free")):  # fmt: skip
        idle.insert(job_id, status)
        idle.rows("insert into runs (job_id, worker_id) values (%s, %s) returning job_id", job_id, worker)
    report = idle.admin.get("/health/detailed").json()["services"]["workers"]
    assert (report["status"], report["alive"]) == ("ok", 2)
    beats = [datetime.fromisoformat(one.pop("heartbeat_at")) for one in report["list"]]
    assert all(beat.utcoffset() == timedelta(0) for beat in beats)
    assert report["list"] == [
        {"id": "busy", "concurrency": 3, "running": ["a", "b"]},
        {"id": "free", "concurrency": 2, "running": []},
    ]


def test_without_a_worker_the_list_is_empty(idle: Driver) -> None:
    report = idle.admin.get("/health/detailed").json()["services"]["workers"]
    assert report == {"status": "none", "alive": 0, "list": []}


async def answers_of_an_api_here(settings: Settings, paths: list[str]) -> list[httpx.Response]:
    """What an api in this process, without a server around it, answers to an administrator."""
    app = create_app(settings, database.pool(settings, size=1, name="outage"))
    transport, headers = httpx.ASGITransport(app), {"X-Admin-Key": DEMO_ADMIN_KEY}
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://service", headers=headers) as client,
    ):
        return list(await asyncio.gather(*map(client.get, paths)))


def test_an_outage_of_the_database_is_told_by_every_answer(tmp_path: Path) -> None:
    settings = Settings(database_url=f"postgresql://127.0.0.1:{free_port()}/none", demo=True, metrics_dir=tmp_path)
    paths = ["/health/live", "/health/ready", "/health/detailed", "/v1/admin/intake"]
    with ThreadPoolExecutor() as aside:  # a browser that earlier tests opened keeps a loop running in this thread
        asked = aside.submit(lambda: asyncio.run(answers_of_an_api_here(settings, paths)))
    live, ready, detailed, intake = asked.result()
    assert (live.status_code, ready.status_code, detailed.status_code, intake.status_code) == (200, 503, 503, 503)
    assert detailed.json()["services"] == {"database": {"status": "unavailable"}}
    assert intake.json()["error"]["code"] == "database_unavailable"
    assert intake.headers["Retry-After"] == "5"
