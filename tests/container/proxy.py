"""The stack's reverse proxy as a process, with its own configuration on addresses of this machine."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dashboard.settings import ROOT
from demo.postgres import free_port
from tests.browser.people import eventually
from tests.container.stack import NAME, PORT

CONFIGURATION = ROOT / "deploy" / "nginx.conf"
PLACES = (None, "/usr/sbin", str(ROOT / ".test-tools" / "nginx" / "usr" / "sbin"))


def program() -> str:
    """The machine's nginx, or the one that scripts/install unpacked."""
    found = next(filter(None, (shutil.which("nginx", path=folder) for folder in PLACES)), None)
    assert found, "scripts/install nginx"
    return found


def configured(secrets: Path, port: int, console: str, provider: str) -> str:
    """The configuration with places of this machine in place of the stack's; nothing else is changed."""
    written = CONFIGURATION.read_text()
    for there, here in {
        f"listen {PORT} ssl": f"listen 127.0.0.1:{port} ssl",
        "listen 127.0.0.1:8080": f"listen 127.0.0.1:{free_port()}",
        "/run/secrets/certificate-key": str(secrets / "certificate-key.pem"),
        "/run/secrets/certificate;": f"{secrets / 'certificate.pem'};",
        f"server_name {NAME}": "server_name localhost",
        "http://console:8501": f"http://{console}",
        "http://provider:5556": f"http://{provider}",
    }.items():
        assert there in written
        written = written.replace(there, here)
    return written


@contextmanager
def proxying(
    folder: Path, secrets: Path, port: int, console: str, provider: str = "127.0.0.1:1"
) -> Iterator[Path]:
    """A running proxy on this port; answers its log."""
    file, log = folder / "nginx.conf", folder / "nginx.log"
    file.write_text(configured(secrets, port, console, provider))
    # As root it would give its work to somebody who may not enter this folder.
    told = "daemon off; user root;" if os.geteuid() == 0 else "daemon off;"
    command = [program(), "-p", str(folder), "-e", "stderr", "-c", str(file), "-g", told]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        eventually(lambda: process.poll() is not None or listens(port))
        assert process.poll() is None, log.read_text()
        yield log
    finally:
        process.terminate()
        process.wait(timeout=30)


def listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
