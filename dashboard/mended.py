"""Four faults of Streamlit 1.67 by which a tab loses what was drawn for it, mended until Streamlit mends them.

They lie within Streamlit's own sessions, where nothing of ours reaches otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from streamlit import config
from streamlit.runtime import Runtime
from streamlit.runtime.app_session import AppSession, AppSessionState
from streamlit.runtime.scriptrunner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequestType

# The last words of a run that ended are under way to the event loop, on which this is waited for.
LAST_WORDS = 0.002


def mend() -> None:
    """Put each mend in its place; once, before the first session."""
    _wrap(AppSession, "_create_scriptrunner", _after_last_words)
    _wrap(AppSession, "register_file_watchers", _as_configured)
    _wrap(Runtime, "_send_message", _to_whoever_is_connected)
    _wrap(ScriptRunner, "_run_script", _on_the_page_that_is_shown)


def _after_last_words(create: Callable[..., None]) -> Callable[..., None]:
    """A part's request that meets a run which has just ended waits until the tab was told of that run's end.

    The next run would else begin at once, and what the former had drawn (a refresh, the answer to a click) would
    be ignored as that of a run which is no longer the session's.
    """

    def created(self: AppSession, request: RerunData) -> None:
        if request.fragment_id and _just_ended(self._scriptrunner):
            self._event_loop.call_later(LAST_WORDS, again, self, request)
        else:
            create(self, request)

    def again(self: AppSession, request: RerunData) -> None:
        if self._state is AppSessionState.SHUTDOWN_REQUESTED:
            return
        if self._scriptrunner is None or not self._scriptrunner.request_rerun(request):
            created(self, request)

    return created


def _just_ended(runner: Any) -> bool:
    """Whether a run has ended, and not yet said so. One that was told to stop may hang: nobody waits for it."""
    return runner is not None and runner._requests._state is ScriptRequestType.STOP and not runner._execing


def _as_configured(register: Callable[..., None]) -> Callable[..., None]:
    """A session that is resumed watches source files only where the settings say so, as a new one does.

    The search for them would hold up every tab for as long as half a second.
    """

    def registered(self: AppSession) -> None:
        if config.get_option("server.fileWatcherType") != "none":
            register(self)

    return registered


def _to_whoever_is_connected(send: Callable[..., None]) -> Callable[..., None]:
    """What is sent while a tab comes back goes to its new connection, not to the one that it had before."""

    def sent(self: Runtime, session_info: Any, message: Any) -> None:
        send(self, self._session_mgr.get_active_session_info(session_info.session.id) or session_info, message)

    return sent


def _on_the_page_that_is_shown(run: Callable[..., None]) -> Callable[..., None]:
    """A part's request that waited while another page was drawn is passed over.

    The tab would else take that run for a change of page: it clears all that was drawn, and only the parts come.
    """
    shown: WeakKeyDictionary[ScriptRunner, str] = WeakKeyDictionary()

    def ran(self: ScriptRunner, request: RerunData) -> None:
        wanted = request.page_script_hash
        if not request.fragment_id_queue or wanted == shown.get(self, wanted):
            run(self, request)
            shown[self] = self._pages_manager.current_page_script_hash

    return ran


def _wrap(owner: type, name: str, wrapper: Callable[[Callable[..., None]], Callable[..., None]]) -> None:
    setattr(owner, name, wrapper(getattr(owner, name)))
