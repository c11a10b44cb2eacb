"""The same kind has the same colour on every chart; red and amber mean that something is wrong."""

from __future__ import annotations

from dashboard.components.charts import BLUE, GREEN, PURPLE

KINDS = {"llm": BLUE, "image": PURPLE, "tts": GREEN, "storage": "#7FC8B4"}
ALL = (BLUE, PURPLE, GREEN, "#8FB3F5", "#B79AD6", "#7FC8B4")
