"""Act once for one X-Idempotency-Key: a repeat gets the first answer, two at the same time wait for each other."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from psycopg import Connection
from psycopg.types.json import Json

from service.database import Pool, Row
from service.errors import IdempotencyKeyReused, Refused, envelope

KEPT = "2 days"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a write answers. replayed: nothing was done now, this is the first answer again."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Write:
    """A request that changes something. key is None where the caller sent none: it is then done each time."""

    key: str | None
    method: str
    path: str
    body: bytes
    request_id: str

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(b"\n".join([self.method.encode(), self.path.encode(), self.body])).hexdigest()


def perform(pool: Pool, write: Write, act: Callable[[Connection[Row]], Answer]) -> Answer:
    """Act in one transaction and keep the answer. Refusals are kept, too, but for those that say "later" (5xx)."""
    if write.key is None:
        with pool.connection() as connection:
            return act(connection)
    with pool.connection() as connection:
        connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [write.key])
        first = _first_answer(connection, write)
        if first is not None:
            return first
        answer = _acted(connection, write, act)
        _keep(connection, write, answer)
        return answer


def _acted(connection: Connection[Row], write: Write, act: Callable[[Connection[Row]], Answer]) -> Answer:
    try:
        with connection.transaction():
            return act(connection)
    except Refused as refusal:
        if refusal.status >= 500:  # noqa: PLR2004
            raise
        body = envelope(refusal.code, str(refusal), refusal.details, write.request_id)
        return Answer(refusal.status, body, refusal.headers)


def _first_answer(connection: Connection[Row], write: Write) -> Answer | None:
    row = connection.execute("select * from idempotent_answers where key = %s", [write.key]).fetchone()
    if row is None:
        return None
    if row["request"] != write.fingerprint:
        raise IdempotencyKeyReused
    return Answer(row["status"], row["body"], row["headers"], replayed=True)


def _keep(connection: Connection[Row], write: Write, answer: Answer) -> None:
    connection.execute(
        "insert into idempotent_answers (key, request, status, body, headers) values (%s, %s, %s, %s, %s)",
        [write.key, write.fingerprint, answer.status, Json(answer.body), Json(answer.headers)],
    )


def forget_old(connection: Connection[Any]) -> None:
    """Drop answers that nobody repeats any more."""
    connection.execute("delete from idempotent_answers where at < now() - %s::interval", [KEPT])
