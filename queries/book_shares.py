"""How much of a book a job bought, for services without a ledger.

Where current_step is a stable key it tells: a quarter of the LLM calls goes to each of the four steps that write,
a step that was entered has made its call, and images count in full once their step is left. Within the image step,
and where current_step is prose, the share is the job's progress. An input that was refused stopped at its
moderation, whatever the step says. Where nothing tells, everything but a queued job counts as a whole book: an
estimate may say too much rather than too little.
"""

from __future__ import annotations

from decimal import ROUND_UP, Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from queries import cost_estimates
from queries.cost_models import total
from queries.models import MoneySource, PriceList, Spend
from queries.price_history import PriceHistory
from queries.schema import ServiceSchema
from queries.steps import IMAGES, STEPS

KINDS = ("llm", "images", "speech")

_WRITING = ("moderate_input", "generate_story", "generate_character_sheet", "generate_image_prompts")
_SPOKEN_IN = "package"
# As exact as a ledger keeps it.
EXACTNESS = Decimal("0.000000001")


def bought(schema: ServiceSchema) -> dict[str, ColumnElement[Any]]:
    """The share (0-1) of a book's LLM calls, images and speech that the latest attempt of a job bought."""
    progress = _progress(schema)
    by_step = {
        "llm": {step: _share_written(STEPS[: at + 1]) for at, step in enumerate(STEPS)},
        "images": {step: _images(step, progress) for step in STEPS},
        "speech": {step: Decimal(STEPS.index(step) >= STEPS.index(_SPOKEN_IN)) for step in STEPS},
    }
    refused = schema.jobs.c.error_code == "SAFETY_INPUT" if schema.has("error_code") else sa.false()
    return {
        kind: sa.case(
            (schema.jobs.c.status == "done", 1),
            (refused, shares["moderate_input"]),
            else_=_by_step(schema, shares, progress),
        ).label(kind)
        for kind, shares in by_step.items()
    }


def left(schema: ServiceSchema) -> dict[str, ColumnElement[Any]]:
    """The share that a job still has to buy when it goes on from the step it stopped in, that step included."""
    progress = _progress(schema)
    by_step = {
        "llm": {step: _share_written(STEPS[at:]) for at, step in enumerate(STEPS)},
        "images": {step: 1 - _images(step, progress) for step in STEPS},
        "speech": {step: Decimal(STEPS.index(step) <= STEPS.index(_SPOKEN_IN)) for step in STEPS},
    }
    return {kind: _by_step(schema, by_step[kind], 1 - progress).label(kind) for kind in KINDS}


def is_priced(prices: PriceList) -> bool:
    """Whether the operator gave any price."""
    return prices.per_llm_call is not None or prices.per_image is not None or prices.tts_per_book > 0


def ever_priced(prices: PriceHistory) -> bool:
    """Whether the operator ever gave any price."""
    return any(is_priced(version.prices) for version in prices.versions)


def priced(prices: PriceList, shares: dict[str, Decimal]) -> Spend:
    """What shares of books cost, in USD; calls of a kind without a price are counted as unpriced."""
    parts = [cost_estimates.estimated(prices, kind, shares[name]) for name, kind in cost_estimates.KINDS.items()]
    unpriced = sum((one.calls for one in parts if one.unpriced), Decimal(0))
    return Spend(
        total(parts).usd.quantize(EXACTNESS), int(unpriced.to_integral_value(ROUND_UP)), MoneySource.ESTIMATED
    )


def _share_written(steps: tuple[str, ...]) -> Decimal:
    return Decimal(sum(step in _WRITING for step in steps)) / len(_WRITING)


def _images(step: str, progress: ColumnElement[Any]) -> Any:
    return progress if step == IMAGES else Decimal(STEPS.index(step) > STEPS.index(IMAGES))


def _by_step(schema: ServiceSchema, shares: dict[str, Any], otherwise: ColumnElement[Any]) -> ColumnElement[Any]:
    if not schema.has("current_step"):
        return otherwise
    return sa.case(shares, value=schema.jobs.c.current_step, else_=otherwise)


def _progress(schema: ServiceSchema) -> ColumnElement[Any]:
    """The job's progress as 0-1; without one, nothing of a queued job and all of any other."""
    assumed = sa.case((schema.jobs.c.status == "queued", 0), else_=1)
    if not schema.has("progress"):
        return sa.cast(assumed, sa.Numeric())
    share = sa.cast(schema.jobs.c.progress, sa.Numeric()) / 100
    return sa.func.coalesce(sa.func.least(sa.func.greatest(share, 0), 1), assumed, type_=sa.Numeric())
