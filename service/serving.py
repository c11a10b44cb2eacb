"""What every route of the api works with."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from service.database import Pool
from service.remembered import Remembered
from service.settings import Settings


@dataclass(frozen=True, slots=True)
class Service:
    """The running api's parts. step_p95 is stuck.step_p95(), asked once in a while."""

    settings: Settings
    pool: Pool
    admin_key: str
    registry: CollectorRegistry
    step_p95: Remembered[dict[str, float]]
