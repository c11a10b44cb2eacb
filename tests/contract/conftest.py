"""Which service is held against the contract.

CONTRACT_SERVICE_URL   the service's base address; without it the reference service is started and tested
CONTRACT_ADMIN_KEY     its admin key
CONTRACT_DATABASE_URL  its database, read-only is enough
CONTRACT_PREFIX        the metrics' prefix, "bookgen_" where it is not set
CONTRACT_CHANGES=1     also run the tests that order, cancel and retry books and change limits on that service
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from psycopg.rows import dict_row

from tests.service_process import ServiceProcesses

OPERATOR = "contract suite"
WAIT_SECONDS = 120


@dataclass(frozen=True)
class Subject:
    """The service under test. changes says whether it may be changed."""

    client: httpx.Client
    admin_key: str
    database_url: str
    prefix: str
    changes: bool

    def admin(self, method: str, path: str, **more: Any) -> httpx.Response:
        """A request as the console sends it."""
        headers = {
            "X-Admin-Key": self.admin_key,
            "X-Operator": OPERATOR,
            "X-Request-ID": str(uuid4()),
            "X-Idempotency-Key": str(uuid4()),
            "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            **more.pop("headers", {}),
        }
        return self.client.request(method, path, headers=headers, **more)

    def rows(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        with psycopg.connect(
            self.database_url, row_factory=dict_row, options="-c TimeZone=UTC -c default_transaction_read_only=on"
        ) as connection:
            return connection.execute(statement.encode(), values).fetchall()

    def samples(self) -> list[Sample]:
        families = text_string_to_metric_families(self.client.get("/metrics").text)
        return [sample for family in families for sample in family.samples]


@pytest.fixture(scope="session")
def _reference(
    lasting_database: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServiceProcesses | None]:
    if "CONTRACT_SERVICE_URL" in os.environ:
        yield None
        return
    with ServiceProcesses(lasting_database("template1"), tmp_path_factory.mktemp("contract")) as service:
        yield service


@pytest.fixture(scope="session")
def subject(_reference: ServiceProcesses | None) -> Iterator[Subject]:
    if _reference is None:
        url, key = os.environ["CONTRACT_SERVICE_URL"], os.environ["CONTRACT_ADMIN_KEY"]
        database, changes = os.environ["CONTRACT_DATABASE_URL"], os.environ.get("CONTRACT_CHANGES") == "1"
    else:
        url, key, changes = _reference.url, _reference.admin_key, True
        database = _reference.database_url
    prefix = os.environ.get("CONTRACT_PREFIX", "bookgen_")
    with httpx.Client(base_url=url, timeout=20, trust_env=False) as client:
        yield Subject(client, key, database, prefix, changes)


@pytest.fixture
def changeable(subject: Subject) -> Subject:
    """The service, where it may be changed."""
    if not subject.changes:
        pytest.skip("changes a service: set CONTRACT_CHANGES=1 to allow it")
    return subject


def assert_envelope(answer: httpx.Response, status: int, code: str | None = None) -> dict[str, Any]:
    """The error's details."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert isinstance(body["detail"], str)
    assert isinstance(body["error"]["message"], str)
    assert body["request_id"]
    assert code in (None, body["error"]["code"])
    details: dict[str, Any] = body["error"]["details"]
    return details


def order(subject: Subject, **headers: str) -> httpx.Response:
    user = {"X-User-Key": f"contract-suite-{uuid4()}", **headers}
    return subject.client.post("/v1/books", json={"title": "The contract"}, headers=user)
