"""The keyboard: which keys press what, for the script that listens, and the overlay that lists them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import streamlit as st

from actions.permissions import Actor
from dashboard import links, navigation
from dashboard.components import scripts
from dashboard.i18n import noop, t
from dashboard.navigation import Entry

OVERLAY = "shortcuts"
OFF = "shortcuts-off"
GO = "g"


@dataclass(frozen=True, slots=True)
class Shortcut:
    """keys are pressed one after the other; press, via and then are CSS selectors.

    What press finds is clicked, or focused if it takes text. Where it finds nothing, via leads to it; then finds
    what it leads to.
    """

    keys: str
    words: str
    press: str
    via: str = ""
    then: str = ""


def of_key(key: str, element: str = "button:not(:disabled)") -> str:
    """The selector of the Streamlit widget of this key."""
    return f".st-key-{re.sub(r'[^a-zA-Z0-9_-]', '-', key)} {element}"


SEARCH = '[data-testid="stMain"] input[type="search"]'
SELECT = ", ".join(of_key(key) for key in ("select-page", "select-all", "select-none"))
REASON = '[role="dialog"] textarea'
HERE = (
    Shortcut("s", noop("Select all that is shown, then all that match, then none"), SELECT),
    Shortcut("r", noop("Retry what is selected"), of_key("do-job.retry"), then=REASON),
    Shortcut("x", noop("Cancel what is selected"), of_key("do-job.cancel"), then=REASON),
    Shortcut("a", noop("Acknowledge what is selected"), of_key("do-job.acknowledge"), then=REASON),
    Shortcut("n", noop("Show what is new"), of_key("show-new")),
    Shortcut("l", noop("Live refresh on or off"), of_key(links.LIVE, "input")),
    Shortcut("?", noop("Show these shortcuts"), of_key(OVERLAY)),
)


def layer(actor: Actor) -> None:
    """Listen to the keyboard for this person, and offer the overlay by mouse, too."""
    pages, here = going(actor), (finding(actor), *HERE)
    listened = () if st.session_state.get(OFF, False) else (*pages, *here)
    scripts.load("keyboard.js", shortcuts=json.dumps([asdict(one) for one in listened]))
    label, icon = t("Keyboard shortcuts"), ":material/keyboard:"
    if st.button(label, key=OVERLAY, icon=icon, type="tertiary"):
        st.dialog(label)(_overlay)(pages, here)


def going(actor: Actor) -> tuple[Shortcut, ...]:
    """To each page that this person may see, if it has a letter."""
    entries = [entry for section in navigation.contents(actor).values() for entry in section]
    return tuple(Shortcut(f"{GO} {one.shortcut}", one.title, _link(one)) for one in entries if one.shortcut)


def finding(actor: Actor) -> Shortcut:
    """To the search box of this page, or else of the page that has one for everything."""
    entries = [entry for section in navigation.contents(actor).values() for entry in section]
    elsewhere = next((_link(entry) for entry in entries if entry.name == navigation.SEARCH), "")
    return Shortcut("/", noop("Search"), SEARCH, elsewhere)


def _link(entry: Entry) -> str:
    address = "" if entry.name == navigation.DEFAULT else entry.url_path
    return f'[data-testid="stSidebar"] [data-testid="stPageLink-NavLink"][href="{address}"]'


def _overlay(pages: Sequence[Shortcut], here: Sequence[Shortcut]) -> None:
    off: bool = st.session_state.get(OFF, False)
    # Whoever speaks to the computer, or types by accident, must be able to do without keys that act at once.
    if st.toggle(t("They work wherever you are not typing"), value=not off) is off:
        st.session_state[OFF] = not off
        st.rerun()
    _listed(t("Go to"), pages)
    _listed(t("On this page"), here)
    st.markdown(
        t(
            "In a table: **Tab** to get into it, **arrows** to move, **Shift + Space** to select a row, "
            "**Ctrl + F** to find in it."
        )
    )


def _listed(heading: str, shortcuts: Sequence[Shortcut]) -> None:
    rows = [f"| {' '.join(f'`{key}`' for key in one.keys.split())} | {t(one.words)} |" for one in shortcuts]
    st.markdown("\n".join([f"| {t('Keys')} | {heading} |", "|:--|:--|", *rows]))
