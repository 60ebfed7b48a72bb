"""Checks a handler's input as the validator of RunPod's worker library does, with its words and its quirks.

Source: runpod 1.12.0, `runpod/serverless/utils/rp_validator.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fakes.runpod.models import HandlerError


@dataclass(frozen=True, slots=True)
class Option:
    """One field of an input; a required one has no default."""

    type: type
    default: object = None
    is_required: bool = False


def validated(given: Mapping[str, Any], schema: Mapping[str, Option]) -> dict[str, Any]:
    """The input with all defaults set, and whole numbers as floats where floats are due.

    An explicit null is of the wrong type unless null is the default; a bool passes where the default is a
    whole number.

    Raises:
        HandlerError: Fields that are unknown, missing or of another type; all of them at once.
    """
    said = [f"Unexpected input. {name} is not a valid input option." for name in given if name not in schema]
    merged = dict(given)
    for name, option in schema.items():
        if name not in given and option.is_required:
            said.append(f"{name} is a required input.")
        elif name not in given:
            merged[name] = option.default
    for name, option in schema.items():
        if name in merged:
            merged[name] = _as_float(merged[name]) if option.type is float else merged[name]
            if not _fits(merged[name], option):
                said.append(f"{name} should be {option.type} type, not {type(merged[name])}.")
    if said:
        raise HandlerError(said)
    return merged


def _as_float(value: Any) -> Any:
    if type(value) is not int:
        return value
    try:
        return float(value)
    except OverflowError as error:
        raise HandlerError(str(error)) from error


def _fits(value: Any, option: Option) -> bool:
    is_default_type = not option.is_required and isinstance(value, type(option.default))
    return is_default_type or isinstance(value, option.type)
