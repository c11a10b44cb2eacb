"""The table of contents: sections, their pages, and the least role that may see each."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from actions.permissions import Actor, Role
from dashboard.i18n import noop, t
from dashboard.settings import ROOT

PAGES = ROOT / "pages"


@dataclass(frozen=True, slots=True)
class Entry:
    """One page: pages/<name>.py. The first one is what the bare address shows."""

    name: str
    title: str
    icon: str
    url_path: str
    role: Role = Role.VIEWER


CONTENTS: dict[str, tuple[Entry, ...]] = {
    noop("Operate"): (
        Entry("overview", noop("Overview"), ":material/monitoring:", "overview"),
        Entry("stuck", noop("Stuck jobs"), ":material/hourglass_disabled:", "stuck"),
    ),
    noop("Control"): (Entry("audit_log", noop("Audit log"), ":material/history:", "audit-log"),),
}
DEFAULT = "overview"


def pages(actor: Actor) -> dict[str, list[StreamlitPage]]:
    """Section → the pages that this person may see, for st.navigation. Empty sections are left out."""
    sections = {
        t(section): [_page(entry) for entry in entries if actor.role >= entry.role]
        for section, entries in CONTENTS.items()
    }
    return {section: shown for section, shown in sections.items() if shown}


def menu(sections: dict[str, list[StreamlitPage]]) -> None:
    """The sections and their pages, for the sidebar; Streamlit's own menu breaks its lists for screen readers."""
    for section, shown in sections.items():
        st.markdown(f":small[{section}]")
        for page in shown:
            st.page_link(page)


def _page(entry: Entry) -> StreamlitPage:
    return st.Page(
        PAGES / f"{entry.name}.py",
        title=t(entry.title),
        icon=entry.icon,
        url_path=entry.url_path,
        default=entry.name == DEFAULT,
    )
