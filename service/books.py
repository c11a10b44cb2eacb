"""The simulated book: its text, and the quality checks on it."""

from __future__ import annotations

import random
import re

from service.moderation import FORBIDDEN_RESULTS, FORBIDDEN_WISHES
from service.providers import IMAGES_PER_BOOK

Check = tuple[str, float, bool, str]

PASS_SCORE = 0.85
SHORTEST_WORDS, LONGEST_WORDS = 120, 480
# share of different words among all words that counts as fully varied in a text this short
VARIED = 0.2

_PLACES = ("by the old lighthouse", "under the apple tree", "at the edge of the forest", "on the last bus home")
_FINDS = ("a tiny blue door", "a map drawn in chalk", "a sleepy hedgehog", "a kite without a string")
_DEEDS = (
    "asked very politely",
    "waited until the rain had gone",
    "shared the last biscuit",
    "counted slowly to ten",
)
_ENDS = ("and everybody laughed", "and the stars came out", "and nobody was alone", "and it was nearly bedtime")


def story(title: str, theme: str, seed: str) -> list[str]:
    """One sentence or two a page; the same seed tells the same story."""
    choose = random.Random(seed)  # noqa: S311
    return [
        f"On page {page} of {title}, {choose.choice(_PLACES)}, our friend found {choose.choice(_FINDS)},"
        f" {choose.choice(_DEEDS)}, thought of {theme}, {choose.choice(_ENDS)}."
        for page in range(1, IMAGES_PER_BOOK + 1)
    ]


def checks(pages: list[str], placeholders: int, seed: str) -> list[Check]:
    """The five checks of the contract, and placeholder_images: (check, score 0-1, passed, detail)."""
    words = re.findall(r"\w+", " ".join(pages).lower())
    return [
        _forbidden(words),
        _length(words),
        _repetition(pages),
        _diversity(words),
        _consistency(seed),
        _placeholders(placeholders),
    ]


def _check(name: str, score: float, detail: str) -> Check:
    rounded = round(min(1.0, max(0.0, score)), 3)
    return name, rounded, rounded >= PASS_SCORE, detail


def _forbidden(words: list[str]) -> Check:
    found = len((FORBIDDEN_RESULTS | FORBIDDEN_WISHES).intersection(words))
    return _check("forbidden_content", 0.0 if found else 1.0, f"{found} forbidden words")


def _length(words: list[str]) -> Check:
    count = len(words)
    score = min(count / SHORTEST_WORDS, 1.0, LONGEST_WORDS / max(count, 1))
    return _check("text_length", score, f"{count} words")


def _repetition(pages: list[str]) -> Check:
    tails = {page.partition(",")[2] for page in pages}
    return _check("repetition", len(tails) / max(len(pages), 1), f"{len(pages) - len(tails)} repeated pages")


def _diversity(words: list[str]) -> Check:
    share = len(set(words)) / max(len(words), 1)
    return _check("vocabulary_diversity", share / VARIED, f"{len(set(words))} different words")


def _consistency(seed: str) -> Check:
    score = random.Random(f"{seed}/character").triangular(0.7, 1.0, 0.97)  # noqa: S311
    return _check("character_consistency", score, "likeness of the main character across pages")


def _placeholders(placeholders: int) -> Check:
    score = 1 - placeholders / IMAGES_PER_BOOK
    return _check("placeholder_images", score, f"{placeholders} of {IMAGES_PER_BOOK} images are placeholders")
