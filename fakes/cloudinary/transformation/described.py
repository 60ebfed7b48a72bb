"""Transformations as the Admin API shows them: one object per component, with long names. Pure text.

Source: cloudinary.com/documentation/transformation_reference, and the options of the official SDKs.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from fakes.cloudinary.transformation.values import PARAMETERS

Described = dict[str, str | int | float]

LONG_NAMES: Mapping[str, str] = {
    **{key: parameter.json_name for key, parameter in PARAMETERS.items()},
    "if": "if",
    "l": "overlay",
    "t": "transformation",
    "u": "underlay",
}
_SHORT_NAMES: Mapping[str, str] = {long: short for short, long in LONG_NAMES.items()}
_EXTENSION = re.compile(r"[a-z0-9]{2,5}")


def describe(text: str) -> list[Described]:
    """The components of `c_scale,w_100/e_sepia/jpg`; an empty extension (`c_scale/`) is shown as `none`."""
    components, extension = split_extension(text)
    described = [_component(one) for one in components.split("/") if one]
    if extension is not None:
        described = [*described[:-1], {**(described or [{}])[-1], "extension": extension or "none"}]
    return described


def write(components: Sequence[Mapping[str, object]]) -> str:
    """A transformation as text, its pieces in the order of the SDKs.

    Raises:
        LookupError: A name is none of a piece.
    """
    return "/".join(",".join(sorted(_pieces(one), key=_rank)) for one in components)


def split_extension(text: str) -> tuple[str, str | None]:
    """A transformation and the extension behind it: empty when there is only a slash, None without one."""
    components, slash, last = text.rpartition("/")
    if slash and (not last or _EXTENSION.fullmatch(last)):
        return components, last
    return text, None


def _pieces(component: Mapping[str, object]) -> Iterator[str]:
    for name, value in component.items():
        yield f"{name if name.startswith('$') else _SHORT_NAMES[name]}_{value}"


def _rank(piece: str) -> tuple[bool, bool, str]:
    """Conditions come first, then variables, then the rest by name."""
    return not piece.startswith("if_"), not piece.startswith("$"), piece


def _component(text: str) -> Described:
    described: Described = {}
    for piece in text.split(","):
        key, _, value = piece.partition("_")
        name = key if key.startswith("$") else LONG_NAMES.get(key, key)
        shown = _number(value)
        # Flags come one by one, and the SDKs join them with dots.
        described[name] = f"{described[name]}.{value}" if name in described and name == "flags" else shown
    return described


def _number(text: str) -> str | int | float:
    if re.fullmatch(r"-?\d{1,15}", text):
        return int(text)
    return float(text) if re.fullmatch(r"-?\d{1,15}\.\d{1,15}", text) else text
