"""The price list as an operator writes it down when it changes: dated, and only what is new."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PositiveInt
from pydantic_settings import NoDecode

from dashboard.setting_types import Money, Unfit
from queries.models import PriceList
from queries.price_history import PriceHistory, PricesFrom

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def _day(value: object) -> date:
    """A date of TOML, or its text; nothing else that might be read as one, such as seconds since 1970."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        if isinstance(value, str) and _DATE.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise Unfit("is not a day: write it as 2026-09-01")


def _list(value: object) -> object:
    """Of the environment's JSON; what the file holds is a list already."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value, parse_float=str)
    except json.JSONDecodeError as error:
        raise Unfit(
            f"is not JSON (line {error.lineno}, column {error.colno}): "
            'write [{"since": "2026-09-01", "per_image": 0.05}]'
        ) from error


class PriceVersion(BaseModel):
    """What holds from a day of the service's zone on; what is left out stays as it was before."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    since: Annotated[date, BeforeValidator(_day)]
    per_llm_call: Money | None = None
    per_image: Money | None = None
    images_per_book: PositiveInt | None = None
    llm_calls_per_book: PositiveInt | None = None
    tts_per_book: Money | None = None

    @property
    def changed(self) -> dict[str, Any]:
        """The fields of a PriceList that this version sets."""
        return self.model_dump(exclude={"since"}, exclude_none=True)


def _in_order(versions: tuple[PriceVersion, ...]) -> tuple[PriceVersion, ...]:
    """Oldest first. Each begins on a day of its own, and changes something."""
    days = [one.since for one in versions]
    for place, one in enumerate(versions, start=1):
        if one.since in days[: place - 1]:
            raise Unfit(f"has two versions since {one.since}: join them into one")
        if not one.changed:
            raise Unfit(f"has a version since {one.since} without a price: write what is new from that day on")
    return tuple(sorted(versions, key=lambda one: one.since))


PriceVersions = Annotated[
    tuple[PriceVersion, ...],
    NoDecode,
    BeforeValidator(_list),
    AfterValidator(_in_order),
    Field(
        description="The five above as they changed, each time from a day of the service's zone on. In the file a "
        "table `[[ops.price_versions]]` each time: `since = 2026-09-01` and what is new of `per_llm_call`, "
        "`per_image`, `images_per_book`, `llm_calls_per_book`, `tts_per_book`; in the environment a list of such "
        "objects as JSON."
    ),
]


def history(first: PriceList, versions: Iterable[PriceVersion], zone: str) -> PriceHistory:
    """first and what it became, by days of zone (IANA name). versions are oldest first."""
    told = [PricesFrom(None, first)]
    for one in versions:
        told.append(PricesFrom(one.since, replace(told[-1].prices, **one.changed)))
    return PriceHistory(tuple(told), zone)
