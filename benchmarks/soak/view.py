"""What a tab shows: built from the server's messages as the page's script builds it, without drawing anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg, ForwardMsgMetadata

from dashboard.components.notices import ICON_UNAVAILABLE
from dashboard.components.verdicts import MARKS, State

Path = tuple[int, ...]
# What a page says while a source is away: the error frame's icon, and a verdict's.
AWAY = (ICON_UNAVAILABLE, MARKS[State.UNAVAILABLE])
TOLD = 160


@dataclass(frozen=True, slots=True)
class Node:
    """One element, or None for a container; which run drew it, and in which fragment ("" for the page)."""

    element: Element | None
    run: str
    fragment: str


@dataclass
class View:
    """The page as it stands. exceptions: every one that was ever shown."""

    nodes: dict[Path, Node] = field(default_factory=dict)
    pages: dict[str, str] = field(default_factory=dict)
    exceptions: list[str] = field(default_factory=list)
    session: str = ""
    page: str = ""
    run: str = ""

    def apply(self, message: ForwardMsg) -> None:
        """Take in one message."""
        match message.WhichOneof("type"):
            case "new_session":
                self.run = message.metadata.run.script_run_id
                self.page = message.new_session.page_script_hash
                self.session = message.new_session.initialize.session_id or self.session
            case "navigation":
                self.pages = {page.url_pathname: page.page_script_hash for page in message.navigation.app_pages}
            case "delta":
                self._put(message.metadata, message.delta)
            case "session_event" if message.session_event.HasField("script_compilation_exception"):
                self.exceptions.append(message.session_event.script_compilation_exception.message[:TOLD])
            case "script_finished" if message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                self._forget_stale(tuple(message.metadata.run.fragment_ids))

    def troubles(self) -> tuple[str, ...]:
        """Every exception on the page, and every notice that a source is away."""
        return tuple(
            told[:TOLD]
            for element in self.elements()
            if element.WhichOneof("type") == "exception" or any(mark in words(element) for mark in AWAY)
            for told in (words(element),)
        )

    def elements(self) -> Iterator[Element]:
        return (node.element for node in self.nodes.values() if node.element is not None)

    def _put(self, metadata: ForwardMsgMetadata, delta: Delta) -> None:
        path = tuple(metadata.delta_path)
        if delta.WhichOneof("type") == "add_block":
            self.nodes[path] = Node(None, self.run, delta.fragment_id)
        elif delta.WhichOneof("type") == "new_element":
            self.nodes[path] = Node(delta.new_element, self.run, delta.fragment_id)
            for below in [one for one in self.nodes if len(one) > len(path) and one[: len(path)] == path]:
                del self.nodes[below]
            if delta.new_element.WhichOneof("type") == "exception":
                self.exceptions.append(words(delta.new_element)[:TOLD])

    def _forget_stale(self, fragments: tuple[str, ...]) -> None:
        """Drop what the run that ended did not draw again: of the whole page, or of its fragments alone."""
        self.nodes = {
            path: node
            for path, node in self.nodes.items()
            if node.run == self.run or (fragments and node.fragment not in fragments)
        }


def words(element: Element) -> str:
    """What an element says, with its icon; "" for those that say nothing of this kind."""
    match element.WhichOneof("type"):
        case "exception":
            return f"{element.exception.type}: {element.exception.message}"
        case "alert":
            return f"{element.alert.icon} {element.alert.body}"
        case "markdown":
            return element.markdown.body
        case _:
            return ""
