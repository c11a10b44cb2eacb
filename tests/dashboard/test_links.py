from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import links

SCRIPT = """
import streamlit as st

from dashboard import links

st.session_state["found"] = {
    "choice": links.choice("sort", ("worst", "oldest"), "worst"),
    "number": links.number("before", None, least=1),
    "text": links.text("search"),
    "ids": links.ids("jobs"),
}
"""


def parsed(**query: str | list[str]) -> dict[str, links.Parameter[object]]:
    at = AppTest.from_string(SCRIPT)
    for name, value in query.items():
        at.query_params[name] = value
    at.run()
    assert not at.exception
    found: dict[str, links.Parameter[object]] = at.session_state["found"]
    return found


def test_an_empty_address_gives_the_defaults() -> None:
    found = parsed()
    assert {name: parameter.value for name, parameter in found.items()} == {
        "choice": "worst",
        "number": None,
        "text": "",
        "ids": (),
    }
    assert not any(parameter.rejected for parameter in found.values())


def test_what_makes_sense_is_taken() -> None:
    found = parsed(sort="oldest", before="17", search=" job_1 ", jobs=["job_2", "job_1", "job_2"])
    assert found["choice"].value == "oldest"
    assert found["number"].value == 17
    assert found["text"].value == "job_1"
    assert found["ids"].value == ("job_2", "job_1")
    assert not any(parameter.rejected for parameter in found.values())


@pytest.mark.parametrize(
    ("kind", "name", "value", "default"),
    [
        ("choice", "sort", "'; drop table jobs --", "worst"),
        ("choice", "sort", "WORST", "worst"),
        ("number", "before", "-1", None),
        ("number", "before", "0", None),
        ("number", "before", "1e9", None),
        ("number", "before", "9" * 5000, None),
        ("number", "before", "²", None),
        ("text", "search", "x" * 201, ""),
        ("text", "search", "a\x00b", ""),
        ("ids", "jobs", "x" * 61, ()),
        ("ids", "jobs", "job\n1", ()),
    ],
)
def test_nonsense_gives_the_default_and_is_told(kind: str, name: str, value: str, default: object) -> None:
    parameter = parsed(**{name: value})[kind]
    assert parameter.value == default
    (told,) = parameter.rejected
    assert told.startswith(f"{name}=")
    assert told.isprintable()
    assert len(told) < 80


def test_good_ids_are_kept_beside_bad_ones() -> None:
    parameter = parsed(jobs=["job_1", "x" * 61, "job_2"])["ids"]
    assert parameter.value == ("job_1", "job_2")
    assert len(parameter.rejected) == 1


def test_more_ids_than_an_address_holds_are_left_out() -> None:
    parameter = parsed(jobs=[f"job_{n}" for n in range(links.MAX_IDS + 2)])["ids"]
    assert parameter.value == tuple(f"job_{n}" for n in range(links.MAX_IDS))
    assert parameter.rejected == ("jobs=job_100", "jobs=job_101")


def test_links_carry_their_filters() -> None:
    link = urlsplit(links.to("stuck", search="a&b=ü c", jobs=("job_1", "job_2"), sort="", step=None, before=3))
    assert link.path == "stuck"
    assert parse_qs(link.query) == {"search": ["a&b=ü c"], "jobs": ["job_1", "job_2"], "before": ["3"]}


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        (lambda: links.to("stuck"), "stuck"),
        (lambda: links.to(""), "./"),
        (lambda: links.to("", lang="ko"), "./?lang=ko"),
    ],
)
def test_links_without_filters_or_to_the_first_page(link: Callable[[], str], expected: str) -> None:
    assert link() == expected
