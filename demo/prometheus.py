"""The real Prometheus and its promtool: where to find them, how to start the one and fill it with the other."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from string import Template

from demo.programs import ROOT, Program, answers
from demo.supervisor import Supervisor

UNPACKED = Path(".test-tools") / "prometheus"
TEMPLATE = ROOT / "prometheus" / "prometheus.yml"
RULES = ROOT / "prometheus" / "rules"
NAME = "prometheus"
JOB, INSTANCE = "bookgen", "service"
RETENTION = "400d"
# promtool keeps one core busy; Postgres is filled on another meanwhile.
LOADERS = 2
MISSING = f"""Prometheus is not installed here, so the demo goes on without it; panels that need it say so.
  to get it:     sudo apt-get install prometheus
  without root:  mkdir -p {UNPACKED.parent} && cd {UNPACKED.parent} && apt-get download prometheus \
&& dpkg-deb -x prometheus_*.deb {UNPACKED.name}
  on a Mac:      brew install prometheus"""


@dataclass(frozen=True)
class Binaries:
    """The two programs of one Prometheus release."""

    prometheus: Path
    promtool: Path


def find(root: Path = ROOT) -> Binaries | None:
    """The machine's Prometheus, or one unpacked into the checkout; None where there is neither."""
    for folder in (None, str(root / UNPACKED / "usr" / "bin")):
        server, tool = shutil.which("prometheus", path=folder), shutil.which("promtool", path=folder)
        if server and tool:
            return Binaries(Path(server), Path(tool))
    return None


def configure(path: Path, *, service: str, console: str) -> None:
    """Write the configuration that scrapes these two host:port addresses and loads the rules."""
    filled = Template(TEMPLATE.read_text()).substitute(service=service, console=console, rules=RULES)
    path.write_text(filled)


@dataclass
class Server:
    """One Prometheus over one data directory, run by a supervisor. port is 0 until the first launch chose one."""

    supervisor: Supervisor
    binaries: Binaries
    data: Path
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def configuration(self) -> Path:
        return self.data.with_suffix(".yml")

    def launch(self, service: str, console: str) -> None:
        """Start it scraping these host:port, and return once its port is known: it may not be ready by then."""
        configure(self.configuration, service=service, console=console)
        self.supervisor.start(self._program(self._listens))

    def start(self) -> None:
        """Start it again as it was launched, and wait until it answers questions."""
        self.supervisor.start(self._program(self._answers))

    def wait(self) -> None:
        """Return when it answers questions."""
        self.supervisor.wait(NAME, self._answers)

    def _program(self, ready: Callable[[str], bool]) -> Program:
        command = (
            str(self.binaries.prometheus),
            f"--config.file={self.configuration}",
            f"--storage.tsdb.path={self.data}",
            f"--storage.tsdb.retention.time={RETENTION}",
            f"--web.listen-address=127.0.0.1:{self.port}",
        )
        return Program(NAME, command, ready=ready)

    def _listens(self, said: str) -> bool:
        found = re.search(r'msg="Listening on" address=127\.0\.0\.1:(\d+)', said)
        self.port = int(found[1]) if found else self.port
        return found is not None

    def _answers(self, said: str) -> bool:
        return self._listens(said) and answers(f"{self.url}/-/ready")


def load(
    supervisor: Supervisor, binaries: Binaries, inputs: Iterable[Path], data: Path, cancelled: threading.Event
) -> None:
    """Turn OpenMetrics files into blocks of the data directory, LOADERS at a time, as the files come.

    Raises StartFailed with promtool's own words, also when cancelled is set meanwhile.
    """
    data.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(LOADERS) as pool:
        loads = [
            pool.submit(_load, supervisor, binaries, path, data, cancelled) for path in _until(inputs, cancelled)
        ]
    for done in loads:
        done.result()


def _until(inputs: Iterable[Path], cancelled: threading.Event) -> Iterator[Path]:
    for path in inputs:
        if cancelled.is_set():
            return
        yield path


def _load(supervisor: Supervisor, binaries: Binaries, path: Path, data: Path, cancelled: threading.Event) -> None:
    command = (
        str(binaries.promtool),
        *("tsdb", "create-blocks-from", "--max-block-duration=744h", "--quiet"),
        *("openmetrics", str(path), str(data)),
    )
    supervisor.run(Program(f"promtool-{path.stem}", command), cancelled)
    path.unlink()
