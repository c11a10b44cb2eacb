"""What routes read from a request, beyond its body."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from typing import Annotated
from urllib.parse import unquote

from fastapi import Depends, Header, Request, Security
from fastapi.responses import JSONResponse
from fastapi.security import APIKeyHeader
from psycopg import Connection
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from service.database import Row
from service.errors import UserKeyMissing
from service.idempotency import Answer, Write, perform
from service.serving import Service

TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
ACTOR_LENGTH = 120
USER_KEY_LENGTH = 80
NO_OPERATOR = "unnamed operator"


def _no_null(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not hold a null character")
    return text


NoNull = AfterValidator(_no_null)
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000), NoNull]


class Body(BaseModel):
    """A request's body: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


def _actor(operator: Annotated[str | None, Header(alias="X-Operator")] = None) -> str:
    """The signed-in person that the console names; percent-encoded where the name isn't ASCII."""
    return _printable(unquote(operator or ""))[:ACTOR_LENGTH] or NO_OPERATOR


def _printable(text: str) -> str:
    return "".join(sign for sign in text if sign.isprintable()).strip()


def _user_key(key: Annotated[str | None, Header(alias="X-User-Key")] = None) -> str:
    if not key or len(key) > USER_KEY_LENGTH:
        raise UserKeyMissing
    return key


def _trace_id(traceparent: Annotated[str | None, Header()] = None) -> str:
    """The caller's trace id where it sent a valid one, else a new one."""
    match = TRACEPARENT.fullmatch(traceparent or "")
    return match[1] if match else secrets.token_hex(16)


async def _write(
    request: Request, key: Annotated[str | None, Header(alias="X-Idempotency-Key", max_length=200)] = None
) -> Write:
    body = await request.body()
    return Write(key or None, request.method, request.url.path, body, request.state.request_id)


Serving = Annotated[Service, Depends(_service)]
Actor = Annotated[str, Depends(_actor)]
UserKey = Annotated[str, Depends(_user_key)]
TraceId = Annotated[str, Depends(_trace_id)]
Writing = Annotated[Write, Depends(_write)]
# the gate in service.api checks the key; this tells the API's document about it
ADMIN = [Security(APIKeyHeader(name="X-Admin-Key", auto_error=False))]


def once(service: Service, write: Write, act: Callable[[Connection[Row]], Answer]) -> tuple[Answer, JSONResponse]:
    """Act once for the request's idempotency key; the answer, and the response that carries it."""
    answer = perform(service.pool, write, act)
    return answer, JSONResponse(answer.body, status_code=answer.status, headers=answer.headers)
