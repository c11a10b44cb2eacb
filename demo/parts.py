"""The programs of the stack: their commands, environments and signs of life."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from demo.prices import SPEED
from demo.programs import Program, python, says, serves
from demo.releases import NEWEST

POSTGRES, PROMETHEUS, API, MONITOR, CONSOLE, TRAFFIC = (
    *("postgres", "prometheus", "api"),
    *("monitor", "console", "traffic"),
)
HOST = "127.0.0.1"
KEY_VARIABLE = "DEMO_ADMIN_KEY"
# So that users keep their aliases when the demo starts anew.
ALIAS_KEY = "demo"
# Some days near what a month comes to, so that its end is open.
MONTHLY_BUDGET = "2400"
POSTGRES_PROGRAM = Program(POSTGRES, (), stop_signal=signal.SIGINT)


def worker_name(number: int) -> str:
    return f"worker-{number}"


@dataclass(frozen=True)
class Parts:
    """What all programs are told. The two databases are one, seen by its owner and by the console's role."""

    directory: Path
    counters: Path
    api_port: int
    console_port: int
    admin_key: str
    service_database: str
    console_database: str
    timezone: str
    service_env: Mapping[str, str]
    console_env: Mapping[str, str]

    @property
    def api_address(self) -> str:
        return f"{HOST}:{self.api_port}"

    @property
    def console_address(self) -> str:
        return f"{HOST}:{self.console_port}"

    @property
    def service_url(self) -> str:
        return f"http://{self.api_address}"

    @property
    def console_url(self) -> str:
        return f"http://{self.console_address}"

    def api(self) -> Program:
        return Program(API, python("service", "api"), self._service(), serves(f"{self.service_url}/health/live"))

    def worker(self, number: int) -> Program:
        """One worker process; the service wants at least two."""
        return Program(worker_name(number), python("service", "worker"), self._service(), says("worker started"))

    def monitor(self) -> Program:
        return Program(MONITOR, python("service", "monitor"), self._service(), says("monitor started"))

    def console(self, prometheus_url: str | None) -> Program:
        """The console, which knows nothing but addresses."""
        nothing_else = self.directory / "settings.toml"
        nothing_else.write_text("[ops]\n")
        environment = {
            "OPS_DATABASE_URL": self.console_database,
            "OPS_SERVICE_URL": self.service_url,
            "OPS_SERVICE_ADMIN_KEY": self.admin_key,
            "OPS_PROMETHEUS_URL": prometheus_url or "",
            "OPS_TIMEZONE": self.timezone,
            "OPS_SERVICE_TIMEZONE": "UTC",
            "OPS_ENVIRONMENT": "demo",
            "OPS_AUTH": "demo",
            "OPS_ALIAS_KEY": ALIAS_KEY,
            "OPS_MONTHLY_BUDGET": MONTHLY_BUDGET,
            "OPS_SETTINGS_FILE": str(nothing_else),
            **self.console_env,
        }
        command = python("dashboard.cli", "serve", "--host", HOST, "--port", str(self.console_port))
        return Program(CONSOLE, command, environment, serves(f"{self.console_url}/healthz"))

    def traffic(self, seed: int) -> Program:
        """People who ask for books, and providers that now and then fail."""
        command = python("demo.traffic", self.service_url, str(seed), self.timezone)
        return Program(TRAFFIC, command, {KEY_VARIABLE: self.admin_key}, says("asking for books"))

    def _service(self) -> dict[str, str]:
        return {
            "BOOKGEN_DATABASE_URL": self.service_database,
            "BOOKGEN_ADMIN_KEY": self.admin_key,
            "BOOKGEN_HOST": HOST,
            "BOOKGEN_PORT": str(self.api_port),
            "BOOKGEN_DEMO": "1",
            "BOOKGEN_VERSION": NEWEST.version,
            "BOOKGEN_COMMIT": NEWEST.commit,
            "BOOKGEN_SPEED": str(SPEED),
            "PROMETHEUS_MULTIPROC_DIR": str(self.counters),
            **self.service_env,
        }
