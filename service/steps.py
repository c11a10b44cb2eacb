"""The steps of a book, in order."""

from __future__ import annotations

from enum import StrEnum


class Step(StrEnum):
    """The steps that a worker runs; a job that waits is at "queued", a finished one at "done"."""

    NORMALIZE = "normalize"
    MODERATE_INPUT = "moderate_input"
    STORY = "generate_story"
    CHARACTER_SHEET = "generate_character_sheet"
    IMAGE_PROMPTS = "generate_image_prompts"
    IMAGES = "generate_images"
    MODERATE_OUTPUT = "moderate_output"
    PACKAGE = "package"


QUEUED = "queued"
DONE = "done"
FIRST = Step.NORMALIZE

# progress (0-100) that is shown from a step's start on
PROGRESS: dict[Step, int] = {
    Step.NORMALIZE: 2,
    Step.MODERATE_INPUT: 5,
    Step.STORY: 10,
    Step.CHARACTER_SHEET: 25,
    Step.IMAGE_PROMPTS: 35,
    Step.IMAGES: 45,
    Step.MODERATE_OUTPUT: 90,
    Step.PACKAGE: 95,
}


def known(name: str) -> Step:
    """The step of that name; the first one for "queued" and for the prose of older rows."""
    return Step(name) if name in set(Step) else FIRST


def from_step(start: Step) -> tuple[Step, ...]:
    """The steps still to run."""
    order = tuple(Step)
    return order[order.index(start) :]
