"""What takes each action in the user interface: how it is known on a page, and who is to see it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

May = Callable[[str], bool]
SNOOZE = "snooze-hours"
# Buttons that take no action: they filter, select, lead elsewhere, open what tells, or close it.
HARMLESS = re.compile(
    r"(?:verdict|tile|term|select|show)-.*|guardrail-close|report-make|cost-emergency(?:-close)?|What if…"
)


@dataclass(frozen=True)
class Control:
    """pattern: of a button's key or label. needs: of each group one action must be open. acts: what it records."""

    pattern: str
    needs: tuple[tuple[str, ...], ...]
    acts: str = ""

    @property
    def takes(self) -> frozenset[str]:
        return frozenset(action for group in self.needs for action in group)

    def offered(self, may: May) -> bool:
        return all(any(may(action) for action in group) for group in self.needs)

    def is_this(self, button: Button) -> bool:
        return any(re.fullmatch(self.pattern, str(one)) for one in (button.key, button.label))


def _one(pattern: str, action: str) -> Control:
    return Control(pattern, ((action,),), action)


def _in_bulk(pattern: str, *actions: str) -> Control:
    return Control(pattern, (actions, ("bulk.start",)), actions[0])


CHANGE, PROPOSE = "guardrail.change", "guardrail.propose"
CONTROLS: dict[str, Control] = {
    "retry": _in_bulk(r"do-job\.retry", "job.retry"),
    "cancel": _in_bulk(r"do-job\.cancel", "job.cancel"),
    "acknowledge": _in_bulk(r"do-job\.acknowledge", "job.acknowledge", "job.snooze"),
    "keep in view": _in_bulk("No, keep it in view|FormSubmitter:confirm-.*", "job.acknowledge"),
    "snooze": _in_bulk(r"\d+ hours?|FormSubmitter:confirm-.*", "job.snooze"),
    "pause": _one("bulk-pause", "bulk.pause"),
    "resume": _one("bulk-resume", "bulk.resume"),
    "stop": _one("bulk-stop", "bulk.stop"),
    "pace": _one("bulk-set-pace", "bulk.pace"),
    "as fast as it goes": _one("bulk-at-once", "bulk.pace"),
    "save": _one("FormSubmitter:view-.*", "view.save"),
    "remove": _one("view-remove-.*", "view.remove"),
    "note": _one("FormSubmitter:user-note-form-.*", "user.note"),
    "close intake": _one("Stop intake…", "intake.close"),
    "open intake": _one("Resume intake…", "intake.open"),
    "close in an emergency": _one("cost-emergency-stop", "intake.close"),
    "lower in an emergency": _one("cost-emergency-daily_.*-press", CHANGE),
    "put back after an emergency": _one("cost-emergency-undo", CHANGE),
    "editor": _one("Change…|guardrail-back.*", CHANGE),
    "change": _one("guardrail-press", CHANGE),
    "editor that may propose": Control("Change…|guardrail-back.*", ((CHANGE, PROPOSE),)),
    "propose": _one("Propose .*", PROPOSE),
    "approve": _one("approve-.*", "guardrail.approve"),
    "decline": _one("decline-.*", "guardrail.decline"),
}
# A choice in a list, not a button.
CHOICES = ("keep in view", "snooze")


def offered(at: AppTest, names: tuple[str, ...]) -> set[str]:
    """Those of these controls that are there and can be used."""
    return {name for name in names if _is_there(at, name)}


def _is_there(at: AppTest, name: str) -> bool:
    control = CONTROLS[name]
    if name in CHOICES:
        options = [option for box in at.selectbox if box.key == SNOOZE for option in box.options]
        return any(re.fullmatch(control.pattern, option) for option in options)
    return any(control.is_this(button) and not button.disabled for button in buttons(at))


def buttons(at: AppTest) -> list[Button]:
    """The page's own and those of its dialogs, without the frame around every page."""
    frame = {id(one) for one in at.sidebar.button}
    return [one for one in at.button if id(one) not in frame]


def strangers(at: AppTest, names: tuple[str, ...]) -> list[Button]:
    """Buttons that are neither one of these controls nor known to take no action."""
    return [
        one
        for one in buttons(at)
        if not any(CONTROLS[name].is_this(one) for name in names)
        and not any(HARMLESS.fullmatch(str(text)) for text in (one.key, one.label))
    ]


def taken_by(strange: list[Button], action: str) -> list[str]:
    """Those of the controls that take the action and are among these buttons."""
    return [
        name
        for name, control in CONTROLS.items()
        if action in control.takes and any(control.is_this(one) for one in strange)
    ]
