"""The stable keys of current_step, in the order in which a book goes through them."""

from __future__ import annotations

from typing import Final

QUEUED: Final = "queued"
IMAGES: Final = "generate_images"
STEPS: Final = (
    QUEUED,
    "normalize",
    "moderate_input",
    "generate_story",
    "generate_character_sheet",
    "generate_image_prompts",
    IMAGES,
    "moderate_output",
    "package",
    "done",
)


def known(step: str | None) -> bool:
    """Whether step is a stable key; older rows hold free prose in any language."""
    return step in STEPS


def position(step: str | None) -> int | None:
    """0 for queued, rising; None for prose."""
    return STEPS.index(step) if step in STEPS else None


def remaining(step: str | None) -> tuple[str, ...] | None:
    """What is still to run when a job goes on from step, step included; None for prose."""
    at = position(step)
    return None if at is None else STEPS[at:]
