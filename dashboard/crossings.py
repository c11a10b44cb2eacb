"""What a tab and the console tell each other crosses on the way: what was said before one had heard is mended.

With each request a tab says which address it shows and what its widgets hold. A refresh that it sent by itself
just before it heard of another page, search or selection would bring the former back, as if somebody had asked.
So would a click on what the former page showed.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from google.protobuf.message import DecodeError
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

# A tab may take so long to hear of an address; who asks for the former one's page after that means it.
HEARD_AFTER = 2.0
# So long a page may take to say which of its parts refresh themselves.
DRAWN_AFTER = 15.0
# No timer of a browser is so early.
PUNCTUAL = 0.9

Query = tuple[tuple[str, str], ...]


class Crossings:
    """Between the network and Streamlit: mends the requests of each tab."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        talk = Talk()

        async def hearing() -> Message:
            while True:
                message = await receive()
                if not (data := message.get("bytes")):
                    return message
                if (mended := talk.heard(data)) is not None:
                    return {**message, "bytes": mended}

        async def telling(message: Message) -> None:
            if data := message.get("bytes"):
                talk.told(data)
            await send(message)

        await self._app(scope, hearing, telling)


@dataclass
class Talk:
    """One tab's talk with the console: the latest address that either named, when each part may refresh itself.

    superseded are the addresses that the tab may still take for the latest.
    """

    address: str = ""
    page: str = ""
    superseded: set[Query] = field(default_factory=set)
    _told_page: str = ""
    _told_at: float = 0.0
    _due: dict[str, float] = field(default_factory=dict)
    _others_due: float = 0.0

    def told(self, data: bytes) -> None:
        """The console sends this ForwardMsg."""
        message = ForwardMsg.FromString(data)
        match message.WhichOneof("type"):
            case "page_info_changed":
                self.superseded.add(_read(self.address))
                self.address = message.page_info_changed.query_string
                self.superseded.discard(_read(self.address))
                self._told_at = time.monotonic()
            case "new_session" if not message.metadata.run.fragment_ids:
                self._told_page = message.new_session.page_script_hash
                self._begin()
            case "navigation":
                self._told_page = message.navigation.page_script_hash
            case "auto_rerun":
                every = message.auto_rerun
                self._due[every.fragment_id] = time.monotonic() + every.interval * PUNCTUAL

    def heard(self, data: bytes) -> bytes | None:
        """The BackMsg that Streamlit shall have in place of this one; None where it shall not have any."""
        try:
            message = BackMsg.FromString(data)
        except DecodeError:
            return data  # Streamlit says what it thinks of it
        if message.WhichOneof("type") != "rerun_script":
            return data
        asked = message.rerun_script
        if self._is_early(asked) or self._is_left(asked):
            return None
        if not asked.fragment_id:
            self._begin()
        if asked.is_history_navigation or self._leaves(asked):
            self.superseded.clear()
        self.page = asked.page_script_hash
        if self._crossed(asked):
            asked.query_string = self.address
            return bytes(message.SerializeToString())
        self.superseded.clear()
        self.address = asked.query_string
        return data

    def _begin(self) -> None:
        """The page is drawn anew: whatever refreshes itself is told to the tab again, and counts from then."""
        self._due.clear()
        self._others_due = time.monotonic() + DRAWN_AFTER

    def _is_early(self, asked: ClientState) -> bool:
        return asked.is_auto_rerun and time.monotonic() < self._due.get(asked.fragment_id, self._others_due)

    def _is_left(self, asked: ClientState) -> bool:
        """Whether it is for a part of a page that the tab was told to leave."""
        return bool(asked.fragment_id) and self._told_page not in {"", asked.page_script_hash}

    def _leaves(self, asked: ClientState) -> bool:
        """Whether it asks for another page than before."""
        return bool(asked.page_name) or self.page not in {"", asked.page_script_hash}

    def _crossed(self, asked: ClientState) -> bool:
        """Whether the tab had not heard of the address when it asked. A part of a page never asks for another."""
        patient = bool(asked.fragment_id) or time.monotonic() - self._told_at < HEARD_AFTER
        return patient and _read(asked.query_string) in self.superseded


def _read(query: str) -> Query:
    """An address's parameters: browsers do not write them just as the console does."""
    return tuple(parse_qsl(query.removeprefix("?"), keep_blank_values=True))
