"""The HTTP application: request ids, the admin gate, the error envelope, the routes."""

from __future__ import annotations

import hmac
import re
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import psycopg
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from psycopg_pool import PoolTimeout
from starlette.exceptions import HTTPException

from service import admin_routes, book_routes, gauges, health_routes, metrics, simulator_routes, stuck
from service.database import Pool
from service.errors import AdminKeyWrong, DatabaseUnavailable, Envelope, Refused, envelope
from service.logs import log
from service.remembered import Remembered
from service.serving import Service
from service.settings import Settings

ADMIN_PATHS = ("/v1/admin/", "/v1/simulator/", "/health/detailed")
REQUEST_ID = re.compile(r"[A-Za-z0-9._:/-]{1,128}")
DATABASE_RETRY_SECONDS = 5
STEP_P95_SECONDS = 60.0

ERROR_ANSWERS: dict[int | str, dict[str, Any]] = {
    status: {"model": Envelope, "description": HTTPStatus(status).phrase} for status in (401, 404, 409, 422, 503)
}

Next = Callable[[Request], Awaitable[Response]]


def create_app(settings: Settings, pool: Pool) -> FastAPI:
    """The application; it opens and closes the pool."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        metrics.start_at_zero()
        step_p95 = Remembered(stuck.step_p95, STEP_P95_SECONDS)
        registry = gauges.registry(pool, settings, step_p95)
        app.state.service = Service(settings, pool, settings.required_admin_key(), registry, step_p95)
        pool.open()
        yield
        pool.close()

    app = FastAPI(
        title="Book generation service", version=settings.version, lifespan=lifespan, responses=ERROR_ANSWERS
    )
    app.middleware("http")(_gate)
    for kind, handler in HANDLERS.items():
        app.add_exception_handler(kind, handler)
    for routes in (book_routes, admin_routes, health_routes, simulator_routes):
        app.include_router(routes.router)
    return app


async def _gate(request: Request, following: Next) -> Response:
    """Name the request, let only the admin key into the admin's paths, and log what was answered."""
    given = request.headers.get("X-Request-ID", "")
    request.state.request_id = given if REQUEST_ID.fullmatch(given) else secrets.token_hex(16)
    structlog.contextvars.bind_contextvars(request_id=request.state.request_id)
    started = time.monotonic()
    if request.scope["path"].startswith(ADMIN_PATHS) and not _is_admin(request):
        response: Response = _refusal(request, AdminKeyWrong())
    else:
        response = await following(request)
    response.headers["X-Request-ID"] = request.state.request_id
    _log(request, response, time.monotonic() - started)
    return response


def _is_admin(request: Request) -> bool:
    service: Service = request.app.state.service
    given = request.headers.get("X-Admin-Key", "")
    return hmac.compare_digest(given.encode(), service.admin_key.encode())


def _log(request: Request, response: Response, seconds: float) -> None:
    """Probes and scrapes are too many to be told."""
    if request.scope["path"].startswith(("/health", "/metrics")):
        return
    route = request.scope.get("route")
    log.info(
        "request",
        method=request.method,
        route=getattr(route, "path", "unknown"),
        status=response.status_code,
        milliseconds=round(seconds * 1000, 1),
    )


def _answer(request: Request, status: int, body: dict[str, Any], headers: dict[str, str]) -> JSONResponse:
    named = {**headers, "X-Request-ID": request.state.request_id}
    return JSONResponse(body, status_code=status, headers=named)


def _refusal(request: Request, refusal: Refused) -> JSONResponse:
    body = envelope(refusal.code, str(refusal), refusal.details, request.state.request_id)
    return _answer(request, refusal.status, body, refusal.headers)


def _on_refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, Refused):
        raise TypeError from error
    return _refusal(request, error)


def _on_database(request: Request, error: Exception) -> Response:
    log.error("database does not answer", error=type(error).__name__)
    return _refusal(request, DatabaseUnavailable(retry_after=DATABASE_RETRY_SECONDS))


def _on_http(request: Request, error: Exception) -> Response:
    """No such route, or a method that it doesn't take."""
    if not isinstance(error, HTTPException):
        raise TypeError from error
    code = HTTPStatus(error.status_code).name.lower()
    body = envelope(code, str(error.detail), {}, request.state.request_id)
    return _answer(request, error.status_code, body, dict(error.headers or {}))


def _on_invalid(request: Request, error: Exception) -> Response:
    """Places and reasons, never the values: one of them may be a user's key."""
    if not isinstance(error, RequestValidationError):
        raise TypeError from error
    fields = [{"field": ".".join(map(str, part["loc"])), "message": part["msg"]} for part in error.errors()]
    message = "; ".join(f"{field['field']}: {field['message']}" for field in fields)
    body = envelope("invalid_request", message, {"fields": fields}, request.state.request_id)
    return _answer(request, HTTPStatus.UNPROCESSABLE_ENTITY, body, {})


def _on_unexpected(request: Request, error: Exception) -> Response:
    """The server logs the error itself, by its type and place."""
    log.error("request failed unexpectedly", error=type(error).__name__)
    body = envelope("internal_error", "Something went wrong in the service.", {}, request.state.request_id)
    return _answer(request, HTTPStatus.INTERNAL_SERVER_ERROR, body, {})


HANDLERS: dict[type[Exception], Callable[[Request, Exception], Response]] = {
    Refused: _on_refused,
    psycopg.OperationalError: _on_database,
    PoolTimeout: _on_database,
    HTTPException: _on_http,
    RequestValidationError: _on_invalid,
    Exception: _on_unexpected,
}
