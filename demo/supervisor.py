"""Starts programs, watches them, and leaves none behind, whatever becomes of the process that started them."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil

from demo import guardian
from demo.programs import Program, inherited, tail

START_SECONDS = 60.0
STOP_SECONDS = 10.0


class StartFailed(Exception):
    """A program ended, or did not answer, while it was being started; the message shows its log's end."""


class Supervisor:
    """Child processes by name, each in a session of its own with its own log. A context manager."""

    def __init__(self, logs: Path, *, keep_open: Iterable[int] = ()) -> None:
        """keep_open: descriptors that stay open until the last program is gone (a lock's)."""
        self.logs = logs
        self.logs.mkdir(parents=True, exist_ok=True)
        self._programs: dict[str, Program] = {}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._log_starts: dict[str, int] = {}
        self._telling = threading.Lock()
        self._guardian = subprocess.Popen(
            [sys.executable, "-S", "-E", guardian.__file__],
            stdin=subprocess.PIPE,
            text=True,
            start_new_session=True,
            pass_fds=tuple(keep_open),
        )

    def __enter__(self) -> Supervisor:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def log(self, name: str) -> Path:
        """Where the program of that name writes its output."""
        return self.logs / f"{name}.log"

    def said(self, name: str) -> str:
        """What the program has written since it was last launched."""
        with self.log(name).open("rb") as file:
            file.seek(self._log_starts[name])
            return file.read().decode(errors="replace")

    def launch(self, program: Program) -> subprocess.Popen[bytes]:
        """Start a program without waiting for it. Its first start by this supervisor empties its log."""
        with self.log(program.name).open("ab" if program.name in self._programs else "wb") as log:
            self._log_starts[program.name] = log.tell()
            process = subprocess.Popen(
                program.command,
                env={**inherited(), **program.environment},
                cwd=program.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.adopt(program, process)
        return process

    def adopt(self, program: Program, process: subprocess.Popen[bytes]) -> None:
        """Watch a process that was started in a session of its own."""
        self._tell(f"+{process.pid} {program.stop_signal}")
        self._programs[program.name] = program
        self._processes[program.name] = process

    def wait(
        self, name: str, ready: Callable[[str], bool] | None = None, *, seconds: float = START_SECONDS
    ) -> None:
        """Return when the program is ready, by its own test or by this one.

        Raises StartFailed when it ends or takes longer.
        """
        deadline = time.monotonic() + seconds
        while not self._is_ready(name, ready or self._programs[name].ready):
            if time.monotonic() > deadline:
                raise StartFailed(f"{name} did not get ready in {seconds:.0f} s. {self._evidence(name)}")
            time.sleep(0.05)

    def start(self, program: Program) -> None:
        """Launch a program and wait until it is ready."""
        self.launch(program)
        self.wait(program.name)

    def restart(self, name: str) -> None:
        """Start a program of this supervisor again, as it was."""
        if name in self._processes:
            self.stop(name)
        self.start(self._programs[name])

    def run(self, program: Program, cancelled: threading.Event) -> None:
        """Run a program to its end; it is killed when cancelled is set. Raises StartFailed unless it succeeds."""
        process = self.launch(program)
        while process.poll() is None and not cancelled.wait(0.05):
            pass
        if process.poll() is None:
            self.kill(program.name)
        self._forget(program.name)
        if process.returncode:
            raise StartFailed(f"{program.name} failed. {self._evidence(program.name)}")

    def running(self, name: str) -> bool:
        """Whether the program runs now (a paused one does)."""
        process = self._processes.get(name)
        return process is not None and process.poll() is None

    def ended(self) -> tuple[str, ...]:
        """The names of the programs that ended without being told to."""
        return tuple(name for name in self._processes if not self.running(name))

    def kill(self, name: str) -> int:
        """End a program as a crash would (SIGKILL); answers the process id it had."""
        process = self._processes[name]
        process.kill()
        process.wait()
        return process.pid

    def pause(self, name: str) -> None:
        """Freeze a program and its children (SIGSTOP)."""
        for process in self._family(name):
            process.suspend()

    def resume(self, name: str) -> None:
        """Let a frozen program go on."""
        for process in self._family(name):
            process.resume()

    def stop(self, *names: str) -> None:
        """Ask programs to stop, all at once, and wait; one that does not within STOP_SECONDS is killed."""
        known = [name for name in names if name in self._processes]
        for name in known:
            with contextlib.suppress(psutil.NoSuchProcess):
                self.resume(name)
            self._processes[name].send_signal(self._programs[name].stop_signal)
        deadline = time.monotonic() + STOP_SECONDS
        for name in known:
            self._await_end(name, deadline)
            self._forget(name)

    def close(self) -> None:
        """Stop whatever still runs, last started first, and the guardian with it."""
        for name in reversed(tuple(self._processes)):
            self.stop(name)
        if self._guardian.stdin is not None:
            self._guardian.stdin.close()
        self._guardian.wait()

    def _tell(self, line: str) -> None:
        with self._telling:
            print(line, file=self._guardian.stdin, flush=True)

    def _family(self, name: str) -> list[psutil.Process]:
        process = psutil.Process(self._processes[name].pid)
        return [process, *process.children(recursive=True)]

    def _forget(self, name: str) -> None:
        """Stop watching a program that has ended, and end what it may have left of its own."""
        process = self._processes.pop(name)
        guardian.send(process.pid, signal.SIGKILL)
        self._tell(f"-{process.pid}")

    def _await_end(self, name: str, deadline: float) -> None:
        try:
            self._processes[name].wait(timeout=max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.kill(name)

    def _is_ready(self, name: str, ready: Callable[[str], bool]) -> bool:
        process = self._processes[name]
        if process.poll() is not None:
            raise StartFailed(f"{name} ended at once (exit code {process.returncode}). {self._evidence(name)}")
        return ready(self.said(name))

    def _evidence(self, name: str) -> str:
        return f"Its log, {self.log(name)}, ends with:\n{tail(self.log(name))}"
