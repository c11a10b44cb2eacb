"""How attempts at a book end, how often, and in which step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo.incidents import FAILING_JOBS, Course, Outage
from demo.rhythm import Flags, Floats, Integers
from service.providers import NEEDED, Mode
from service.steps import Step

STEPS = tuple(Step)
# Beyond the last step: the attempt made a book.
FINISHED = len(STEPS)


@dataclass(frozen=True)
class Ending:
    """status and error_code as in the jobs table; a lost attempt ends silently, with its worker."""

    status: str
    code: str | None = None
    share: float = 0.0
    step: Step | None = None
    lost: bool = False

    @property
    def step_index(self) -> int:
        return FINISHED if self.step is None else STEPS.index(self.step)

    @property
    def label(self) -> tuple[str, str]:
        """As the finished counter's labels tell it."""
        return self.status, self.code or ""


# The shares are those of a first attempt on a day without trouble; what is left is done.
ENDINGS = (
    Ending("done"),
    Ending("failed", "SAFETY_INPUT", 0.013, Step.MODERATE_INPUT),
    Ending("failed", "SAFETY_OUTPUT", 0.007, Step.MODERATE_OUTPUT),
    Ending("failed", "LLM_JSON_INVALID", 0.009, Step.STORY),
    Ending("failed", "LLM_TIMEOUT", 0.009, Step.IMAGE_PROMPTS),
    Ending("failed", "IMAGE_FAILED", 0.014, Step.IMAGES),
    Ending("failed", "IMAGE_TIMEOUT", 0.009, Step.IMAGES),
    # Not seen before the newest release.
    Ending("failed", "IMAGE_RATE_LIMIT", 0, Step.IMAGES),
    Ending("failed", "STORAGE_UPLOAD_FAILED", 0.003, Step.PACKAGE),
    Ending("failed", "DB_WRITE_FAILED", 0.0025, Step.PACKAGE),
    Ending("failed", "QUEUE_FAILED", 0.0006, Step.NORMALIZE),
    Ending("failed", "MANUAL_RECOVERY", 0.0004, Step.IMAGES),
    Ending("failed", "UNKNOWN", 0.004, Step.CHARACTER_SHEET),
    Ending("failed", None, 0.002, Step.STORY),
    Ending("cancelled", None, 0.004, Step.IMAGES),
    Ending("running", None, 0.003, Step.IMAGES, lost=True),
    # Written by the job monitor alone, for attempts that were lost.
    Ending("failed", "SLA_BREACH"),
    Ending("failed", "STUCK_RUNNING"),
)
DONE = 0
CANCELLED = next(index for index, ending in enumerate(ENDINGS) if ending.status == "cancelled")
LOST = next(index for index, ending in enumerate(ENDINGS) if ending.lost)
BY_CODE = {ending.code: index for index, ending in enumerate(ENDINGS) if ending.status == "failed"}
BROKEN = (BY_CODE["IMAGE_TIMEOUT"], BY_CODE["IMAGE_RATE_LIMIT"])
REFUSED = (BY_CODE["SAFETY_INPUT"], BY_CODE["SAFETY_OUTPUT"])
IMAGES_FAILED = tuple(index for code, index in BY_CODE.items() if code and code.startswith("IMAGE_"))
STEP_OF_ENDING: Integers = np.array([ending.step_index for ending in ENDINGS])


def draw(random: np.random.Generator, course: Course, starts: Floats, first: Integers, broken: Flags) -> Integers:
    """An index into ENDINGS for each attempt, whose steps start at starts[attempt, step], the first at first.

    The broken ones fail in their images, unless they fail before.
    """
    bounds = np.cumsum([ending.share for ending in ENDINGS[1:]])
    drawn = np.searchsorted(bounds, random.random(len(starts)), side="right") + 1
    ending = np.where(drawn < len(ENDINGS) - 2, drawn, DONE)
    ending[(STEP_OF_ENDING[ending] < first) | ((first > 0) & np.isin(ending, (*REFUSED, LOST)))] = DONE
    for outage in course.outages:
        _suffer(random, outage, starts, first, ending)
    hit = broken & (STEP_OF_ENDING[ending] >= STEPS.index(Step.IMAGES))
    ending[hit] = random.choice(BROKEN, int(hit.sum()))
    return ending


def _suffer(
    random: np.random.Generator, outage: Outage, starts: Floats, first: Integers, ending: Integers
) -> None:
    """Let the attempts that need the failing provider fail there, unless they ended before."""
    codes = outage.provider.codes
    chosen = {Mode.DOWN: (codes.failed,), Mode.HANGING: (codes.timeout,)}.get(
        outage.mode, (codes.failed, codes.garbage)
    )
    step = max(STEPS.index(step) for step, provider in NEEDED.items() if provider is outage.provider)
    hit = outage.holds(starts[:, step]) & (first <= step) & (STEP_OF_ENDING[ending] >= step)
    hit &= random.random(len(starts)) < FAILING_JOBS
    ending[hit] = random.choice([BY_CODE[code] for code in chosen], int(hit.sum()))
