"""Texts and answers that mean harm, or that nobody thought of, and how many of them a test tries.

The suite tries a few of each. For a long run: FUZZ_TIMES=50 pytest tests/fuzz (each property fifty times as often;
FUZZ_SEED=… for other examples than the last run's).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st

TIMES = int(os.environ.get("FUZZ_TIMES", "1"))
# What nobody may see: the mark of a script that ran, and of an element that foreign text made.
HIT = "__hit"
FOREIGN = "zq"
HOST = "zq.invalid"

SCRIPTS = (
    f"<script>window.{HIT}=1</script>",
    f"<img src=x class={FOREIGN} onerror='window.{HIT}=1'>",
    f"<svg class={FOREIGN} onload=window.{HIT}=1>",
    f'"><iframe class={FOREIGN} srcdoc="<script>parent.{HIT}=1</script>">',
    f"<a class={FOREIGN} href=javascript:window.{HIT}=1>x</a>",
    f"' onmouseover='window.{HIT}=1' x='",
    f"javascript:window.{HIT}=1",
    "</script><!--",
    "{{7*7}} ${7*7} <%= 7*7 %>",
)
MARKDOWN = (
    f"![{FOREIGN}](http://{HOST}/x.png)",
    f"[{FOREIGN}](javascript:window.{HIT}=1)",
    f"**{FOREIGN}** _{FOREIGN}_ ~~{FOREIGN}~~ `{FOREIGN}`",
    f"\n# {FOREIGN}\n\n- {FOREIGN}\n1. {FOREIGN}\n> {FOREIGN}\n\n---\n",
    f"\n\n| {FOREIGN} | b |\n|--|--|\n| c | d |\n",
    f"\n```\n{FOREIGN}\n```\n",
    f"http://{HOST}/a?b=c#d www.{HOST} a@{HOST}",
    "&lt;b&gt; &#60;i&#62; &amp;amp; &#x202e;",
    f":red[{FOREIGN}] :blue-background[{FOREIGN}] :small[{FOREIGN}] :green-badge[{FOREIGN}]",
    ":material/skull: :material_skull: :streamlit: :smile: :+1:",
    f"${FOREIGN}^2$ $${FOREIGN}$$ \\({FOREIGN}\\)",
    "a -> b <-> c <- d -- e >= f <= g ~= h",
    f"<b>{FOREIGN}</b><br><a href='http://{HOST}'>{FOREIGN}</a>",
    "[^1] ==x== ]( )[ ** __ `` ~~ $$ ::: :x[",
)
LETTERS = (
    "\u202egnp.exe\u202c \u2066x\u2069 \u200f\u200e\u061c",
    "a\u200bb\u200cc\u200dd\ufeffe\u2060f",
    "z" + "\u0301\u0323\u0489" * 40,
    "W" * 300,
    "가" * 100,
    "👩‍👩‍👧‍👦🏳️‍🌈🇰🇷" * 10,
    "ﷺ﷽𒐫𝕏İıßẞ",
    "\u2028line\u2029paragraph\u0085next",
    "שלום عليكم",
    " \t\r\n\v\f ",
)
FRAGMENTS = (
    "'; drop table jobs; --",
    "' or 1=1 --",
    "%' or '1'='1",
    "$1 :name %s %(x)s {n} {0} {self.__class__} {} %n %%",
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "../../../../etc/passwd",
    "..\\..\\windows\\win.ini",
    "file:///etc/passwd",
    "%00%0d%0aSet-Cookie:x=1",
    "9" * 60,
    "-1",
    "1e308",
    "1e-999999",
    "NaN",
    "Infinity",
    "-0",
    "0x1F",
    "١٢٣",
    "²",
    "2026-13-45",
    "0001-01-01",
    "9999-12-31",
    "9999-12-31T23:59:59-12:00",
    "0001-01-01T00:00+14:00",
    "99999999999999999999d",
    '{"a": [' * 20 + "null" + "]}" * 20,
    "null",
    "undefined",
    "None",
    "true",
    "[]",
    "{}",
    "\\",
    '"',
    "*" * 60,
    "_%" * 50,
    "a" * 4096,
)
# What a channel carries as text, from a database or an address.
CORPUS = (*SCRIPTS, *MARKDOWN, *LETTERS, *FRAGMENTS)
# What only some channels carry: PostgreSQL stores neither, an address may hold the first.
UNSTORABLE = ("a\0b", "\0", "\ud800", "a\udfffb")


def unstorable(text: str) -> bool:
    """Whether no PostgreSQL text can be it."""
    return "\0" in text or any("\ud800" <= sign <= "\udfff" for sign in text)


_GENERATED = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
_LISTED = st.sampled_from(CORPUS)


def texts(most: int | None = None) -> st.SearchStrategy[str]:
    """Storable texts: listed ones, generated ones, several of both in one; cut to most characters."""
    whole = st.lists(_LISTED | _GENERATED, min_size=1, max_size=3).map("".join)
    found = _LISTED | _GENERATED | whole
    return found if most is None else found.map(lambda text: text[:most])


def any_texts() -> st.SearchStrategy[str]:
    """Also those with null bytes and lone surrogates."""
    return texts() | st.sampled_from(UNSTORABLE) | st.text(max_size=20)


NUMBERS = st.sampled_from(
    [0, -1, 10**30, -(10**30), 1e308, -1e308, 5e-324, 0.1, 2**63, float("nan"), float("inf")]
)
INSTANTS = st.sampled_from(
    ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "9999-12-31T23:59:59Z", "2026-11-23T00:00:00", ""]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | NUMBERS | INSTANTS | any_texts()


def documents(*names: str) -> st.SearchStrategy[Any]:
    """Any JSON; objects mostly have these names."""
    keys = st.sampled_from(names) | any_texts() if names else any_texts()
    return st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=6),
        max_leaves=8,
    )


def examples(number: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """So many examples, or more in a long run; the same in every run but for FUZZ_SEED."""
    bounded = settings(
        max_examples=number * TIMES,
        deadline=None,
        database=None,
        derandomize="FUZZ_SEED" not in os.environ,
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.function_scoped_fixture,
            HealthCheck.data_too_large,
        ],
    )

    def of(test: Callable[..., None]) -> Callable[..., None]:
        seeded = seed(int(os.environ["FUZZ_SEED"]))(test) if "FUZZ_SEED" in os.environ else test
        return bounded(seeded)

    return of
