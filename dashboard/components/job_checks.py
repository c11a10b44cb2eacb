"""Whether the book is good, and what moderation said of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from dashboard.components import tables
from dashboard.components.formatting import NOTHING, percent
from dashboard.components.verdicts import MARKS, State
from dashboard.i18n import t, tn
from queries import job_quality
from queries.job_models import Check, Moderation


def quality(checks: Sequence[Check] | None) -> None:
    """The mean against the bar in words, then each check."""
    if checks is None:
        _quiet(t("Not offered by this service: it keeps no quality checks."), mark=MARKS[State.NOT_OFFERED])
        return
    if not checks:
        _quiet(t("No quality check of this job: only a finished book is checked."))
        return
    st.markdown(_headline(checks))
    text = st.column_config.TextColumn
    columns = {
        "check": text(t("Check"), width=180),
        "score": text(t("Score"), width=70, alignment="right"),
        "passed": text(t("Outcome"), width=80),
        "detail": text(t("Detail"), width=280),
    }
    tables.table([_row(check) for check in checks], columns, alt=t("Quality checks with their scores"))


def moderation(found: Moderation | None) -> None:
    """What moderation said of the wish and of the book."""
    if found is None:
        _quiet(t("Not offered by this service: it keeps no moderation."), mark=MARKS[State.NOT_OFFERED])
        return
    if found.input is None and found.output is None:
        _quiet(t("Nothing was moderated yet."))
        return
    rows = [*_lines(t("of the wish"), found.input), *_lines(t("of the book"), found.output)]
    text = st.column_config.TextColumn
    columns = {
        "of": text(t("Moderation"), width=110),
        "key": text(t("Field"), width=120),
        "value": text(t("Value"), width=280),
    }
    tables.table(rows, columns, alt=t("What moderation said"))


def _quiet(words: str, *, mark: str = "") -> None:
    st.markdown(f"{mark} :gray[{words}]")


def _headline(checks: Sequence[Check]) -> str:
    mean = job_quality.mean(checks)
    if mean is None:
        return t("No check has a score.")
    failed = sum(check.passed is False for check in checks)
    passes = mean >= job_quality.PASS_MEAN
    mark = "" if passes else f"{MARKS[State.WARNING]} "
    told = t(
        "**{mean}** on average, of the {bar} that a book needs",
        mean=percent(float(mean)), bar=percent(float(job_quality.PASS_MEAN)),
    )  # fmt: skip
    short = tn("{n} check below it", "{n} checks below it", failed) if failed else t("each check passed")
    return f"{mark}{told} · {short}"


def _row(check: Check) -> dict[str, Any]:
    words = {True: t("passed"), False: t("not passed"), None: t("not told")}
    return {
        "check": check.name,
        "score": percent(None if check.score is None else float(check.score)),
        "passed": words[check.passed],
        "detail": check.detail,
    }


def _lines(of: str, document: Mapping[str, str] | None) -> list[dict[str, str]]:
    if document is None:
        return []
    return [{"of": of, "key": key, "value": value or NOTHING} for key, value in document.items()]
