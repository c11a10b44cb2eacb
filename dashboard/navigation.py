"""The table of contents: sections, their pages, and the least role that may see each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from actions.permissions import PAGE, Actor, permitted
from dashboard import auth
from dashboard.i18n import noop, t
from dashboard.settings import ROOT

PAGES = ROOT / "pages"


@dataclass(frozen=True, slots=True)
class Entry:
    """One page: pages/<name>.py. The first one is what the bare address shows.

    shortcut is the letter that leads to it after "g", by the keyboard; "" for none. A page that only makes sense
    for something that another page names is not listed in the menu.
    """

    name: str
    title: str
    icon: str
    url_path: str
    shortcut: str = ""
    listed: bool = True


CONTENTS: dict[str, tuple[Entry, ...]] = {
    noop("Operate"): (
        Entry("overview", noop("Overview"), ":material/monitoring:", "overview", shortcut="o"),
        Entry("stuck", noop("Stuck jobs"), ":material/hourglass_disabled:", "stuck", shortcut="s"),
        Entry("queue", noop("Queue"), ":material/queue:", "queue", shortcut="q"),
        Entry("jobs", noop("Jobs"), ":material/search:", "jobs", shortcut="j"),
        Entry("job", noop("Job"), ":material/menu_book:", "job", listed=False),
        Entry("alerts", noop("Alerts"), ":material/notifications:", "alerts", shortcut="e"),
        Entry("bulks", noop("Bulk actions"), ":material/playlist_play:", "bulks", shortcut="b"),
    ),
    noop("Usage & cost"): (
        Entry("usage", noop("Usage"), ":material/group:", "usage", shortcut="u"),
        Entry("costs", noop("Costs"), ":material/payments:", "costs", shortcut="c"),
        Entry("user", noop("User"), ":material/person:", "user", listed=False),
    ),
    noop("Control"): (
        Entry("guardrails", noop("Guardrails"), ":material/tune:", "guardrails", shortcut="l"),
        Entry("audit_log", noop("Audit log"), ":material/history:", "audit-log", shortcut="a"),
    ),
}
DEFAULT = "overview"
# The page where everything can be searched.
SEARCH = "jobs"


def contents(actor: Actor) -> dict[str, list[Entry]]:
    """Section → the pages that this person may see. Empty sections are left out."""
    sections = {
        section: [entry for entry in entries if permitted(actor, PAGE + entry.name)]
        for section, entries in CONTENTS.items()
    }
    return {section: shown for section, shown in sections.items() if shown}


def pages(actor: Actor) -> dict[str, list[StreamlitPage]]:
    """For st.navigation, in the reader's language; a page that is closed to them stands there with the refusal."""
    open_to = [entry for entries in contents(actor).values() for entry in entries]
    return {
        t(section): [_page(entry) if entry in open_to else _closed(entry) for entry in entries]
        for section, entries in CONTENTS.items()
    }


def instead(show: Callable[[], None]) -> list[StreamlitPage]:
    """Every page's address, with the same in each one's place."""
    entries = [entry for entries in CONTENTS.values() for entry in entries]
    return [
        st.Page(show, title=t("Sign in"), url_path=entry.url_path, default=entry.name == DEFAULT)
        for entry in entries
    ]


def menu(sections: dict[str, list[StreamlitPage]]) -> None:
    """The sections and their pages, for the sidebar; Streamlit's own menu breaks its lists for screen readers."""
    for section, pages in sections.items():
        if shown := [page for page in pages if page.visibility == "visible"]:
            st.markdown(f":small[{section}]")
            for page in shown:
                st.page_link(page)


def _closed(entry: Entry) -> StreamlitPage:
    """Whoever comes by its address is told why they may not see it."""

    def refused() -> None:
        auth.enter(entry.name)

    return st.Page(
        refused,
        title=t(entry.title),
        url_path=entry.url_path,
        default=entry.name == DEFAULT,
        visibility="hidden",
    )


def _page(entry: Entry) -> StreamlitPage:
    return st.Page(
        PAGES / f"{entry.name}.py",
        title=t(entry.title),
        icon=entry.icon,
        url_path=entry.url_path,
        default=entry.name == DEFAULT,
        visibility="visible" if entry.listed else "hidden",
    )
