"""What may come next while somebody writes a filter."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from queries.filter_words import Value, Word, quoted, words
from queries.job_filter import NONE
from queries.qualifiers import CREATED, DESCRIPTIONS, LISTS
from queries.schema import FINISHED, OPEN
from queries.steps import STEPS

KINDS = ("job", "series", "regen", "inpaint", "retell", "audio")
_AGO = ("1h", "3h", "24h", "3d", "7d")
_KNOWN: Mapping[str, tuple[str, ...]] = {
    "status": (*OPEN, *FINISHED),
    "error": (NONE,),
    "since": _AGO,
    "until": _AGO,
    "kind": KINDS,
    "step": STEPS,
    "attempts": ("1", ">=2", ">=3"),
    "cost": (">0", ">0.2", ">1"),
    CREATED: tuple(f">={ago}" for ago in _AGO),
}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """label is what it adds, text the whole filter after it was taken; description is "" for values."""

    label: str
    text: str
    description: str = ""


def suggestions(
    text: str, cursor: int | None, offered: Mapping[str, Sequence[str]], withheld: Collection[str] = ()
) -> tuple[Suggestion, ...]:
    """What fits the word at the cursor (None: at the end): names, or values of the name that it begins with.

    offered holds values by qualifier, such as the error codes seen, as they are meant in a filter; for the others
    the contract's are known. Where nothing begins with what was typed, all that could stand there. Names that are
    withheld, and their values, are not among them.
    """
    known = [name for name in DESCRIPTIONS if name not in withheld]
    at = len(text) if cursor is None else min(max(cursor, 0), len(text))
    word = next((word for word in words(text) if word.start < at <= word.end), Word("", (), at, at))
    if word.name.lower() in known:
        return tuple(_values(text, at, word, offered))
    return () if word.name.lower() in withheld else tuple(_names(text, at, word, known))


def _names(text: str, at: int, word: Word, known: Sequence[str]) -> Iterator[Suggestion]:
    """Those that begin with what was typed; for an unknown name those that are spelt like it, its values kept."""
    end = word.start + len(word.name) + 1 if word.name else at
    typed = (word.name or text[word.start : end]).lower()
    starting = [name for name in known if name.startswith(typed)]
    for name in starting or get_close_matches(typed, known) or known:
        # A bare word that is no name's beginning is searched for, and stays.
        start = word.start if starting or word.name else at
        before = text[:start] if starting or word.name or start == word.start else f"{text[:start]} "
        yield Suggestion(f"{name}:", f"{before}{name}:{text[end:]}", DESCRIPTIONS[name])


def _values(text: str, at: int, word: Word, offered: Mapping[str, Sequence[str]]) -> Iterator[Suggestion]:
    name = word.name.lower()
    value = next((one for one in word.values if one.start <= at <= one.end), Value("", at, at))
    known = dict.fromkeys((*offered.get(name, ()), *_KNOWN.get(name, ())))
    taken = {one.text for one in word.values if name in LISTS and one is not value}
    free = [one for one in known if one not in taken]
    typed = value.text.casefold()
    starting = [one for one in free if one.casefold().startswith(typed)]
    for one in starting or free:
        yield Suggestion(one, f"{text[: value.start]}{quoted(one)}{text[value.end :]}")
