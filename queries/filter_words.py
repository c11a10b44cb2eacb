"""The words of a filter's text and where they stand: bare ones, and names with the values after the colon."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from queries.filter_errors import UnclosedQuote

_QUOTED = r'"(?:\\.|[^"\\])*(?:"|\\?\Z)'
_WORD = re.compile(rf'(?:{_QUOTED}|[^\s"])+', re.DOTALL)
_VALUE = re.compile(rf'(?:{_QUOTED}|[^\s",])*', re.DOTALL)
_PART = re.compile(rf'({_QUOTED})|[^"]+', re.DOTALL)
_NAME = re.compile(r"([A-Za-z_]{1,20}):")
_ESCAPED = re.compile(r'\\(?:(["\\])|u\{([0-9a-f]{1,6})\})')
_PLAIN = re.compile(r'[^\s",]+')
_LAST_SIGN = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)


@dataclass(frozen=True, slots=True)
class Value:
    """A value as it is meant, and where it is written; raw where it is written just so."""

    text: str
    start: int
    end: int

    @property
    def raw(self) -> bool:
        return len(self.text) == self.end - self.start

    def part(self, start: int, end: int) -> Value:
        """These characters of it; written where the whole value is unless it is raw."""
        if not self.raw:
            return Value(self.text[start:end], self.start, self.end)
        return Value(self.text[start:end], self.start + start, self.start + end)


@dataclass(frozen=True, slots=True)
class Word:
    """name is "" for a bare word, which is one value, commas included. values may be empty texts."""

    name: str
    values: tuple[Value, ...]
    start: int
    end: int


def words(text: str) -> Iterator[Word]:
    """In their order. A quotation mark that is never closed quotes all the rest; see check_quotes()."""
    for found in _WORD.finditer(text):
        start, end = found.span()
        if name := _NAME.match(text, start, end):
            yield Word(name[1], tuple(_values(text, name.end(), end)), start, end)
        else:
            yield Word("", (Value(_meant(found.group()), start, end),), start, end)


def check_quotes(text: str) -> None:
    """Raises UnclosedQuote."""
    for word in _WORD.finditer(text):
        for part in _PART.finditer(word.group()):
            if part[1] is not None and not _closed(part[1]):
                at = word.start() + part.start()
                raise UnclosedQuote(at, len(text) - at)


def quoted(value: str) -> str:
    """The value as words() reads it, in quotation marks only where it needs them."""
    if _PLAIN.fullmatch(value) and value.isprintable():
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{"".join(_printable(sign) for sign in escaped)}"'


def _values(text: str, start: int, end: int) -> Iterator[Value]:
    """Those that commas part."""
    while found := _VALUE.match(text, start, end):
        yield Value(_meant(found.group()), *found.span())
        if found.end() == end:
            return
        start = found.end() + 1


def _meant(written: str) -> str:
    return "".join(_unquoted(part[1]) if part[1] else part.group() for part in _PART.finditer(written))


def _unquoted(part: str) -> str:
    return _ESCAPED.sub(_unescaped, part[1:-1] if _closed(part) else part[1:])


def _closed(part: str) -> bool:
    """Whether the last character is a quotation mark that no backslash takes away."""
    inner = part[1:-1]
    return len(part) > 1 and part.endswith('"') and (len(inner) - len(inner.rstrip("\\"))) % 2 == 0


def _unescaped(found: re.Match[str]) -> str:
    if found[1]:
        return found[1]
    sign = int(found[2], 16)
    return found.group() if sign in _SURROGATES or not 0 < sign <= _LAST_SIGN else chr(sign)


def _printable(sign: str) -> str:
    """An address holds printable characters only."""
    return sign if sign.isprintable() else f"\\u{{{ord(sign):x}}}"
