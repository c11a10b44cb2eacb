"""A provider call as a step makes it: breaker, deadline, a few retries, ledger and metrics."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass

from service import breakers, ledger, metrics, providers
from service.breakers import CircuitBreakerError
from service.database import Pool
from service.providers import CallFailed, Order, Provider, Receipt
from service.runs import Run
from service.settings import Settings
from service.steps import Step

CALLS_PER_ORDER = 3
BACKOFF_SECONDS = 1.0


class ShuttingDown(Exception):
    """The worker was asked to stop: the job goes back to the queue."""


class StepFailed(Exception):
    """A step could not be done; code is the job's error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class ProviderOut(StepFailed):
    """The provider's breaker is open: no call is made, and none makes sense for a while."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What steps work with. stopping is set when the worker is asked to stop."""

    pool: Pool
    settings: Settings
    stopping: threading.Event

    def pause(self, seconds: float) -> None:
        """Wait seconds at speed 1; raises ShuttingDown when asked to stop meanwhile."""
        if self.stopping.wait(seconds / self.settings.speed):
            raise ShuttingDown


def buy(tools: Tools, run: Run, step: Step, order: Order) -> Receipt:
    """Call until it works, at most CALLS_PER_ORDER times; raises StepFailed or ShuttingDown."""
    failure: CallFailed | None = None
    for number in range(CALLS_PER_ORDER):
        tools.pause(0 if number == 0 else BACKOFF_SECONDS * 2 ** (number - 1) * random.uniform(0.5, 1))  # noqa: S311
        try:
            return _call(tools, run, step, order)
        except CallFailed as error:
            failure = error
        except CircuitBreakerError as error:
            code = order.provider.codes.failed if failure is None else failure.code
            raise ProviderOut(code, f"{order.provider.name}: circuit breaker is open") from error
    if failure is None:
        raise StepFailed("UNKNOWN", f"{order.provider.name} was not called")
    raise StepFailed(failure.code, str(failure))


def _call(tools: Tools, run: Run, step: Step, order: Order) -> Receipt:
    """One call through the breaker, written down whatever came of it: it may have cost money."""
    guard, mode = breakers.breaker(tools.pool, order.provider, tools.settings)
    started = time.monotonic()
    try:
        receipt: Receipt = guard.call(providers.call, order, mode, tools.settings.speed)
    except CallFailed as failure:
        _write_down(tools, run, step, order.provider, failure.receipt, outcome=metrics.FAILED)
        raise
    finally:
        seconds = time.monotonic() - started
        metrics.request_duration.labels(order.provider.name, order.provider.kind).observe(seconds)
    _write_down(tools, run, step, order.provider, receipt, outcome=metrics.SUCCEEDED)
    return receipt


def _write_down(tools: Tools, run: Run, step: Step, provider: Provider, receipt: Receipt, *, outcome: str) -> None:
    """Not fenced: a call that was made is owed, even when the job was taken away during it."""
    with tools.pool.connection() as connection:
        ledger.record(
            connection,
            job_id=run.job_id,
            attempt=run.attempt,
            user_key=run.user_key,
            provider=provider,
            step=step,
            outcome=outcome,
            receipt=receipt,
        )
    metrics.requests.labels(provider.name, provider.kind, outcome).inc()
    if receipt.cost_usd is None:
        metrics.unpriced.labels(provider.name).inc()
    else:
        metrics.cost.labels(provider.name, provider.kind).inc(float(receipt.cost_usd))
