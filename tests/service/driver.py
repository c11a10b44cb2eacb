"""What tests do to a running service: order, act, look into its database and metrics, wait for a condition."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

import httpx
import psycopg
from prometheus_client.parser import text_string_to_metric_families
from psycopg.rows import dict_row

from service.guardrails import LIMITS
from tests.service_process import ServiceProcesses

WAIT_SECONDS = 30
OPERATOR = "ann@example.org"
TABLES = (
    "jobs",
    "runs",
    "cost_events",
    "job_events",
    "quality_checks",
    "guardrail_history",
    "guardrail_rejections",
    "idempotent_answers",
    "workers",
)
GUARDRAILS = "/v1/admin/guardrails"
PROVIDERS = ("story-llm", "moderator", "picture-one", "storage-one", "voice-one")


class Driver:
    """A client of one service and a connection to its database."""

    def __init__(self, service: ServiceProcesses) -> None:
        self.service = service
        admin = {"X-Admin-Key": service.admin_key, "X-Operator": OPERATOR}
        self.admin = httpx.Client(base_url=service.url, headers=admin, timeout=20, trust_env=False)
        self.public = httpx.Client(base_url=service.url, timeout=20, trust_env=False)
        self.database = psycopg.connect(service.database_url, autocommit=True, row_factory=dict_row)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.admin.close()
        self.public.close()
        self.database.close()

    def reset(self) -> None:
        """An empty service with default limits and healthy providers."""
        for table in TABLES:
            self.database.execute(f"delete from {table}".encode())  # noqa: S608
        self.database.execute("delete from state where name = 'intake'")
        self.database.execute(
            "update providers set mode = 'ok', breaker = 'closed', failures = 0, trial_success = 0,"
            " opened_at = null"
        )
        for limit in LIMITS:
            self.database.execute(
                "update guardrails set value = %s, temporary_value = null, expires_at = null where name = %s",
                [limit.default, limit.name],
            )

    def rows(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        return self.database.execute(statement.encode(), values).fetchall()

    def job(self, job_id: str) -> dict[str, Any]:
        return self.rows("select * from jobs where id = %s", job_id)[0]

    def events(self, job_id: str) -> list[dict[str, Any]]:
        return self.rows("select * from job_events where job_id = %s order by id", job_id)

    def ask(self, user: str, title: str = "The fox", **body: Any) -> httpx.Response:
        return self.public.post("/v1/books", json={"title": title, **body}, headers={"X-User-Key": user})

    def order(self, user: str = "user-key-1", title: str = "The fox", **body: Any) -> str:
        """Order a book that is accepted; its job id."""
        answer = self.ask(user, title, **body)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["job_id"])

    def insert(self, job_id: str, status: str, **columns: Any) -> str:
        """A job row as another program would write it; ages are seconds before now."""
        values = {"user_key": "user-key-1", "created": 0, "updated": 0, "step": "generate_images", **columns}
        self.database.execute(
            "insert into jobs (id, status, user_key, current_step, progress, error_code, retry_count, created_at,"
            " updated_at) values (%(id)s, %(status)s, %(user_key)s, %(step)s, 45, %(error_code)s, %(retry_count)s,"
            " (now() at time zone 'utc') - make_interval(secs => %(created)s),"
            " (now() at time zone 'utc') - make_interval(secs => %(updated)s))",
            {"id": job_id, "status": status, "error_code": None, "retry_count": 0, **values},
        )
        return job_id

    def act(self, job_id: str, verb: str, *, key: str | None = None, **body: Any) -> httpx.Response:
        """Retry or cancel, with a reason."""
        headers = {} if key is None else {"X-Idempotency-Key": key}
        return self.admin.post(
            f"/v1/admin/jobs/{job_id}/{verb}", json={"reason": "a test", **body}, headers=headers
        )

    def switch(self, provider: str, mode: str, *, reset_breaker: bool = False) -> None:
        body = {"mode": mode, "reset_breaker": reset_breaker}
        answer = self.admin.put(f"/v1/simulator/providers/{provider}", json=body)
        assert answer.is_success, answer.text

    def limit(self, **values: Any) -> None:
        """Set limits and be sure of it."""
        answer = self.patch(**values)
        assert answer.is_success, answer.text

    def patch(self, etag: str | None = None, **body: Any) -> httpx.Response:
        """Ask for other limits, on the state of now where no ETag is given."""
        tag = etag or self.admin.get(GUARDRAILS).headers["ETag"]
        return self.admin.patch(GUARDRAILS, json={"reason": "a test", **body}, headers={"If-Match": tag})

    def metric(self, name: str, **labels: str) -> float | None:
        """A sample's value; None where there is none."""
        for family in text_string_to_metric_families(self.public.get("/metrics").text):
            for sample in family.samples:
                if sample.name == name and sample.labels == labels:
                    return float(sample.value)
        return None

    def wait_for_gauge(self, value: float, name: str, **labels: str) -> None:
        """Until the gauge, which remembers for a second, shows the value."""
        self.wait(lambda: self.metric(name, **labels) == value, f"{name} {labels} to be {value}")

    def wait(self, condition: Callable[[], Any], what: str) -> Any:
        """What the condition gives as soon as it holds."""
        deadline = time.monotonic() + WAIT_SECONDS
        while not (found := condition()):
            assert time.monotonic() < deadline, (
                f"waited {WAIT_SECONDS} s for {what}\n{self.service.logs()[-4000:]}"
            )
            time.sleep(0.02)
        return found

    def wait_for(self, job_id: str, status: str, step: str | None = None) -> dict[str, Any]:
        """The job once it is in the status, and at the step where one is given."""

        def there() -> dict[str, Any] | None:
            job = self.job(job_id)
            return job if job["status"] == status and step in (None, job["current_step"]) else None

        return dict(self.wait(there, f"{job_id} to be {status} at {step}"))


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Status and error code."""
    return answer.status_code, answer.json()["error"]["code"]


def at_once(number: int, act: Callable[[int], httpx.Response]) -> list[httpx.Response]:
    """The answers of that many requests made at the same time."""
    with ThreadPoolExecutor(number) as threads:
        return list(threads.map(act, range(number)))
