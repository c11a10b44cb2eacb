"""Faulty settings told in sentences: which variable, what is wrong, how to mend it. Never a secret's value."""

from __future__ import annotations

from pydantic import ValidationError

from queries.errors import OpsError


class SettingsError(OpsError):
    """The settings cannot be used. {problems}"""


_EXPECTED = {
    "missing": "is not set: give it in the environment, or in the table [ops] of .streamlit/secrets.toml",
    "extra_forbidden": "is not a setting of this console: correct its name or remove it",
    "int_parsing": "is not a whole number",
    "int_from_float": "is not a whole number",
    "float_parsing": "is not a number",
    "decimal_parsing": "is not a number",
    "decimal_type": "is not a number",
    "finite_number": "is not a finite number",
    "bool_parsing": "is neither true nor false",
    "string_type": "is not a text: put it into quotation marks",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be one of {expected}",
    "string_too_long": "may have at most {max_length} characters",
    "tuple_type": "is not a list",
    "model_type": "is not a table of keys and values",
}
# Within a list of tables.
_EXPECTED_WITHIN = _EXPECTED | {
    "missing": "is missing",
    "extra_forbidden": "is not known there: correct its name or remove it",
}
# What follows from another fault, which is told already.
_CONSEQUENCES = {"default_factory_not_called"}


def sentences(error: ValidationError, prefix: str) -> list[str]:
    """One sentence a fault, each beginning with the variable's name."""
    told: list[str] = []
    for fault in error.errors(include_url=False, include_input=False):
        if fault["type"] in _CONSEQUENCES:
            continue
        context, place = fault.get("ctx", {}), fault["loc"]
        expected = _EXPECTED_WITHIN if len(place) > 1 else _EXPECTED
        if fault["type"] == "value_error":
            problem = str(context["error"])
        else:
            problem = expected.get(fault["type"], fault["msg"]).format(**context)
        told.append(f"{_named(place, prefix)} {problem}.".strip())
    return told


def _named(place: tuple[int | str, ...], prefix: str) -> str:
    """The variable, and where in its value: "OPS_PRICE_VERSIONS, entry 2, per_image"."""
    if not place:
        return ""
    within = (f"entry {part + 1}" if isinstance(part, int) else part for part in place[1:])
    return ", ".join((f"{prefix}{place[0]}".upper(), *within))
