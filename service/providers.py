"""Simulated providers: latency, price a call, and failure modes that the database switches."""

from __future__ import annotations

import random
import secrets
import time
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from psycopg import Connection

from service.steps import Step

SLOW_FACTOR = 8.0
FAILING_SHARE = 0.6
EXPENSIVE_FACTOR = 20
LATENCY_SPREAD = 0.25
UNITS_SPREAD = 0.15


class Mode(StrEnum):
    """How a provider behaves now. unpriced answers well, but tells no price; expensive asks 20 times the price."""

    OK = "ok"
    SLOW = "slow"
    FAILING = "failing"
    RATE_LIMITED = "rate_limited"
    DOWN = "down"
    HANGING = "hanging"
    UNPRICED = "unpriced"
    EXPENSIVE = "expensive"


_TIMES_THE_PRICE: dict[Mode, int | None] = {Mode.UNPRICED: None, Mode.EXPENSIVE: EXPENSIVE_FACTOR}


@dataclass(frozen=True, slots=True)
class ErrorCodes:
    """The job's error codes for what can go wrong with a provider."""

    failed: str
    timeout: str
    rate_limited: str
    garbage: str


@dataclass(frozen=True, slots=True)
class Provider:
    """kind as in the ledger; unit_price in USD; deadline in seconds at speed 1."""

    name: str
    kind: str
    model: str
    unit_price: Decimal
    deadline: float
    codes: ErrorCodes


@dataclass(frozen=True, slots=True)
class Order:
    """One kind of call: units of the provider's unit (tokens, images, characters), seconds at speed 1."""

    provider: Provider
    units: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one call was and cost; cost_usd is None where the provider told no price."""

    request_id: str
    units: Decimal
    cost_usd: Decimal | None


class CallFailed(Exception):
    """The provider did not do what it was asked. code is the job's error code."""

    def __init__(self, code: str, message: str, receipt: Receipt) -> None:
        super().__init__(message)
        self.code = code
        self.receipt = receipt


_LLM = ErrorCodes("LLM_TIMEOUT", "LLM_TIMEOUT", "LLM_TIMEOUT", "LLM_JSON_INVALID")
_IMAGE = ErrorCodes("IMAGE_FAILED", "IMAGE_TIMEOUT", "IMAGE_RATE_LIMIT", "IMAGE_FAILED")
_STORAGE = ErrorCodes(*["STORAGE_UPLOAD_FAILED"] * 4)
_OTHER = ErrorCodes(*["UNKNOWN"] * 4)

STORY_LLM = Provider("story-llm", "llm", "story-large-2", Decimal("0.000004"), 60, _LLM)
MODERATOR = Provider("moderator", "llm", "moderation-1", Decimal("0.000001"), 20, _LLM)
PICTURE_ONE = Provider("picture-one", "image", "picture-xl", Decimal("0.008"), 60, _IMAGE)
STORAGE_ONE = Provider("storage-one", "storage", "standard", Decimal("0.0002"), 20, _STORAGE)
VOICE_ONE = Provider("voice-one", "tts", "voice-warm", Decimal("0.000015"), 60, _OTHER)
ALL = (STORY_LLM, MODERATOR, PICTURE_ONE, STORAGE_ONE, VOICE_ONE)
BY_NAME = {provider.name: provider for provider in ALL}

IMAGES_PER_BOOK = 12
STORY = Order(STORY_LLM, 3500, 6.0)
CHARACTER_SHEET = Order(STORY_LLM, 1500, 3.0)
IMAGE_PROMPTS = Order(STORY_LLM, 2200, 4.0)
MODERATION = Order(MODERATOR, 500, 0.8)
IMAGE = Order(PICTURE_ONE, 1, 2.5)
UPLOAD = Order(STORAGE_ONE, 1, 1.0)
AUDIO = Order(VOICE_ONE, 2500, 6.0)

# the provider whose breaker decides whether a job may resume at a step
NEEDED: dict[Step, Provider] = {
    Step.MODERATE_INPUT: MODERATOR,
    Step.STORY: STORY_LLM,
    Step.CHARACTER_SHEET: STORY_LLM,
    Step.IMAGE_PROMPTS: STORY_LLM,
    Step.IMAGES: PICTURE_ONE,
    Step.MODERATE_OUTPUT: MODERATOR,
    Step.PACKAGE: STORAGE_ONE,
    Step.NORMALIZE: MODERATOR,
}


def call(order: Order, mode: Mode, speed: float) -> Receipt:
    """Make one call, which takes its time; raises CallFailed."""
    provider, codes = order.provider, order.provider.codes
    if mode is Mode.HANGING:
        time.sleep(provider.deadline / speed)
        raise CallFailed(
            codes.timeout, f"{provider.name}: no answer within {provider.deadline:g} s", _receipt(order, 0)
        )
    if mode is Mode.DOWN:
        raise CallFailed(codes.failed, f"{provider.name}: connection refused", _receipt(order, 0))
    if mode is Mode.RATE_LIMITED:
        raise CallFailed(codes.rate_limited, f"{provider.name}: 429 too many requests", _receipt(order, 0))
    time.sleep(_latency(order, mode) / speed)
    if mode is Mode.FAILING and random.random() < FAILING_SHARE:
        raise _random_failure(order)
    return _receipt(order, _TIMES_THE_PRICE.get(mode, 1))


def _latency(order: Order, mode: Mode) -> float:
    """Seconds at speed 1, never beyond the deadline: a slow provider is slow, not hanging."""
    factor = SLOW_FACTOR if mode is Mode.SLOW else 1.0
    drawn = order.seconds * factor * random.lognormvariate(0, LATENCY_SPREAD)
    return min(drawn, 0.95 * order.provider.deadline)


def _random_failure(order: Order) -> CallFailed:
    """Half of the failures come after the work was done, and are billed."""
    provider = order.provider
    if random.random() < 0.5:  # noqa: PLR2004
        return CallFailed(provider.codes.garbage, f"{provider.name}: unreadable answer", _receipt(order, 1))
    return CallFailed(provider.codes.failed, f"{provider.name}: 500 internal error", _receipt(order, 0))


def _receipt(order: Order, billed: int | None) -> Receipt:
    """billed: 1 = full price, 20 = that many times it, 0 = nothing, None = price unknown."""
    drawn = order.units if order.units == 1 else order.units * random.uniform(1 - UNITS_SPREAD, 1 + UNITS_SPREAD)
    units = Decimal(round(drawn))
    cost = None if billed is None else units * order.provider.unit_price * billed
    return Receipt(f"{order.provider.name}-{secrets.token_hex(12)}", units, cost)


def insert_missing(connection: Connection[Any]) -> None:
    """Make a row for each provider that has none."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into providers (name, kind) values (%s, %s) on conflict do nothing",
            [(provider.name, provider.kind) for provider in ALL],
        )


def set_mode(connection: Connection[Any], name: str, mode: Mode, *, reset_breaker: bool) -> None:
    """Switch the simulation; reset_breaker also closes the breaker at once."""
    connection.execute("update providers set mode = %s where name = %s", [mode, name])
    if reset_breaker:
        connection.execute(
            "update providers set breaker = 'closed', failures = 0, trial_success = 0, opened_at = null"
            " where name = %s",
            [name],
        )
