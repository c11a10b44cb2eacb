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
    "finite_number": "is not a finite number",
    "bool_parsing": "is neither true nor false",
    "string_type": "is not a text: put it into quotation marks",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be one of {expected}",
    "string_too_long": "may have at most {max_length} characters",
}
# What follows from another fault, which is told already.
_CONSEQUENCES = {"default_factory_not_called"}


def sentences(error: ValidationError, prefix: str) -> list[str]:
    """One sentence a fault, each beginning with the variable's name."""
    told: list[str] = []
    for fault in error.errors(include_url=False, include_input=False):
        if fault["type"] in _CONSEQUENCES:
            continue
        context = fault.get("ctx", {})
        if fault["type"] == "value_error":
            problem = str(context["error"])
        else:
            problem = _EXPECTED.get(fault["type"], fault["msg"]).format(**context)
        name = f"{prefix}{fault['loc'][0]}".upper() if fault["loc"] else ""
        told.append(f"{name} {problem}.".strip())
    return told
