"""A gate of TCP before a real server: shut at first, then open, or hanging."""

from __future__ import annotations

import socket
from contextlib import suppress
from threading import Event, Thread
from typing import Self

BYTES = 65536


class Gate:
    """A context manager. Its port is taken from the start, and refuses connections until open()."""

    def __init__(self, host: str, port: int) -> None:
        self._behind = host, port
        self._flows = Event()
        self._flows.set()
        self._sockets: list[socket.socket] = []
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._flows.set()
        for each in (self._listener, *self._sockets):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def open(self) -> None:
        """Let everybody through."""
        self._listener.listen()
        Thread(target=self._let_in, daemon=True).start()

    def hang(self) -> None:
        """Take connections, and let not a byte through."""
        self._flows.clear()

    def _let_in(self) -> None:
        with suppress(OSError):  # the gate is gone
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._behind)
                self._sockets += [client, server]
                for way in ((client, server), (server, client)):
                    Thread(target=self._pass_on, args=way, daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(BYTES):
                self._flows.wait()
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
