"""What a chart holds, as the browser gets it."""

from __future__ import annotations

import base64
from math import isnan
from typing import Any

import numpy as np


def values(array: Any) -> list[Any]:
    """The numbers of a trace; None for a hole."""
    if isinstance(array, dict):
        array = np.frombuffer(base64.b64decode(array["bdata"]), dtype=array["dtype"]).tolist()
    return [None if value is None or isnan(value) else value for value in array]
