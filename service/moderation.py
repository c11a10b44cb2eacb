"""Simulated moderation: decides by words, so that a title always gets the same answer."""

from __future__ import annotations

import re
from typing import Any

# a wish that holds one of these is refused before anything is made (SAFETY_INPUT)
FORBIDDEN_WISHES = frozenset({"blood", "drugs", "gun", "kill", "murder", "naked", "suicide", "weapon"})
# these pass as a wish, but what is made of them is refused (SAFETY_OUTPUT)
FORBIDDEN_RESULTS = frozenset({"battlefield", "casino", "horror", "nightmare"})


def verdict(text: str, forbidden: frozenset[str]) -> dict[str, Any]:
    """flagged, the words that caused it and how many words were read; never the text itself."""
    words = re.findall(r"\w+", text.lower())
    found = sorted(forbidden.intersection(words))
    return {
        "flagged": bool(found),
        "categories": ["forbidden_content"] if found else [],
        "words": found,
        "read": len(words),
    }
