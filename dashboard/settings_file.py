"""The settings file's part of the settings."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

from dashboard.settings_errors import SettingsError


def path(variable: str, default: Path) -> Path:
    """The file that the variable names, else the default one."""
    named = os.environ.get(variable)
    return Path(named) if named else default


def table(variable: str, default: Path, *, name: str = "ops") -> dict[str, Any]:
    """The table of this name in the file that the variable names, else in the default one.

    Empty where there is no default file, or no such table. Raises SettingsError.
    """
    file = path(variable, default)
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8")).get(name, {})
    except FileNotFoundError as error:
        if os.environ.get(variable):
            raise SettingsError(problems=f"{variable} names {file}, which is not there.") from error
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(problems=f"{file} cannot be read as TOML: {error}.") from error
    if not isinstance(found, dict):
        raise SettingsError(problems=f"{file}: {name} must be a table, begun by a line [{name}].")
    return found
