"""One browser tab: it speaks the console's WebSocket as the page's script does, refreshes included."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from benchmarks.soak.view import View

# What a browser asks for before its WebSocket.
SHELL = ("/", "/_stcore/host-config")
# As the page's script says where there is no sign-in cookie.
NO_TOKEN = "PLACEHOLDER_AUTH_TOKEN"  # noqa: S105
ANSWER_SECONDS = 60.0
# How the run of a whole page ends.
WHOLE = "page FINISHED_SUCCESSFULLY"


@dataclass
class Told:
    """What all tabs saw together. notices: runs that told of a source that was away; slowest: in seconds."""

    messages: int = 0
    loads: int = 0
    refreshes: int = 0
    notices: int = 0
    slowest: float = 0.0
    unanswered: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    exceptions: list[str] = field(default_factory=list)
    gave_up: list[str] = field(default_factory=list)


class Tab:
    """Open it, look at pages, press what is there, close it; view is what it shows."""

    def __init__(self, address: str, told: Told) -> None:
        self.view = View()
        self._address = address
        self._told = told
        self._socket: ClientConnection | None = None
        self._reading: asyncio.Task[None] | None = None
        self._refreshing: dict[str, asyncio.Task[None]] = {}
        self._finished = asyncio.Condition()
        self._runs = 0
        self._ended: list[str] = []
        self._page, self._query = "", ""

    async def open(self, page: str, query: str = "") -> None:
        """As from a link in a message: a new session."""
        async with httpx.AsyncClient(base_url=self._address, trust_env=False, timeout=ANSWER_SECONDS) as client:
            for path in SHELL:
                (await client.get(path)).raise_for_status()
        self._page, self._query = page, query
        await self._connect()
        await self._shown(self._rerun(page_name=page))

    async def go(self, page: str, query: str = "") -> None:
        """Follow a link to another page of the console, in the same session."""
        self._page, self._query = page, query
        known = self.view.pages.get(page)
        await self._shown(self._rerun(page_script_hash=known) if known else self._rerun(page_name=page))

    async def reload(self) -> None:
        """Run the page again, as the key R does."""
        await self._shown(self._rerun(page_script_hash=self.view.page))

    async def press(self, widget: str, others: Sequence[WidgetState] = ()) -> None:
        """Press a button; others are the widgets whose values go with it. Does not wait for what follows."""
        message = self._rerun(page_script_hash=self.view.page, fragment_id=self._fragment_of(widget))
        message.rerun_script.widget_states.widgets.extend([*others, WidgetState(id=widget, trigger_value=True)])
        await self._send(message)

    async def reconnect(self) -> None:
        """As after a laptop's sleep: a new connection to the session that was."""
        await self.close()
        await self._connect()
        await self._shown(self._rerun(page_script_hash=self.view.page))

    async def close(self) -> None:
        self._stop_refreshing()
        if self._reading is not None and self._socket is not None:
            self._reading.cancel()
            with suppress(asyncio.CancelledError):
                await self._reading
            await self._socket.close()
        self._socket = self._reading = None

    async def until(self, question: Callable[[View], bool], seconds: float = ANSWER_SECONDS) -> bool:
        """Whether the view comes to look so within so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._finished:
                await self._finished.wait_for(lambda: question(self.view))
        return question(self.view)

    async def _connect(self) -> None:
        protocols = [Subprotocol(one) for one in ("streamlit", NO_TOKEN, self.view.session) if one]
        address = f"ws://{urlsplit(self._address).netloc}/_stcore/stream"
        self._socket = await connect(address, subprotocols=protocols, max_size=None, proxy=None)
        self._reading = asyncio.create_task(self._read(self._socket))

    async def _read(self, socket: ClientConnection) -> None:
        """Until this tab closes the connection; one that the console closes is told."""
        try:
            while True:
                message = ForwardMsg()
                message.ParseFromString(await socket.recv(decode=False))
                await self._take(message)
        except ConnectionClosed as error:
            self._stop_refreshing()
            self._told.dropped.append(f"{self._page}: {error}")

    async def _take(self, message: ForwardMsg) -> None:
        self._told.messages += 1
        known = len(self.view.exceptions)
        self.view.apply(message)
        self._told.exceptions += [f"{self._page}: {one}" for one in self.view.exceptions[known:]]
        match message.WhichOneof("type"):
            case "new_session" if not message.metadata.run.fragment_ids:
                self._stop_refreshing()
            case "page_info_changed":
                self._query = message.page_info_changed.query_string
            case "auto_rerun":
                self._refresh(message.auto_rerun.fragment_id, message.auto_rerun.interval)
            case "stop_auto_rerun":
                self._stop_refreshing(*message.stop_auto_rerun.fragment_ids)
            case "script_finished":
                self._told.notices += bool(self.view.troubles())
                async with self._finished:
                    part = "part" if message.metadata.run.fragment_ids else "page"
                    self._ended.append(f"{part} {ForwardMsg.ScriptFinishedStatus.Name(message.script_finished)}")
                    self._runs += self._ended[-1] == WHOLE
                    self._finished.notify_all()

    def _refresh(self, fragment: str, seconds: float) -> None:
        self._stop_refreshing(fragment)
        self._refreshing[fragment] = asyncio.create_task(self._keep_asking(fragment, seconds))

    async def _keep_asking(self, fragment: str, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            message = self._rerun(fragment_id=fragment, is_auto_rerun=True, page_script_hash=self.view.page)
            self._told.refreshes += 1
            with suppress(ConnectionClosed):
                await self._send(message)

    def _stop_refreshing(self, *fragments: str) -> None:
        for fragment in fragments or tuple(self._refreshing):
            if task := self._refreshing.pop(fragment, None):
                task.cancel()

    def _rerun(self, **fields: str | bool) -> BackMsg:
        message = BackMsg()
        for name, value in fields.items():
            setattr(message.rerun_script, name, value)
        message.rerun_script.query_string = self._query
        message.rerun_script.context_info.url = f"{self._address}/{self._page}"
        message.rerun_script.context_info.timezone = "Asia/Seoul"
        message.rerun_script.context_info.locale = "en-US"
        return message

    async def _shown(self, message: BackMsg) -> None:
        """Send it, and wait until a run of the whole page has ended."""
        before, runs, began, asked_at = self._runs, len(self._ended), time.monotonic(), time.strftime("%H:%M:%S")
        await self._send(message)
        self._told.loads += 1
        await self.until(lambda _: self._runs > before)
        self._told.slowest = max(self._told.slowest, time.monotonic() - began)
        if self._runs == before:
            asked = message.rerun_script
            how = "reload" if asked.page_script_hash == self.view.page else "new page"
            self._told.unanswered.append(
                f"asked {asked_at}  {self._page} ({how}): nothing within {ANSWER_SECONDS:.0f} s;"
                f" runs that ended since: {self._ended[runs:] or 'none'}"
            )

    async def _send(self, message: BackMsg) -> None:
        if self._socket is not None:
            await self._socket.send(message.SerializeToString())

    def _fragment_of(self, widget: str) -> str:
        """In which fragment a button stands; "" for the page itself."""
        nodes = self.view.nodes.values()
        return next((one.fragment for one in nodes if one.element and one.element.button.id == widget), "")
