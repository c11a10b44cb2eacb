"""The filter of the Jobs page as one line of text: status:failed error:IMAGE_* since:2h "timed out"."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import tzinfo
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from queries.aliases import DIGITS
from queries.filter_errors import (
    BadCharacter,
    BadCount,
    BadMoment,
    BadNumber,
    BadUser,
    EmptyValue,
    FilterError,
    MisspeltQualifier,
    Repeated,
    TooLong,
    UnknownQualifier,
    Withheld,
)
from queries.filter_suggestions import Suggestion, suggestions
from queries.filter_words import Value, Word, check_quotes, quoted, words
from queries.job_filter import WILDCARD, Comparison, JobFilter, Moment, Operator
from queries.moments import parse_day, parse_moment, printed_moment
from queries.qualifiers import DESCRIPTIONS, LIMITS, LISTS, NUMBERS

__all__ = ["FilterError", "Suggestion", "parse", "printed", "suggestions"]

# Longer than anybody types, and short enough for an address whatever has to be escaped in it.
TEXT_LIMIT = 1_000
RANGE = ".."
# Those of two characters first: one begins as another.
OPERATORS: tuple[Operator, ...] = ("<=", ">=", "<", ">", "=")

_NOWHERE = re.compile("[\0\ud800-\udfff]")
_ALIAS = re.compile(rf"user-[0-9a-f]{{{DIGITS}}}")
_ID = re.compile(r"[a-z]+_[0-9]{8}_[0-9]{6}_[0-9a-f]{8}")
_ID_START = re.compile(r"[a-z]+_(?:[0-9]{4,8}|[0-9]{8}_(?:[0-9]{0,6}|[0-9]{6}_[0-9a-f]{0,8}))")
_COUNT = re.compile(r"[0-9]{1,9}")
_USD = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,15})?")


def parse(text: str, zone: tzinfo, withheld: Collection[str] = ()) -> JobFilter:
    """The filter that the text means; bare words are a job's id or its beginning, an alias, else error text.

    Days and times are the zone's; withheld names may not be searched by. Raises FilterError, which says where.
    """
    _check(text)
    found: dict[str, Any] = {}
    phrase = False
    for word in words(text):
        if word.name:
            if word.name.lower() in withheld:
                raise Withheld(word.start, word.end - word.start, name=word.name)
            _read(word, zone, found)
            phrase = False
        else:
            phrase = _read_bare(word, found, phrase=phrase)
    fields: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in found.items()
    }
    return JobFilter(**fields)


def printed(filter: JobFilter, zone: tzinfo) -> str:
    """The one text of this filter: parse() of it gives the filter again, in the same zone."""
    parts = [
        f"{name}:{_joined(getattr(filter, field))}" for name, field in LISTS.items() if getattr(filter, field)
    ]
    moments = {
        "since:": filter.since,
        "until:": filter.until,
        "created:>=": filter.created_since,
        "created:<": filter.created_until,
    }
    parts += [f"{name}{printed_moment(moment, zone)}" for name, moment in moments.items() if moment is not None]
    for name, field in NUMBERS.items():
        parts += [f"{name}:{_printed_comparison(one)}" for one in getattr(filter, field)]
    return " ".join(parts)


def _check(text: str) -> None:
    if len(text) > TEXT_LIMIT:
        raise TooLong(TEXT_LIMIT, len(text) - TEXT_LIMIT, limit=TEXT_LIMIT)
    if nowhere := _NOWHERE.search(text):
        raise BadCharacter(nowhere.start(), 1)
    check_quotes(text)


def _read(word: Word, zone: tzinfo, found: dict[str, Any]) -> None:
    """A name and its values."""
    name = word.name.lower()
    if name not in DESCRIPTIONS:
        raise _unknown(word)
    for value in word.values:
        if not value.text:
            raise _empty(word, value)
        if name in LISTS:
            found.setdefault(LISTS[name], []).append(_listed(name, value))
        elif name in NUMBERS:
            found.setdefault(NUMBERS[name], []).append(_comparison(name, value))
        else:
            _limit(word, found, _limits(name, value, zone))


def _unknown(word: Word) -> FilterError:
    similar = get_close_matches(word.name.lower(), DESCRIPTIONS, n=1)
    if similar:
        return MisspeltQualifier(word.start, len(word.name), name=word.name, suggestion=similar[0])
    return UnknownQualifier(word.start, len(word.name), name=word.name)


def _empty(word: Word, value: Value) -> FilterError:
    """At the name where it has no value at all, else at the empty quotation marks or the comma."""
    if word.end == word.start + len(word.name) + 1:
        return EmptyValue(word.start, word.end - word.start)
    if value.end > value.start:
        return EmptyValue(value.start, value.end - value.start)
    return EmptyValue(value.start if value.start < word.end else value.start - 1, 1)


def _listed(name: str, value: Value) -> str:
    # What is written here may be a key, a user's only credential: the error does not repeat it.
    if name == "user" and not _ALIAS.fullmatch(value.text):
        raise BadUser(value.start, value.end - value.start, digits=DIGITS)
    return value.text


def _read_bare(word: Word, found: dict[str, Any], *, phrase: bool) -> bool:
    """Whether it is a word of a phrase: such words, one after the other, are one text."""
    value = word.values[0]
    if not value.text:
        raise EmptyValue(word.start, word.end - word.start)
    if value.raw and _ALIAS.fullmatch(value.text):
        found.setdefault("users", []).append(value.text)
    elif value.raw and (job_id := _bare_id(value.text)):
        found.setdefault("ids", []).append(job_id)
    else:
        texts: list[str] = found.setdefault("texts", [])
        texts.append(f"{texts.pop()} {value.text}" if phrase and value.raw else value.text)
        return value.raw
    return False


def _bare_id(text: str) -> str | None:
    """A whole id as it is, the beginning of one with a wildcard."""
    if _ID.fullmatch(text):
        return text
    start = text.removesuffix(WILDCARD)
    return f"{start}{WILDCARD}" if _ID_START.fullmatch(start) else None


def _comparison(name: str, value: Value) -> Comparison:
    operator, number = _split(value)
    pattern, error = (_COUNT, BadCount) if name == "attempts" else (_USD, BadNumber)
    if not pattern.fullmatch(number.text):
        raise error(number.start, number.end - number.start)
    return Comparison(operator or "=", Decimal(number.text))


def _split(value: Value) -> tuple[Operator | None, Value]:
    """The operator that the value begins with, and what follows; all of the value where nothing does."""
    operator = next((one for one in OPERATORS if value.text.startswith(one)), None)
    rest = value.part(len(operator or ""), len(value.text))
    return operator, rest if rest.text else Value("", value.start, value.end)


def _limit(word: Word, found: dict[str, Any], limits: Mapping[str, Moment]) -> None:
    if limits.keys() & found.keys():
        raise Repeated(word.start, word.end - word.start)
    found.update(limits)


def _limits(name: str, value: Value, zone: tzinfo) -> dict[str, Moment]:
    """The fields that the value sets."""
    if name in LIMITS:
        return {LIMITS[name]: _moment(value, zone)}
    if RANGE in value.text and value.text != RANGE:
        middle = value.text.index(RANGE)
        first, last = value.part(0, middle), value.part(middle + len(RANGE), len(value.text))
        since = _created(">=", first, zone) if first.text else {}
        return {**since, **(_created("<=", last, zone) if last.text else {})}
    operator, moment = _split(value)
    return _created(operator or "=", moment, zone)


def _created(operator: Operator, value: Value, zone: tzinfo) -> dict[str, Moment]:
    """A day lasts until midnight: what follows it begins after it. Any other moment has no length."""
    day = parse_day(value.text, zone)
    first, after = day or (_moment(value, zone),) * 2
    match operator:
        case ">=" | ">":
            return {"created_since": after if operator == ">" else first}
        case "<=" | "<":
            return {"created_until": after if operator == "<=" else first}
        case "=":
            return {"created_since": first, "created_until": after} if day else {"created_since": first}


def _moment(value: Value, zone: tzinfo) -> Moment:
    if (moment := parse_moment(value.text, zone)) is None:
        raise BadMoment(value.start, value.end - value.start)
    return moment


def _joined(values: Iterable[str]) -> str:
    return ",".join(quoted(value) for value in values)


def _printed_comparison(comparison: Comparison) -> str:
    number = f"{comparison.value:f}"
    number = number.rstrip("0").rstrip(".") if "." in number else number
    return f"{'' if comparison.operator == '=' else comparison.operator}{number}"
