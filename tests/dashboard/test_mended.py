"""What Streamlit loses by itself reaches the tab: before a real console, or at the seam where chance rules it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest
from streamlit import config
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime import Runtime
from streamlit.runtime.app_session import AppSession, AppSessionState
from streamlit.runtime.scriptrunner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequestType
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from dashboard import mended
from tests.dashboard.test_serve import serving

BURSTS = 60
EARLY_SECONDS, LOST_SECONDS = 1.0, 10.0
NO_TOKEN = "PLACEHOLDER_AUTH_TOKEN"
NOWHERE = "postgresql://reader@127.0.0.1:1/books"


class Tab:
    """A tab on one page of a console."""

    def __init__(self, socket: ClientConnection, page: str) -> None:
        self._socket = socket
        self._page = ""
        self.parts: list[str] = []
        self.ask(page_name=page)
        while self._ended() is None:
            pass

    def ask(self, **fields: str | bool) -> None:
        request = BackMsg()
        for name, value in fields.items():
            setattr(request.rerun_script, name, value)
        self._socket.send(request.SerializeToString())

    def refresh(self, *parts: str) -> None:
        for part in parts:
            self.ask(fragment_id=part, page_script_hash=self._page, is_auto_rerun=True)

    def drawn(self, parts: Sequence[str], seconds: float) -> None:
        """Until each of these parts was drawn; raises TimeoutError where nothing more is for so long."""
        missing = set(parts)
        while missing:
            missing.difference_update(self._ended(seconds) or ())

    def _ended(self, seconds: float | None = None) -> list[str] | None:
        """The parts of the run that ends with the next message, none where the page does; None where none ends."""
        message = ForwardMsg.FromString(cast("bytes", self._socket.recv(timeout=seconds)))
        if message.WhichOneof("type") == "navigation":
            self._page = message.navigation.page_script_hash
        if message.WhichOneof("type") == "auto_rerun":
            self.parts.append(message.auto_rerun.fragment_id)
        ended = message.WhichOneof("type") == "script_finished"
        return list(message.metadata.run.fragment_ids) if ended else None


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("console")
    with serving(folder, OPS_DATABASE_URL=NOWHERE, OPS_REFRESH_SECONDS="1") as running:
        yield str(running.base_url)


@contextmanager
def tab(console: str, page: str) -> Iterator[Tab]:
    protocols = [Subprotocol("streamlit"), Subprotocol(NO_TOKEN)]
    with connect(
        f"{console.replace('http', 'ws')}/_stcore/stream", subprotocols=protocols, max_size=None, proxy=None
    ) as socket:
        yield Tab(socket, page)


def test_parts_that_refresh_in_the_same_moment_are_all_drawn(console: str) -> None:
    with tab(console, "stuck") as opened:
        assert len(opened.parts) > 1
        until_due(opened)
        for _ in range(BURSTS):
            opened.refresh(*opened.parts)
            opened.drawn(opened.parts, LOST_SECONDS)


def until_due(opened: Tab) -> None:
    """Until its parts may refresh themselves: before that the console does not listen."""
    while True:
        opened.refresh(*opened.parts)
        try:
            opened.drawn(opened.parts, EARLY_SECONDS)
        except TimeoutError:
            continue
        return


@pytest.fixture
def reached(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """With what Streamlit's own functions are reached through the mends."""
    calls: list[tuple[Any, ...]] = []
    for owner, name in (
        (AppSession, "_create_scriptrunner"),
        (AppSession, "register_file_watchers"),
        (Runtime, "_send_message"),
        (ScriptRunner, "_run_script"),
    ):
        assert callable(getattr(owner, name))
        monkeypatch.setattr(owner, name, lambda *given: calls.append(given))
    mended.mend()
    return calls


@pytest.mark.parametrize(("watched", "times"), [("none", 0), ("auto", 1)])
def test_a_resumed_session_watches_files_only_where_a_new_one_would(
    reached: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch, watched: str, times: int
) -> None:
    monkeypatch.setattr(config, "get_option", {"server.fileWatcherType": watched}.__getitem__)
    AppSession.register_file_watchers(cast("AppSession", object()))
    assert len(reached) == times


@pytest.mark.parametrize("gone", [False, True])
def test_what_is_sent_while_a_tab_comes_back_goes_to_its_new_connection(
    reached: list[tuple[Any, ...]], *, gone: bool
) -> None:
    session = SimpleNamespace(id="session")
    before, now = SimpleNamespace(session=session), SimpleNamespace(session=session)
    manager = SimpleNamespace(get_active_session_info={"session": None if gone else now}.get)
    runtime = cast("Any", SimpleNamespace(_session_mgr=manager))
    Runtime._send_message(runtime, cast("Any", before), ForwardMsg())
    assert [info for _, info, _ in reached] == [before if gone else now]


def ending(*, hangs: bool) -> Any:
    """A run that was told to stop, or has ended by itself."""
    requests = SimpleNamespace(_state=ScriptRequestType.STOP)
    return SimpleNamespace(_requests=requests, _execing=hangs, request_rerun=lambda _: False)


class Waiting:
    """An event loop that goes on when it is told."""

    def __init__(self) -> None:
        self._later: list[Callable[[], None]] = []

    def call_later(self, _: float, what: Callable[..., None], *given: object) -> None:
        self._later.append(lambda: what(*given))

    def go_on(self) -> None:
        later, self._later = self._later, []
        for what in later:
            what()


def test_a_part_waits_for_the_last_words_of_the_run_before(reached: list[tuple[Any, ...]]) -> None:
    loop, request = Waiting(), RerunData(fragment_id="part")
    session: Any = SimpleNamespace(_scriptrunner=ending(hangs=False), _event_loop=loop, _state=None)
    AppSession._create_scriptrunner(session, request)
    loop.go_on()
    assert reached == []
    session._scriptrunner = None
    loop.go_on()
    assert reached == [(session, request)]


def test_it_joins_the_run_that_began_meanwhile(reached: list[tuple[Any, ...]]) -> None:
    loop, request, joined = Waiting(), RerunData(fragment_id="part"), list[RerunData]()
    session: Any = SimpleNamespace(_scriptrunner=ending(hangs=False), _event_loop=loop, _state=None)
    AppSession._create_scriptrunner(session, request)
    session._scriptrunner = SimpleNamespace(request_rerun=lambda data: joined.append(data) or True)
    loop.go_on()
    assert (reached, joined) == ([], [request])


def test_it_is_forgotten_with_its_session(reached: list[tuple[Any, ...]]) -> None:
    loop = Waiting()
    session: Any = SimpleNamespace(_scriptrunner=ending(hangs=False), _event_loop=loop, _state=None)
    AppSession._create_scriptrunner(session, RerunData(fragment_id="part"))
    session._scriptrunner, session._state = None, AppSessionState.SHUTDOWN_REQUESTED
    loop.go_on()
    assert reached == []


@pytest.mark.parametrize(
    ("hangs", "request_"), [(True, RerunData(fragment_id="part")), (False, RerunData(page_script_hash="page"))]
)
def test_nobody_waits_for_a_run_that_hangs_and_no_page_for_any(
    reached: list[tuple[Any, ...]], request_: RerunData, *, hangs: bool
) -> None:
    session: Any = SimpleNamespace(_scriptrunner=ending(hangs=hangs))
    AppSession._create_scriptrunner(session, request_)
    assert reached == [(session, request_)]


@pytest.mark.parametrize(
    ("request_", "drawn"),
    [
        (RerunData(fragment_id_queue=["part"], page_script_hash="shown"), True),
        (RerunData(fragment_id_queue=["part"], page_script_hash="left"), False),
        (RerunData(page_script_hash="left"), True),
    ],
)
def test_a_part_that_waited_while_its_page_was_left_is_not_drawn(
    reached: list[tuple[Any, ...]], request_: RerunData, *, drawn: bool
) -> None:
    class Runner:
        _pages_manager = SimpleNamespace(current_page_script_hash="shown")

    runner: Any = Runner()
    click = RerunData(fragment_id_queue=["part"], page_script_hash="left")
    ScriptRunner._run_script(runner, click)
    ScriptRunner._run_script(runner, request_)
    assert reached == [(runner, click), *[(runner, request_)] * drawn]
