"""What a fresh demo begins with: a worker died with three books in hand, and the job monitor before it."""

from __future__ import annotations

import numpy as np

from demo.books import NEVER, Attempts
from demo.endings import FINISHED, LOST
from demo.incidents import Course
from demo.prices import SECONDS_OF_STEP, SPEED, STEPS
from service.steps import Step

WAITED = 1.2
# For each book: seconds at full speed from its creation to the worker's death, the step it was in, its images.
LEFT = ((36.0, Step.IMAGES, 6), (13.0, Step.IMAGE_PROMPTS, 0), (5.5, Step.STORY, 0))
BOOKS = len(LEFT)


def created(course: Course) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """When the books that were left were asked for."""
    return course.worker_died - np.array([before for before, _, _ in LEFT]) / SPEED


def opening(course: Course, first_job: int) -> Attempts:
    """The attempts at these books: lost, and found by nobody; their jobs are numbered from first_job on."""
    asked = created(course)
    begun = asked + WAITED
    last = np.array([STEPS.index(step) for _, step, _ in LEFT])
    starts = begun[:, None] + np.cumsum(SECONDS_OF_STEP) - SECONDS_OF_STEP
    none = np.zeros(BOOKS, np.int64)
    return Attempts(
        job=np.arange(first_job, first_job + BOOKS),
        number=none + 1,
        asked=asked,
        begun=begun,
        first=none,
        last=last,
        ending=none + LOST,
        starts=np.broadcast_to(starts, (BOOKS, FINISHED)),
        stops=np.minimum(starts + SECONDS_OF_STEP, course.worker_died),
        ended=np.full(BOOKS, course.worker_died),
        closed=np.full(BOOKS, NEVER),
        had=none,
        got=np.array([images for _, _, images in LEFT]),
        placeholders=none,
        by_monitor=none > 0,
    )
