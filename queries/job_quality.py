"""Whether a book is good, by its quality checks. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from queries.job_models import Check

# The contract's.
PASS_MEAN = Decimal("0.85")
PLACEHOLDERS = "placeholder_images"


def mean(checks: Sequence[Check]) -> Decimal | None:
    """The mean score (0-1) of the checks that have one; None where none has."""
    scores = [check.score for check in checks if check.score is not None]
    return sum(scores, Decimal(0)) / len(scores) if scores else None


def has_placeholders(checks: Sequence[Check]) -> bool:
    """Whether any image of the book could not be had."""
    return any(check.name == PLACEHOLDERS and check.score is not None and check.score < 1 for check in checks)
