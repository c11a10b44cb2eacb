"""Role by action by page, through the user interface: a control is there exactly for whom the action is open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import product

import pytest
from streamlit.testing.v1 import AppTest

from actions.permissions import ACTIONS, NEEDED, Actor, Role, permitted
from dashboard import auth, connections, fetch, navigation
from tests.access.controls import CHOICES, CONTROLS, SNOOZE, May, buttons, offered, strangers, taken_by
from tests.access.scenes import SCENES, Address, Scene
from tests.browser.people import eventually
from tests.dashboard.conftest import Configure, configure, forgotten
from tests.faults.acts import PATIENT, new_id, tools
from tests.faults.world import World, running
from tests.pages.screen import run

__all__ = ["configure", "forgotten"]

Record = Callable[[str, object], None]
SetUp = Callable[..., None]
Prepared = Callable[[Scene], Address]
ADMIN = next(person for person in auth.PEOPLE if person.role is Role.ADMIN)
REASONS = ("confirm-reason", "intake-reason", "proposal-reason", "guardrail-reason", "user-note")
FINISHES = ("FormSubmitter:confirm-", "FormSubmitter:switch-intake-", "FormSubmitter:decide-proposal-")
LOGGED = """
select count(*) from ops.audit_log where phase = 'outcome' and result = 'done' and actor = '{}' and action = '{}'
"""


def _pressed_where() -> dict[str, list[str]]:
    """By scene: each control once a page."""
    found: dict[tuple[str, str], str] = {}
    for name, scene in SCENES.items():
        for control in scene.controls:
            found.setdefault((scene.page, control), name)
    return {name: [control for (_, control), where in found.items() if where == name] for name in found.values()}


PRESSED = _pressed_where()


@dataclass
class Cells:
    """What was tried, and what was not as it has to be."""

    tried: int = 0
    wrong: list[str] = field(default_factory=list)

    def cell(self, name: str, found: object, expected: object) -> None:
        self.tried += 1
        if found != expected:
            self.wrong.append(f"{name}: {found}, not {expected}")

    def told(self, record_property: Record) -> None:
        record_property("access matrix", (self.tried, len(self.wrong)))
        assert not self.wrong, "\n".join(self.wrong)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running(tmp_path_factory.mktemp("world")) as here:
        yield here


@pytest.fixture
def prepared(world: World) -> Iterator[Prepared]:
    """All that a scene needs, made anew; answers its address."""

    def ready(scene: Scene) -> Address:
        address = scene.ready(world, here)
        fetch.clear()
        return address

    with tools(world, world.stack.database_url, world.stack.service_url, PATIENT) as here:
        yield ready


@pytest.fixture
def set_up(world: World, configure: Configure) -> SetUp:
    """The console before this world, patient, with answers that all who look share."""
    patient = {"deadline_seconds": 20, "statement_timeout_seconds": 20, "refresh_seconds": 600}

    def changed(**settings: object) -> None:
        world.settings(configure, **{"read_only": False, "refused_actions": "", **patient, **settings})

    return changed


def test_every_action_has_its_control_and_every_page_its_scene() -> None:
    assert {action for control in CONTROLS.values() for action in control.takes} == set(ACTIONS)
    assert {control.acts for control in CONTROLS.values()} - {""} | {"bulk.start"} == set(ACTIONS)
    assert {name for scene in SCENES.values() for name in scene.controls} == set(CONTROLS)
    pages = {entry.name for entries in navigation.CONTENTS.values() for entry in entries}
    assert {scene.page for scene in SCENES.values()} == pages


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", SCENES)
def test_it_is_there_for_whom_it_is_open(
    prepared: Prepared, set_up: SetUp, name: str, monkeypatch: pytest.MonkeyPatch, record_property: Record
) -> None:
    scene, cells = SCENES[name], Cells()
    set_up(**scene.settings)
    address = prepared(scene)
    for person in auth.PEOPLE:
        _each_action(cells, scene, scene.seen(person.name, address), partial(permitted, person), person.role.label)
    for action, needed in product(scene.takes, Role):
        for person in _concerned(action, needed):
            with monkeypatch.context() as patched:
                patched.setitem(NEEDED, action, needed)
                at, who = scene.seen(person.name, address), f"{action} needs {needed.label}: {person.role.label}"
                _as_permitted(cells, scene, at, partial(permitted, person), who)
    set_up(**scene.settings, read_only=True)
    for person in auth.PEOPLE:
        at, who = scene.seen(person.name, address), f"{person.role.label}, read-only"
        _each_action(cells, scene, at, lambda _: False, who)
    for action in scene.takes:
        set_up(**scene.settings, refused_actions=action)
        left = Actor(ADMIN.name, ADMIN.role, refused=frozenset({action}))
        _as_permitted(
            cells, scene, scene.seen(ADMIN.name, address), partial(permitted, left), f"{action} is refused"
        )
    cells.told(record_property)


def _concerned(action: str, needed: Role) -> list[Actor]:
    """For whom it is another answer than without the change, which was tried before."""
    return [person for person in auth.PEOPLE if (person.role >= needed) is not permitted(person, action)]


def _each_action(cells: Cells, scene: Scene, at: AppTest, may: May, who: str) -> None:
    """Also those that the scene does not offer: no control that takes one is anywhere on the page."""
    found, strange = offered(at, scene.controls), strangers(at, scene.controls)
    for action in ACTIONS:
        taking = {name for name in scene.controls if action in CONTROLS[name].takes}
        expected = {name for name in taking if CONTROLS[name].offered(may)}
        cells.cell(f"{action}: {who}", (found & taking, taken_by(strange, action)), (expected, []))
    assert not [(one.key, one.label) for one in strange], "nobody says what these do"


def _as_permitted(cells: Cells, scene: Scene, at: AppTest, may: May, who: str) -> None:
    expected = {name for name in scene.controls if CONTROLS[name].offered(may)}
    cells.cell(who, offered(at, scene.controls), expected)
    assert not [(one.key, one.label) for one in strangers(at, scene.controls)], "nobody says what these do"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", PRESSED)
def test_pressing_it_gets_through(
    world: World, prepared: Prepared, set_up: SetUp, name: str, record_property: Record
) -> None:
    """Down to the audit log, as each person to whom it is offered."""
    scene, cells = SCENES[name], Cells()
    set_up(**scene.settings)
    for control, person in product(PRESSED[name], auth.PEOPLE):
        if CONTROLS[control].offered(partial(permitted, person)):
            through = _through(world, scene, control, person, prepared(scene))
            cells.cell(f"{control}: {person.role.label}", through, True)
            connections.close_runner()
    cells.told(record_property)


def _through(world: World, scene: Scene, name: str, person: Actor, address: Address) -> bool:
    control, at = CONTROLS[name], scene.seen(person.name, address)
    before = _logged(world, person, control.acts)
    if name in CHOICES:
        at.selectbox(key=SNOOZE).set_value(0 if name == "keep in view" else 1)
        at = run(at)
    else:
        next(one for one in buttons(_filled(at)) if control.is_this(one)).click()
        at = run(at)
    if name.startswith("editor"):  # which acts by its own button
        return "guardrail-close" in {one.key for one in buttons(at)}
    if asked := [one for one in buttons(_filled(at)) if str(one.key).startswith(FINISHES)]:
        asked[0].click()
        run(at)
    eventually(lambda: _logged(world, person, control.acts) > before)
    return True


def _filled(at: AppTest) -> AppTest:
    """All that is to be typed on the way; no two acts alike."""
    for area in [one for one in at.text_area if one.key in REASONS]:
        area.set_value(f"tried {new_id()}")
    for line in [one for one in at.text_input if one.key == "view-name"]:
        line.set_value(new_id())
    for number in [one for one in at.number_input if one.key == "bulk-per-minute"]:
        number.set_value(7)
    return at


def _logged(world: World, person: Actor, action: str) -> int:
    ((number,),) = world.execute(LOGGED.format(person.name, action))
    return int(str(number))
