"""docs/settings.md, written from the settings themselves: python -m dashboard.settings_document."""

from __future__ import annotations

from pydantic.fields import FieldInfo

from dashboard.settings import FILE_VARIABLE, PREFIX, ROOT, Settings

PATH = ROOT / "docs" / "settings.md"
_HEAD = f"""\
# Settings

Each setting is an environment variable, or a key in the table `[ops]` of `.streamlit/secrets.toml` under its name
in lower case and without `{PREFIX}` (`database_url = "…"`). The environment wins. `{FILE_VARIABLE}` names another
file. What has no default is not configured, and whatever depends on it says so. `ops-dashboard doctor` checks all.

This table is written by `python -m dashboard.settings_document`.

| setting | default | meaning |
|---|---|---|
"""


def text() -> str:
    """Every setting, its default and what it means, as Markdown."""
    rows = [
        f"| `{PREFIX}{name.upper()}` | {_default(field)} | {field.description} |\n"
        for name, field in Settings.model_fields.items()
    ]
    return _HEAD + "".join(rows)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default_factory is not None:
        return "`OPS_DATABASE_URL`"
    if isinstance(field.default, bool):
        return f"`{str(field.default).lower()}`"
    return "" if field.default in (None, ()) else f"`{field.default}`"


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
