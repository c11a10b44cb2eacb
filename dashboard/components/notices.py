"""The error frame: one of the two places where errors end, and how a person is told of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import streamlit as st

from actions.permissions import Actor
from dashboard import freshness
from dashboard.components import outages, staleness
from dashboard.components.formatting import plain
from dashboard.i18n import t, translated_error
from queries.errors import NotConfigured, OpsError

T = TypeVar("T")
ICON_UNAVAILABLE = ":material/cloud_off:"
ICON_NOT_OFFERED = ":material/block:"
ICON_NOTE = ":material/info:"


class Finished(Exception):
    """A page has no more to show; its error frame ends there.

    Not st.stop(): after that, Streamlit still runs the live parts of the page before, into places that are gone,
    and the browser shows nothing at all.
    """


@contextmanager
def error_frame(what: str = "") -> Iterator[None]:
    """Run a page or a panel; an expected error is told in its place, and what stands around lives on.

    What a source said before it stopped answering may be shown in it, and is told as such.
    """
    with freshness.shown() as noted:
        try:
            yield
        except Finished:
            pass
        except OpsError as error:
            tell(error, what)
        staleness.line(noted.untold)


def guarded(question: Callable[[], T]) -> T | OpsError:
    """The answer, or the expected error as a value: for verdicts that weigh several sources."""
    try:
        return question()
    except OpsError as error:
        return error


def decided(act: Callable[[], T]) -> T | OpsError:
    """As guarded(), on live answers alone: for what a person decides on, and for acting on it."""
    with freshness.live():
        return guarded(act)


def tell(error: OpsError, what: str = "") -> None:
    """Name what is missing, why, and what to do, as plain text."""
    words = outages.brief(error)
    if isinstance(error, NotConfigured):
        st.markdown(f":gray[{ICON_NOT_OFFERED} {plain(f'{what}: {words}' if what else words)}]")
        return
    heading = t("{what} cannot be shown now.", what=what) if what else ""
    st.warning("\n\n".join(filter(None, [heading, *map(plain, words.splitlines())])), icon=ICON_UNAVAILABLE)


def unrecordable_words(error: OpsError) -> str:
    """Why no action can be taken while the console's own store cannot be used, as markdown."""
    why = t("Nothing can be done from here, since it could not be recorded.")
    return f"{why} {plain(translated_error(error))}"


def read_only_words() -> str:
    """Why no action can be taken from this console at all."""
    return t("This console is read-only (OPS_READ_ONLY): nothing can be done from here.")


def refused_words(actor: Actor, *actions: str) -> str:
    """Why a button is missing that the person's role would have; "" where none of the actions was taken away."""
    if not any(action in actor.refused for action in actions):
        return ""
    return t("This console does not do this (OPS_REFUSED_ACTIONS).")


def ignored_parameters(names: list[str]) -> None:
    """Say which parts of the address were not understood, so that nobody trusts a filter that is not there."""
    if names:
        st.info(
            t("The address held something that this page does not know and left out: {names}.").replace(
                "{names}", plain(", ".join(names))
            ),
            icon=ICON_NOTE,
        )
