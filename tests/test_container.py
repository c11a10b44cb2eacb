"""The console's own stack, and what its image is made of. container/ checks the full stack and all files."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from dashboard.settings import PREFIX, ROOT, Settings

COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
LOCKED = re.compile(r"^([a-z0-9.-]+==[^ ]+)", re.MULTILINE)


def test_every_setting_is_one() -> None:
    named = {name for service in COMPOSE["services"].values() for name in service.get("environment", ())}
    known = {f"{PREFIX}{field.upper()}" for field in Settings.model_fields} | {f"{PREFIX}SETTINGS_FILE"}
    assert named
    assert named <= known


def test_everything_is_held_tight() -> None:
    for name, service in COMPOSE["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ())), name


def test_the_image_gets_what_is_tested() -> None:
    tested, shipped = (
        set(LOCKED.findall((ROOT / name).read_text()))
        for name in ("requirements.lock", "requirements-runtime.lock")
    )
    assert shipped
    assert shipped <= tested
    assert not {one.partition("==")[0] for one in shipped} & {"pytest", "playwright", "fastapi"}


def test_no_known_vulnerability_is_told_apart_from_nobody_asked(tmp_path: Path) -> None:
    """pip-audit itself ends well where its database knows none of the packages."""
    folder = tmp_path / "checkout"
    (folder / "scripts").mkdir(parents=True)
    for name in ("audit", "audit-ignored.toml"):
        shutil.copy(ROOT / "scripts" / name, folder / "scripts" / name)
    (folder / "requirements.lock").touch()
    audits = {
        "clean": ([{"name": "a", "version": "1", "vulns": []}], 0, 0, "No known vulnerability in 1 of 1"),
        "vulnerable": (
            [{"name": "a", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}],
            1,
            1,
            "a 1: PYSEC-1, mended in 2",
        ),
        "unreachable": ([{"name": "a", "skip_reason": "not found"}], 0, 3, "NOT AUDITED"),
        "broken": (None, 0, 3, "NOT AUDITED"),
    }
    for answer, loose, strict, told in audits.values():
        module = folder / "pip_audit.py"
        module.write_text(f"print({'' if answer is None else json.dumps(json.dumps({'dependencies': answer}))})")
        for mode, code in (("", loose), ("strict", strict)):
            result = subprocess.run(
                [sys.executable, folder / "scripts" / "audit"],
                env={**os.environ, "AUDIT": mode, "PYTHONPATH": str(folder)},
                capture_output=True,
                text=True,
                check=False,
            )
            assert (result.returncode, told in result.stdout) == (code, True), (answer, mode, result)
