"""Switching the simulated providers' failure modes; no part of the contract."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter

from service import breakers, providers
from service.errors import ProviderNotFound
from service.providers import Mode
from service.requests import ADMIN, Body, Serving

router = APIRouter(prefix="/v1/simulator/providers", tags=["simulator"], dependencies=ADMIN)


class ModeRequest(Body):
    """reset_breaker closes the provider's circuit breaker, too."""

    mode: Mode
    reset_breaker: bool = False


@router.get("")
def read_all(service: Serving) -> list[dict[str, Any]]:
    """Every provider's mode and breaker."""
    with service.pool.connection() as connection:
        return [asdict(state) for state in breakers.read_all(connection, service.settings)]


@router.get("/{name}")
def read(name: str, service: Serving) -> dict[str, Any]:
    """One provider's mode and breaker."""
    if name not in providers.BY_NAME:
        raise ProviderNotFound(name=name)
    with service.pool.connection() as connection:
        return asdict(breakers.read(connection, name, service.settings))


@router.put("/{name}")
def switch(name: str, body: ModeRequest, service: Serving) -> dict[str, Any]:
    """Switch a provider's mode: calls that start from now on see it."""
    if name not in providers.BY_NAME:
        raise ProviderNotFound(name=name)
    with service.pool.connection() as connection:
        providers.set_mode(connection, name, body.mode, reset_breaker=body.reset_breaker)
        return asdict(breakers.read(connection, name, service.settings))
