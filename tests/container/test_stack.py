"""The full stack, as far as it can be checked without an engine that runs it: everything it names is there."""

from __future__ import annotations

import ast
import re
import stat
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import typer
import yaml

from dashboard import auth, cli, settings, sign_in_settings
from demo import prometheus
from service.__main__ import COMMANDS
from service.settings import Settings as ServiceSettings
from tests.container.stack import FULL, NAME, PORT, SERVICES, make_secrets, prometheus_configuration

ROOT = settings.ROOT
BIN = Path(sys.executable).parent
IMAGES = {"Dockerfile": ".dockerignore", "service/Dockerfile": "service/Dockerfile.dockerignore"}
# Its own settings aside, what a program in an image takes from its environment.
OTHERS = {"SSL_CERT_FILE", "POSTGRES_DB", "POSTGRES_PASSWORD_FILE", "PGHOST", "PGDATABASE"}
LASTING = {name for name, one in SERVICES.items() if one["restart"] != "no"}
PINNED = re.compile(r"^([a-z0-9.-]+)==([^ ]+)", re.MULTILINE)
ADDRESS = re.compile(r"(?:https?|postgresql)://[^/;\"\s]+")
EVERYWHERE = "0.0.0.0"  # noqa: S104  # where the container listens


def of_image(image: str) -> dict[str, dict[str, Any]]:
    return {name: one for name, one in SERVICES.items() if one["image"].startswith(image)}


def words(command: object) -> list[str]:
    return list(map(str, command)) if isinstance(command, list) else []


@pytest.mark.parametrize("file", ["compose.yaml", "compose.full.yaml"])
def test_each_file_is_valid(file: str) -> None:
    check = [BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", ROOT / file]
    subprocess.run(check, check=True)


@pytest.mark.parametrize("image", IMAGES)
def test_each_image_is_written_well(image: str) -> None:
    subprocess.run([BIN / "hadolint", "--failure-threshold", "style", ROOT / image], check=True)


@pytest.mark.parametrize(("image", "ignored"), IMAGES.items())
def test_each_image_gets_files_that_are_there(image: str, ignored: str) -> None:
    lines = re.findall(r"^COPY (?!--from)(.+)$", (ROOT / image).read_text(), re.MULTILINE)
    copied = {source for line in lines for source in line.split()[:-1]}
    allowed = {line[1:] for line in (ROOT / ignored).read_text().splitlines() if line.startswith("!")}
    assert copied == allowed
    assert copied
    assert all((ROOT / name).exists() for name in copied)


def test_the_services_image_gets_what_it_imports_and_nothing_of_the_console() -> None:
    lock, tested = ((ROOT / name).read_text() for name in ("requirements-service.lock", "requirements.lock"))
    assert set(PINNED.findall(lock)) <= set(PINNED.findall(tested))
    shipped = {name for name, _ in PINNED.findall(lock)}
    owners = packages_distributions()
    foreign = {owners[name][0].lower().replace("_", "-") for name in imported(ROOT / "service")}
    assert {"fastapi", "psycopg-pool"} <= foreign <= shipped
    assert not shipped & {"streamlit", "pandas", "sqlalchemy", "pytest"}


def imported(folder: Path) -> set[str]:
    """The modules of others that the files of a package import."""
    nodes = [node for file in folder.glob("*.py") for node in ast.walk(ast.parse(file.read_text()))]
    named = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    named += [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    return {name.partition(".")[0] for name in named} - set(sys.stdlib_module_names) - {folder.name}


def test_each_file_that_is_mounted_is_there() -> None:
    mounted = [volume.split(":") for one in SERVICES.values() for volume in one.get("volumes", ())]
    here = [source for source, *_ in mounted if source.startswith(".")]
    assert len(here) >= 6
    assert all((ROOT / source).exists() for source in here)
    assert {source for source, *_ in mounted} - set(here) == set(FULL["volumes"])
    assert all(rest[-1] == "ro" for source, *rest in mounted if source.startswith("."))


def test_each_secret_is_made_by_the_script_and_never_committed(made: Path) -> None:
    named = {secret for one in SERVICES.values() for secret in one.get("secrets", ())}
    assert named == set(FULL["secrets"])
    files = {one["file"] for one in FULL["secrets"].values()}
    files |= {file for one in SERVICES.values() for file in one.get("env_file", ())}
    there = {path.name for path in made.iterdir()}
    assert {Path(file).name for file in files} == there - {"password"}
    assert {Path(file).parent.name for file in files} == {".secrets"}
    assert ".secrets/" in (ROOT / ".gitignore").read_text().splitlines()


def test_the_script_makes_other_secrets_each_time_and_shows_them_to_nobody_else(
    tmp_path: Path, made: Path
) -> None:
    told = make_secrets(tmp_path / "new")
    assert (tmp_path / "new" / "password").read_text().strip() in told
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == stat.S_IRWXU
    for path in made.iterdir():
        assert path.read_text() != (tmp_path / "new" / path.name).read_text()
    with pytest.raises(subprocess.CalledProcessError) as refused:
        make_secrets(tmp_path / "new")
    assert "is there already" in refused.value.stderr


def test_each_setting_is_one(made: Path) -> None:
    console = {f"{settings.PREFIX}{name.upper()}" for name in settings.Settings.model_fields}
    named = {name for one in SERVICES.values() for name in one.get("environment", ())}
    assert named - OTHERS <= console | {settings.FILE_VARIABLE}
    service = {f"BOOKGEN_{name.upper()}" for name in ServiceSettings.model_fields} | {"PROMETHEUS_MULTIPROC_DIR"}
    given = set(re.findall(r"^(\w+)=", (made / "service.env").read_text(), re.MULTILINE))
    assert given == {"BOOKGEN_DATABASE_URL", "BOOKGEN_ADMIN_KEY"}
    built = set(re.findall(r"\b(BOOKGEN_\w+|PROMETHEUS_\w+)=", (ROOT / "service" / "Dockerfile").read_text()))
    assert built
    assert given | built <= service


@pytest.mark.parametrize("file", ["console.toml", "owner.toml"])
def test_the_console_starts_with_its_settings(made: Path, monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    for name, value in SERVICES["console"]["environment"].items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(settings.FILE_VARIABLE, str(made / file))
    settings.load.cache_clear()
    here = settings.load()
    settings.load.cache_clear()
    assert not list(sign_in_settings.problems(auth.auth_table()))
    auth.check(here, EVERYWHERE)
    assert (here.auth, here.environment, here.allowed_hosts) == ("oidc", "staging", NAME)


def test_console_proxy_and_provider_speak_of_one_another(made: Path) -> None:
    console = tomllib.loads((made / "console.toml").read_text())
    provider = yaml.safe_load((ROOT / "deploy" / "dex.yaml").read_text())
    proxy = (ROOT / "deploy" / "nginx.conf").read_text()
    (client,) = provider["staticClients"]
    assert provider["issuer"] == f"https://{NAME}:{PORT}/dex"
    assert console["auth"]["server_metadata_url"] == provider["issuer"] + "/.well-known/openid-configuration"
    assert console["auth"]["client_id"] == client["id"]
    assert [console["auth"]["redirect_uri"]] == client["redirectURIs"]
    assert "groups" in console["auth"]["client_kwargs"]["scope"].split()
    assert console["ops"]["roles_claim"] == "groups"
    people = [set(person["groups"]) for person in provider["staticPasswords"]]
    assert set().union(*people) == set(console["ops"]["role_names"])
    assert f"server_name {NAME};" in proxy
    assert SERVICES["proxy"]["ports"] == [f"127.0.0.1:{PORT}:{PORT}"]
    assert SERVICES["proxy"]["networks"]["inside"]["aliases"] == [NAME]
    variables = {client["secretEnv"], *(person["hashFromEnv"] for person in provider["staticPasswords"])}
    assert variables == set(re.findall(r"^(\w+)=", (made / "dex.env").read_text(), re.MULTILINE))


def test_each_address_is_a_service_of_the_stack(made: Path) -> None:
    files = [
        ROOT / "deploy" / "nginx.conf",
        *(made / name for name in ("console.toml", "owner.toml", "service.env")),
    ]
    addresses = {address for file in files for address in ADDRESS.findall(file.read_text())}
    asked = {(urlsplit(address).hostname, urlsplit(address).port) for address in addresses}
    assert asked == {
        *(("console", 8501), ("provider", 5556)),
        *(("postgres", 5432), ("api", 8000)),
        (NAME, PORT),
    }
    assert {name for name, _ in asked} <= {*SERVICES, NAME}
    probes = [one["healthcheck"]["test"][-1] for one in SERVICES.values() if "healthcheck" in one]
    assert all(urlsplit(probe).hostname == "127.0.0.1" for probe in probes if "://" in probe)


def test_nothing_waits_for_what_never_comes() -> None:
    checked = {name for name in SERVICES if "healthcheck" in SERVICES[name]} | {"console"}
    for name, one in SERVICES.items():
        for other, wanted in one.get("depends_on", {}).items():
            ready = {"service_healthy": checked, "service_completed_successfully": set(SERVICES) - LASTING}
            assert other in ready[wanted["condition"]], (name, other)
        assert not waits_for_itself(name), name


def waits_for_itself(name: str) -> bool:
    """Whether a service waits, by however many others, for itself."""
    waits, seen = list(SERVICES[name].get("depends_on", ())), set()
    while waits:
        seen.add(waits.pop())
        waits = [one for each in seen for one in SERVICES[each].get("depends_on", ()) if one not in seen]
    return name in seen


def test_each_network_is_one_and_the_database_is_on_none_that_leads_out() -> None:
    assert {network for one in SERVICES.values() for network in one["networks"]} == set(FULL["networks"])
    assert FULL["networks"]["data"] == {"internal": True}
    assert SERVICES["postgres"]["networks"] == ["data"]


def test_everything_is_held_tight() -> None:
    for name, one in SERVICES.items():
        assert one["read_only"] is True, name
        assert one["cap_drop"] == ["ALL"], name
        assert "cap_add" not in one, name
        assert one["security_opt"] == ["no-new-privileges:true"], name
        assert not one.get("privileged"), name
        assert set(one["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}, name
        assert all(port.startswith("127.0.0.1:") for port in one.get("ports", ())), name
        assert re.search(r":(local|v?\d+\.\d+[\w.-]*)$", one["image"]), name


def test_whatever_lasts_is_asked_whether_it_lives() -> None:
    asked = {name for name in LASTING if "healthcheck" in SERVICES[name]}
    assert LASTING - asked == {"console"}
    assert "HEALTHCHECK" in (ROOT / "Dockerfile").read_text()


def test_nobody_is_root() -> None:
    for image in IMAGES:
        assert re.findall(r"^USER (.+)$", (ROOT / image).read_text(), re.MULTILINE) == ["10001:10001"]
    numbered = {name for name, one in SERVICES.items() if re.fullmatch(r"[1-9]\d*:[1-9]\d*", str(one.get("user")))}
    # Both of these images name nobody as their user.
    assert numbered | set(of_image("bookgen-")) | {"prometheus", "alertmanager"} == set(SERVICES)


def test_each_command_is_one() -> None:
    console = typer.main.get_command(cli.app)
    for one in of_image("bookgen-ops-dashboard").values():
        name, *options = words(one.get("command")) or ["serve", "--host", EVERYWHERE]
        console.commands[name].make_context(name, options)  # type: ignore[attr-defined]
    service = of_image("bookgen-service").values()
    assert {word for one in service for word in words(one["command"])} <= set(COMMANDS)
    probes = [words(one["healthcheck"]["test"]) for one in service if "healthcheck" in one]
    assert len(probes) == 3
    assert all(start == ["CMD", "python", "-m", "service"] and probe in COMMANDS for *start, probe in probes)


@pytest.mark.parametrize("alertmanager", ["alertmanager:9093", ""])
def test_prometheus_takes_its_configuration(tmp_path: Path, alertmanager: str) -> None:
    binaries = prometheus.find()
    assert binaries, "scripts/install prometheus"
    written = prometheus_configuration(SERVICE="api:8000", ALERTMANAGER=alertmanager)
    (told,) = yaml.safe_load(written)["alerting"]["alertmanagers"][0]["static_configs"]
    assert told["targets"] == ([alertmanager] if alertmanager else [])
    file = tmp_path / "prometheus.yml"
    file.write_text(written.replace("/etc/prometheus/rules", str(prometheus.RULES)))
    subprocess.run([binaries.promtool, "check", "config", file], check=True, capture_output=True)
