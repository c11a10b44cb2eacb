"""Role by page by action: what the pages show, and what the door lets through, made from the tables themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from streamlit.testing.v1 import AppTest

from actions import migrations
from actions.audit import Door, Outcome, performed
from actions.errors import ActionRefused, PermissionDenied, ReadOnly, SessionOver, TooManyActions
from actions.pace import Pace
from actions.permissions import ACTIONS, NEEDED, PAGE, Actor, Role, permitted
from dashboard import auth, navigation
from queries.audit_models import Result
from queries.database import engine
from queries.errors import OpsError
from tests.actions.acts import Act, intent
from tests.dashboard.conftest import Configure, configure, forgotten
from tests.pages.screen import APP

__all__ = ["configure", "forgotten"]

Record = Callable[[str, object], None]
PAGES = tuple(entry for entries in navigation.CONTENTS.values() for entry in entries)
PAST = datetime(2026, 1, 1, tzinfo=UTC)
# What becomes of the person or the door, and the error that follows whatever the role; None: the role decides.
STATES: dict[str, tuple[Callable[[Actor, str], Actor], Callable[[Door, str], Door], type[OpsError] | None]] = {
    "plain": (lambda actor, _: actor, lambda door, _: door, None),
    "session over": (
        lambda actor, _: Actor(actor.name, actor.role, until=PAST),
        lambda door, _: door,
        SessionOver,
    ),
    "taken away": (
        lambda actor, _: actor,
        lambda door, it: Door(door.store, refused=frozenset({it})),
        ActionRefused,
    ),
    "taken away from the page": (
        lambda actor, it: Actor(actor.name, actor.role, refused=frozenset({it})),
        lambda door, _: door,
        ActionRefused,
    ),
    "read-only": (lambda actor, _: actor, lambda door, _: Door(door.store, read_only=True), ReadOnly),
}


def test_every_page_has_its_row() -> None:
    assert {PAGE + entry.name for entry in PAGES} == set(NEEDED) - set(ACTIONS)


@pytest.fixture
def door(new_database: Callable[[str], str]) -> Iterator[Door]:
    url = new_database("template1")
    migrations.upgrade(url)
    store = engine(url, statement_timeout=timedelta(seconds=10))
    yield Door(store)
    store.dispose()


def tried(door: Door, actor: Actor, action: str, number: int) -> tuple[Outcome | OpsError, int]:
    """What came of it, and how often it was really done."""
    act = Act()
    try:
        told = performed(door, actor, intent(action=action, request_id=f"r-{number}"), act)
    except OpsError as error:
        return error, act.calls
    return told, act.calls


def test_at_the_door(door: Door, subtests: pytest.Subtests, record_property: Record) -> None:
    cells = failed = 0
    for number, (action, role, state) in enumerate(product(ACTIONS, Role, STATES)):
        to_actor, to_door, error = STATES[state]
        cells, failed = cells + 1, failed + 1
        with subtests.test(action=action, role=role.label, state=state):
            told, calls = tried(to_door(door, action), to_actor(Actor("a", role), action), action, number)
            expected = error
            if state in {"plain", "read-only"} and role < NEEDED[action]:
                expected = PermissionDenied
            if expected is None:
                assert isinstance(told, Outcome)
                assert (told.result, calls) == (Result.DONE, 1)
            else:
                assert (type(told), calls) == (expected, 0)
            failed -= 1
    record_property("access matrix", (cells, failed))


def test_what_is_refused_is_in_the_log_and_abuse_is_not(door: Door) -> None:
    limited = Door(door.store, pace=Pace(3))
    for number in range(6):
        told, calls = tried(limited, Actor("ada", Role.ADMIN), "job.cancel", number)
        assert calls == (number < 3)
        assert isinstance(told, Outcome if number < 3 else TooManyActions)
    assert "wait" in str(told)
    assert isinstance(tried(limited, Actor("mia", Role.ADMIN), "job.cancel", 7)[0], Outcome)
    tried(Door(door.store, refused=frozenset({"job.cancel"})), Actor("ada", Role.ADMIN), "job.cancel", 8)
    tried(door, Actor("ada", Role.ADMIN, until=PAST), "job.cancel", 9)
    assert door.store is not None
    with door.store.connect() as connection:
        kept = connection.exec_driver_sql("select request_id, result from ops.audit_log where phase = 'outcome'")
        assert sorted(map(tuple, kept)) == [
            *((f"r-{number}", "done") for number in (0, 1, 2, 7)),
            ("r-8", "refused"),
        ]


def opened(page: str, person: str) -> AppTest:
    at = AppTest.from_file(APP, default_timeout=60)
    at.session_state["person"] = person
    at.run()
    return at if page == navigation.DEFAULT else at.switch_page(f"../pages/{page}.py").run()


@pytest.mark.parametrize("person", auth.PEOPLE, ids=lambda person: person.role.label)
def test_on_the_pages(
    configure: Configure,
    monkeypatch: pytest.MonkeyPatch,
    person: Actor,
    subtests: pytest.Subtests,
    record_property: Record,
) -> None:
    """Each page needs each role in turn: it is listed and opens, or neither."""
    configure(database_url="postgresql://nobody@127.0.0.1:1/none")
    cells = failed = 0
    for entry, needed in product([one for one in PAGES if one.name != navigation.DEFAULT], Role):
        cells, failed = cells + 1, failed + 1
        with subtests.test(page=entry.name, needed=needed.label), monkeypatch.context() as patched:
            patched.setitem(NEEDED, PAGE + entry.name, needed)
            may = permitted(person, PAGE + entry.name)
            assert may is (person.role >= needed)
            assert may is (entry in [one for shown in navigation.contents(person).values() for one in shown])
            if not may:
                with pytest.raises(ValueError, match=entry.name):
                    opened(entry.name, person.name)
            elif needed is person.role:
                assert [title.value for title in opened(entry.name, person.name).title] == [entry.title]
            failed -= 1
    record_property("access matrix", (cells, failed))
