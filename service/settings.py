"""The service's settings: one frozen object, read from the environment (BOOKGEN_*) once."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

DEMO_ADMIN_KEY = "demo-admin-key"


class AdminKeyMissing(Exception):
    """BOOKGEN_ADMIN_KEY is not set: the service does not start without an admin key (BOOKGEN_DEMO=1 allows it)."""


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name!r} is not an IANA time zone")
    return name


class Settings(BaseSettings):
    """Durations are in seconds. speed divides every simulated latency and every wait between calls."""

    model_config = SettingsConfigDict(env_prefix="BOOKGEN_", frozen=True, extra="ignore", populate_by_name=True)

    database_url: str
    admin_key: SecretStr | None = None
    demo: bool = False
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    timezone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    speed: float = Field(default=1.0, gt=0)
    concurrency: int = Field(default=3, ge=1, le=64)
    sla_seconds: float = Field(default=600, gt=0)
    stuck_running_seconds: float = Field(default=900, gt=0)
    stuck_queued_seconds: float = Field(default=1800, gt=0)
    monitor_tick_seconds: float = Field(default=300, gt=0)
    max_retries: int = Field(default=3, ge=0)
    worker_timeout_seconds: float = Field(default=10, gt=0)
    shutdown_grace_seconds: float = Field(default=4, gt=0)
    breaker_failures: int = Field(default=5, ge=1)
    breaker_reset_seconds: float = Field(default=30, gt=0)
    daily_cost_warning_usd: float = Field(default=100, ge=0)
    version: str = "1.0.0"
    commit: str = "unknown"
    metrics_dir: Path | None = Field(default=None, validation_alias="PROMETHEUS_MULTIPROC_DIR")

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def conninfo(self) -> str:
        """The database URL as libpq reads it."""
        return self.database_url.replace("postgresql+psycopg://", "postgresql://", 1)

    @property
    def shared_metrics_dir(self) -> Path:
        """Where all processes of one service keep their counters: by default one folder per database."""
        if self.metrics_dir is not None:
            return self.metrics_dir
        digest = hashlib.sha256(self.conninfo.encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"bookgen-metrics-{digest}"

    def required_admin_key(self) -> str:
        """The admin key; raises AdminKeyMissing where there is none and this is not the demo."""
        if self.admin_key is not None and self.admin_key.get_secret_value():
            return self.admin_key.get_secret_value()
        if self.demo:
            return DEMO_ADMIN_KEY
        raise AdminKeyMissing(AdminKeyMissing.__doc__)
