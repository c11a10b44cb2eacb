"""What the operator sets: read once, frozen afterwards. The only reader of environment and files."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from dashboard import price_settings, settings_file
from dashboard.access_settings import AccessSettings
from dashboard.price_settings import PriceVersions
from dashboard.setting_types import (
    ConsoleUrl,
    DatabaseUrl,
    HttpUrl,
    MetricPrefix,
    Minutes,
    Money,
    ReportTargets,
    Share,
    TableName,
    TraceUrl,
    Unfit,
    ZoneName,
)
from dashboard.settings_errors import SettingsError, sentences
from queries.models import PriceList, StuckRules, Thresholds
from queries.price_history import PriceHistory

ROOT = Path(__file__).parent.parent
PREFIX = "OPS_"
FILE_VARIABLE = "OPS_SETTINGS_FILE"
DEFAULT_FILE = ROOT / ".streamlit" / "secrets.toml"


def _database_url(validated: Mapping[str, Any]) -> str:
    return str(validated["database_url"])


class Settings(AccessSettings):
    """Everything an operator may set; each field is OPS_<NAME> or a key of the settings file's table [ops]."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True, hide_input_in_errors=True
    )

    database_url: DatabaseUrl = Field(
        repr=False, description="The service's PostgreSQL database; a role that may only SELECT is enough."
    )
    store_url: DatabaseUrl = Field(
        default_factory=_database_url,
        repr=False,
        description="The database that holds the console's own schema `ops`; the service's database if not set.",
    )
    prometheus_url: HttpUrl | None = Field(None, description="The Prometheus server that scrapes the service.")
    service_url: HttpUrl | None = Field(None, description="Where the service's control API answers.")
    service_admin_key: SecretStr | None = Field(None, description="The service's admin key, for every action.")
    timezone: ZoneName = Field("UTC", description="The zone in which times are shown (IANA name).")
    service_timezone: ZoneName = Field(
        "UTC", description="The zone of the service's day, in which its daily limits count (IANA name)."
    )
    metric_prefix: MetricPrefix = Field("bookgen_", description="What the service's metrics begin with.")
    jobs_table: TableName = Field("jobs", description="The service's jobs table.")
    environment: str = Field("production", max_length=40, description="The label in the header of every page.")
    language: Literal["en", "ko"] = Field(
        "en", description="The language where neither the person nor the browser chose one of ours."
    )
    alias_key: SecretStr | None = Field(
        None,
        description="The key of the aliases that stand for users. If not set, it is derived from "
        "`OPS_DATABASE_URL` by HMAC-SHA256, so that aliases change when that address or its password does.",
    )
    statement_timeout_seconds: PositiveFloat = Field(
        10, le=300, description="After how long the database stops working on one question."
    )
    deadline_seconds: PositiveFloat = Field(
        5, le=120, description="After how long a call of Prometheus or of the service is given up."
    )
    refresh_seconds: PositiveInt = Field(
        5, le=3600, description="How often live parts refresh, and how long all viewers share one answer."
    )
    retry_limit: NonNegativeInt = Field(3, description="How often the service lets one job be retried.")
    console_url: ConsoleUrl = None
    report_targets: ReportTargets = None
    trace_url: TraceUrl = None

    bulk_limit: PositiveInt = Field(
        10_000, le=100_000, description="Jobs that one bulk action may take; more is refused with this number."
    )
    bulk_per_minute: PositiveInt = Field(
        60, le=6_000, description="Jobs a minute that a paced release begins with; its page can change it."
    )
    bulk_typed_jobs: PositiveInt = Field(
        100, description="A bulk action on this many jobs or more asks for their number to be typed."
    )
    bulk_typed_usd: Money = Field(
        Decimal(20), description="A bulk action estimated at this many USD or more asks for that, too."
    )

    guardrail_approval_usd: Money | None = Field(
        None,
        description="A guardrail change with more USD at stake in 30 days needs a second admin. If not set, none.",
    )
    daily_jobs_quota: PositiveInt | None = Field(
        None, description="What the providers' quotas allow a day, in jobs; a limit above it gets a warning."
    )
    rollup_seconds: PositiveFloat = Field(
        60,
        description="How often one console, for all, rolls up closed hours and records limits that ran out.",
    )

    stuck_running_minutes: Minutes = Field(15, description="A running job without an update for longer is stuck.")
    stuck_queued_minutes: Minutes = Field(30, description="A queued job without an update for longer is stuck.")
    sla_seconds: PositiveFloat = Field(600, description="A job should be finished this long after its creation.")
    stalled_factor: PositiveFloat = Field(
        3, description="A step is stalled beyond this many times the 95th percentile of its duration."
    )
    stalled_fallback_minutes: Minutes = Field(
        5, description="A step is stalled after this long where there is no history of its duration."
    )
    monitor_tick_minutes: Minutes = Field(
        5, description="How often the service's job monitor runs; after two missed ticks it counts as dead."
    )

    stuck_warning: PositiveInt = Field(1, description="Stuck jobs from which on the state is a warning.")
    stuck_critical: PositiveInt = Field(6, description="Stuck jobs from which on the state is critical.")
    success_warning: Share = Field(0.90, description="Success rate (0-1) below which the state is a warning.")
    success_critical: Share = Field(0.80, description="Success rate (0-1) below which the state is critical.")
    success_minimum_jobs: PositiveInt = Field(10, description="Finished jobs that a success rate needs.")
    queue_warning: Share = Field(0.50, description="Share of the queue's limit (0-1) above which to warn.")
    queue_critical: Share = Field(1.00, description="Share of the queue's limit (0-1) from which it is critical.")
    daily_cost_warning: Money = Field(Decimal(100), description="USD a day above which to warn.")
    daily_cost_critical: Money = Field(Decimal(500), description="USD a day above which the state is critical.")
    monthly_cost_warning: Money = Field(Decimal(2000), description="USD a month above which to warn.")
    monthly_cost_critical: Money = Field(Decimal(5000), description="USD a month above which it is critical.")
    monthly_budget: Money | None = Field(
        None, description="USD that a month may cost; if not set, `OPS_MONTHLY_COST_WARNING` stands for it."
    )
    anomaly_least_usd: Money = Field(
        Decimal(10), description="USD that a day must lie above its weekday's median to be called unusual."
    )

    price_per_llm_call: Money | None = Field(
        None, description="USD an LLM call, for estimates where the service keeps no ledger."
    )
    price_per_image: Money | None = Field(
        None, description="USD an image, for estimates where the service keeps no ledger."
    )
    images_per_book: PositiveInt = Field(12, description="Images of one book, for estimates.")
    llm_calls_per_book: PositiveInt = Field(4, description="LLM calls of one book, for estimates.")
    price_tts_per_book: Money = Field(Decimal(0), description="USD of one book's speech, for estimates.")
    price_versions: PriceVersions = ()

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        rising = ("stuck", "queue", "daily_cost", "monthly_cost")
        pairs = [(f"{name}_warning", f"{name}_critical") for name in rising]
        pairs.append(("success_critical", "success_warning"))
        for smaller, greater in pairs:
            if getattr(self, smaller) > getattr(self, greater):
                raise Unfit(f"{PREFIX}{smaller.upper()} may not be greater than {PREFIX}{greater.upper()}")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment first, then the settings file."""
        file = InitSettingsSource(settings_cls, settings_file.table(FILE_VARIABLE, DEFAULT_FILE))
        return init_settings, env_settings, file, dotenv_settings, file_secret_settings

    @property
    def stuck_rules(self) -> StuckRules:
        return StuckRules(
            running=timedelta(minutes=self.stuck_running_minutes),
            queued=timedelta(minutes=self.stuck_queued_minutes),
            sla=timedelta(seconds=self.sla_seconds),
            stalled_factor=self.stalled_factor,
            stalled_fallback=timedelta(minutes=self.stalled_fallback_minutes),
            monitor_tick=timedelta(minutes=self.monitor_tick_minutes),
        )

    @property
    def thresholds(self) -> Thresholds:
        """The fields of the same names."""
        return Thresholds(**{field.name: getattr(self, field.name) for field in fields(Thresholds)})

    @property
    def price_history(self) -> PriceHistory:
        """For estimates of the past: the prices from the beginning on, and each version after them."""
        first = PriceList(
            per_llm_call=self.price_per_llm_call,
            per_image=self.price_per_image,
            images_per_book=self.images_per_book,
            llm_calls_per_book=self.llm_calls_per_book,
            tts_per_book=self.price_tts_per_book,
        )
        return price_settings.history(first, self.price_versions, self.service_timezone)

    @property
    def prices(self) -> PriceList:
        """The list that holds now, for estimates of today and of what is to come."""
        return self.price_history.at(datetime.now(UTC))

    @property
    def budget(self) -> Decimal:
        """USD that a month may cost."""
        return self.monthly_cost_warning if self.monthly_budget is None else self.monthly_budget

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which times are shown."""
        return ZoneInfo(self.timezone)

    @property
    def user_alias_key(self) -> str:
        """The key for users' aliases: the one that was set, or one derived from the database's address."""
        if self.alias_key is not None:
            return self.alias_key.get_secret_value()
        return hmac.new(self.database_url.encode(), b"user aliases", hashlib.sha256).hexdigest()


@cache
def load() -> Settings:
    """The settings of this process, read at the first call. Raises SettingsError: one sentence a fault."""
    try:
        return Settings()  # type: ignore[call-arg]  # its values come from environment and file
    except ValidationError as error:
        raise SettingsError(problems="\n".join(sentences(error, PREFIX))) from error
