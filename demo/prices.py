"""What a book takes and costs, step by step: the reference service's own orders and prices, as arrays."""

from __future__ import annotations

import numpy as np

from demo.rhythm import Floats, Integers
from service.providers import (
    ALL,
    CHARACTER_SHEET,
    IMAGE,
    IMAGE_PROMPTS,
    IMAGES_PER_BOOK,
    MODERATION,
    STORY,
    UPLOAD,
    Order,
)
from service.steps import Step

STEPS = tuple(Step)
IMAGES_STEP = STEPS.index(Step.IMAGES)
NANO = 10**9
# The service's setting: at its full speed, books would hardly ever wait.
SPEED = 0.6
# Seconds of a step that calls nobody.
SILENT_SECONDS = 0.3

_CALLS: dict[Step, tuple[Order, int]] = {
    Step.MODERATE_INPUT: (MODERATION, 1),
    Step.STORY: (STORY, 1),
    Step.CHARACTER_SHEET: (CHARACTER_SHEET, 1),
    Step.IMAGE_PROMPTS: (IMAGE_PROMPTS, 1),
    Step.IMAGES: (IMAGE, IMAGES_PER_BOOK),
    Step.MODERATE_OUTPUT: (MODERATION, 1),
    Step.PACKAGE: (UPLOAD, 1),
}
_ORDERS = tuple(_CALLS.get(step) for step in STEPS)

CALLS_OF_STEP: Integers = np.array([order[1] if order else 0 for order in _ORDERS])
UNITS_OF_STEP: Floats = np.array([order[0].units if order else 0.0 for order in _ORDERS])
PROVIDER_OF_STEP: Integers = np.array([ALL.index(order[0].provider) if order else 0 for order in _ORDERS])
SECONDS_OF_STEP: Floats = (
    np.array([order[0].seconds * order[1] if order else SILENT_SECONDS for order in _ORDERS]) / SPEED
)
NANO_PER_UNIT: Integers = np.array([int(provider.unit_price * NANO) for provider in ALL])
