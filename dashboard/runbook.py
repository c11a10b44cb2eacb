"""The runbook that ships with the console: docs/operating.md, by its sections."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from dashboard.settings import ROOT

DOCUMENT = ROOT / "docs" / "operating.md"
_HEADING = re.compile(r"^(#{1,6}) +(.+?) *$")
_FENCE = re.compile(r"^\s*(```|~~~)")
# A link within the document leads nowhere on a page; its words stay.
_LOCAL_LINK = re.compile(r"\[([^\]]+)\]\((?!https?://)[^)]*\)")


def section(reference: str) -> str | None:
    """The text under a heading as markdown, without the heading; None where there is no such section.

    reference is an anchor as GitHub makes them, with or without the document's name: operating.md#stuckjobs.
    """
    return _sections(DOCUMENT).get(reference.rpartition("#")[2])


@cache
def _sections(document: Path) -> dict[str, str]:
    """The first section of each anchor, down to the next heading of its level or above."""
    if not document.is_file():
        return {}
    lines = document.read_text(encoding="utf-8").splitlines()
    headings = _headings(lines)
    found: dict[str, str] = {}
    for place, (line, level, anchor) in enumerate(headings):
        ends = (other for other, depth, _ in headings[place + 1 :] if depth <= level)
        body = "\n".join(lines[line + 1 : next(ends, len(lines))]).strip()
        found.setdefault(anchor, _LOCAL_LINK.sub(r"\1", body))
    return found


def _headings(lines: list[str]) -> list[tuple[int, int, str]]:
    """Line, level and anchor of each; a # within a code block is none."""
    found, code = [], False
    for number, line in enumerate(lines):
        if _FENCE.match(line):
            code = not code
        elif not code and (heading := _HEADING.match(line)):
            found.append((number, len(heading[1]), _anchor(heading[2])))
    return found


def _anchor(title: str) -> str:
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
