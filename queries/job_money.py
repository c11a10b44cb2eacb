"""Which part of a job's money bought nothing. Pure.

A failed call that was charged bought nothing. A call that succeeded bought nothing if a later attempt began again
before it, or bought the same once more; images are kept from attempt to attempt, as long as none began before
their step. And where no book came out of it (failed, cancelled), nothing was worth its money.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import groupby

from queries import steps
from queries.job_models import Calls, CallSum

FRUITLESS = ("failed", "cancelled")


def sums(calls: Sequence[Calls], status: str) -> tuple[CallSum, ...]:
    """The calls by attempt, step and provider, in their order; status is the job's."""
    parts = [(_key(one), one) for one in calls]
    order = {key: place for place, (key, _) in reversed(list(enumerate(parts)))}
    parts.sort(key=lambda part: order[part[0]])
    return tuple(
        _sum([one for _, one in own], [one for one in calls if one.attempt > key[0]], status)
        for key, own in groupby(parts, key=lambda part: part[0])
    )


def _key(one: Calls) -> tuple[int, str, str, str]:
    return one.attempt, one.step, one.provider, one.kind


def _sum(own: Sequence[Calls], later: Sequence[Calls], status: str) -> CallSum:
    first = own[0]
    return CallSum(
        *_key(first),
        number=sum(one.number for one in own),
        failed=sum(one.number for one in own if not one.succeeded),
        unpriced=sum(one.unpriced for one in own),
        usd=_usd(own),
        wasted=_usd(one for one in own if not one.succeeded or status in FRUITLESS or _replaced(one, later)),
    )


def _replaced(one: Calls, later: Sequence[Calls]) -> bool:
    """Whether a later attempt did without what this bought."""
    place = steps.position(one.step)
    if place is not None and any(before < place for before in map(_position, later)):
        return True
    return one.kind != "image" and any(
        (again.step, again.kind, again.succeeded) == (one.step, one.kind, True) for again in later
    )


def _position(one: Calls) -> int:
    """What is no step of the contract begins nothing again."""
    place = steps.position(one.step)
    return len(steps.STEPS) if place is None else place


def _usd(calls: Iterable[Calls]) -> Decimal:
    return sum((one.usd for one in calls), Decimal(0))
