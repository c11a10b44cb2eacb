"""Probes, the detailed health, the metrics."""

from __future__ import annotations

import psycopg
from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from psycopg_pool import PoolTimeout

from service import health
from service.requests import ADMIN, Serving
from service.serving import Service

PROBE_SECONDS = 2.0

router = APIRouter(tags=["health"])


def _database_answers(service: Service) -> bool:
    try:
        with service.pool.connection(timeout=PROBE_SECONDS) as connection:
            connection.execute("select 1")
    except (psycopg.OperationalError, PoolTimeout):
        return False
    return True


def _probe(healthy: bool) -> JSONResponse:
    return JSONResponse({"status": "ok" if healthy else "unavailable"}, status_code=200 if healthy else 503)


@router.get("/health/live")
def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/health/ready")
def ready(service: Serving) -> JSONResponse:
    """The process can do its work."""
    return _probe(_database_answers(service))


@router.get("/health")
def summary(service: Serving) -> JSONResponse:
    """As ready: the short answer, without a detail."""
    return _probe(_database_answers(service))


@router.get("/health/detailed", dependencies=ADMIN)
def detailed(service: Serving) -> JSONResponse:
    """Every part's state, for operators; 503 while the database does not answer.

    services.workers.list is optional in the contract: [{id, heartbeat_at, concurrency, running: [job ids]}].
    """
    try:
        with service.pool.connection(timeout=PROBE_SECONDS) as connection:
            report = health.detailed(connection, service.settings, service.step_p95.get(connection))
    except (psycopg.OperationalError, PoolTimeout):
        return JSONResponse(health.without_database(service.settings), status_code=503)
    return JSONResponse(report)


@router.get("/metrics")
def metrics(service: Serving) -> Response:
    """Prometheus text."""
    return Response(generate_latest(service.registry), media_type=CONTENT_TYPE_LATEST)
