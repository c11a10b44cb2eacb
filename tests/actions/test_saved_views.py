"""Saved views: one live name each, in any case; removed ones are kept; both verbs recorded."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
import sqlalchemy as sa

from actions import saved_views
from actions.audit import Door
from actions.errors import ActionError, NameTaken, NameUnfit, PermissionDenied, ReadOnly, ViewNotFound
from queries import saved_views as questions
from queries.bulk_models import SavedView
from tests.actions.conftest import OPERATOR, VIEWER, Rows

QUERY = "status:failed error:IMAGE_*"


def save(door: Door, name: str, request_id: str = "", query: str = QUERY) -> str:
    return saved_views.save(
        door, OPERATOR, name, page="jobs", query=query, request_id=request_id or f"save {name}"
    )


def views(store: sa.Engine) -> list[SavedView]:
    with store.connect() as connection:
        return list(questions.all(connection))


def test_a_view_is_kept_for_everybody(door: Door, store: sa.Engine, rows: Rows) -> None:
    view_id = save(door, "  Image\tfailures \u202e ")
    (view,) = views(store)
    assert (view.id, view.name, view.page, view.query, view.actor) == (
        view_id,
        "Image failures",
        "jobs",
        QUERY,
        OPERATOR.name,
    )
    intent, outcome = rows("select * from ops.audit_log order by id")
    assert (intent["action"], intent["target_id"], outcome["result"]) == ("view.save", view_id, "done")
    assert intent["parameters"] == {"name": "Image failures", "page": "jobs", "query": QUERY}


def test_they_are_listed_by_name(door: Door, store: sa.Engine) -> None:
    for name in ("zoo", "Apple", "오늘", "banana"):
        save(door, name)
    assert [view.name for view in views(store)] == ["Apple", "banana", "zoo", "오늘"]


@pytest.mark.parametrize("name", ["", "  \n", "\u202e", "x" * 61])
def test_a_name_that_does_not_fit(door: Door, store: sa.Engine, name: str) -> None:
    with pytest.raises(NameUnfit, match="1 to 60 characters"):
        save(door, name)
    assert views(store) == []


def test_a_name_of_full_length(door: Door, store: sa.Engine) -> None:
    save(door, "가" * 60)
    assert [view.name for view in views(store)] == ["가" * 60]


@pytest.mark.parametrize("other", ["Straße", "STRASSE", " straße "])
def test_a_name_is_given_once_in_any_case(door: Door, store: sa.Engine, other: str) -> None:
    save(door, "straße", "r-1")
    with pytest.raises(NameTaken, match="already"):
        save(door, other, "r-2")
    assert len(views(store)) == 1


def test_the_same_name_at_the_same_time(door: Door, store: sa.Engine) -> None:
    gate = Barrier(4)

    def attempt(number: int) -> str:
        gate.wait()
        try:
            return save(door, "Today", f"r-{number}")
        except NameTaken:
            return "taken"

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(attempt, range(4)))
    assert answers.count("taken") == 3
    assert len(views(store)) == 1


def test_a_removed_view_is_kept_and_its_name_is_free(door: Door, store: sa.Engine, rows: Rows) -> None:
    save(door, "Today", "r-1")
    (view,) = views(store)
    saved_views.remove(door, OPERATOR, view, request_id="r-2")
    assert views(store) == []
    (kept,) = rows("select name, removed_by, removed_at from ops.saved_views")
    assert (kept["name"], kept["removed_by"]) == ("Today", OPERATOR.name)
    assert kept["removed_at"] is not None
    with pytest.raises(ViewNotFound, match="no view named Today any more"):
        saved_views.remove(door, OPERATOR, view, request_id="r-3")
    save(door, "today", "r-4")
    assert [one.name for one in views(store)] == ["today"]


@pytest.mark.parametrize(("read_only", "error"), [(False, PermissionDenied), (True, ReadOnly)])
def test_what_the_door_refuses(door: Door, store: sa.Engine, read_only: bool, error: type[ActionError]) -> None:
    save(door, "Today")
    (view,) = views(store)
    closed, actor = replace(door, read_only=read_only), OPERATOR if read_only else VIEWER
    with pytest.raises(error):
        saved_views.save(closed, actor, "Mine", page="jobs", query="", request_id="r-1")
    with pytest.raises(error):
        saved_views.remove(closed, actor, view, request_id="r-2")
    assert views(store) == [view]
