"""Cloudinary's transformation grammar as typed values. Pure text in, values or an error out.

Source: cloudinary.com/documentation/transformation_reference.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any

from fakes.cloudinary import formats
from fakes.cloudinary.errors import transformation_refused
from fakes.cloudinary.transformation.values import CROPPING, READERS, Effect, Share


@dataclass(frozen=True, slots=True)
class Component:
    """One component: what stands between two slashes. Lengths in pixels, times in seconds."""

    width: int | Share | None = None
    height: int | Share | None = None
    aspect: Fraction | None = None
    crop: str | None = None
    gravity: str | None = None
    x: int = 0
    y: int = 0
    angle: tuple[str, ...] = ()
    radius: int | str | None = None
    opacity: int | None = None
    background: tuple[int, int, int] | None = None
    effect: Effect | None = None
    start: float | Share | None = None
    end: float | Share | None = None
    length: float | Share | None = None
    quality: int | None = None
    video_codec: str | None = None
    audio_codec: str | None = None
    audio_hz: int | None = None
    bit_rate: int | None = None
    fps: float | None = None
    format: str | None = None
    flags: tuple[str, ...] = ()
    attachment: str | None = None


@dataclass(frozen=True, slots=True)
class Transformation:
    """A chain of components, each of which works on what the one before made.

    Attributes:
        text: As it was written; the key under which results are kept.
    """

    text: str
    components: tuple[Component, ...] = ()

    @property
    def changes(self) -> bool:
        """Whether the bytes can differ from the original's."""
        inert = {"flags", "attachment", "format"}
        return any(
            getattr(one, item.name) != item.default
            for one in self.components
            for item in fields(Component)
            if item.name not in inert and item.name not in ("x", "y", "gravity")
        )

    @property
    def attachment(self) -> str | None:
        """Name for the download; empty for the asset's own, None when it is not asked for."""
        name: str | None = self.last("attachment")
        return name

    @property
    def is_automatic(self) -> bool:
        """Whether the Accept header decides on the format."""
        return (self.last("format") or "").startswith("auto")

    def last(self, name: str) -> Any:
        """The value of a field in the last component that sets it."""
        values = [getattr(one, name) for one in self.components if getattr(one, name) is not None]
        return values[-1] if values else None


def parse(components: Sequence[str]) -> Transformation:
    """Read a chain of components.

    Raises:
        ProviderError: Something in it is not known, cannot be, or is not emulated (400).
    """
    return Transformation("/".join(components), tuple(_component(one) for one in components))


def parse_text(text: str) -> Transformation:
    """Read a chain as `eager` and the like spell it.

    Raises:
        ProviderError: As in `parse` (400).
    """
    return parse([piece for piece in text.split("/") if piece])


def target_format(
    asked: Transformation, resource_type: str, stored: str | None, ending: str | None, accept: str
) -> str | None:
    """The format to deliver; None for raw files and originals without one."""
    if resource_type == "raw":
        return None
    chosen = asked.last("format")
    if chosen is not None and chosen.startswith("auto"):
        return formats.automatic(resource_type, accept, stored, chosen.partition(":")[2] or None)
    return chosen or ending or stored


def _component(text: str) -> Component:
    if text.startswith(("if_", "$")):
        raise transformation_refused(f"Invalid transformation component - {text}")
    values: dict[str, Any] = {}
    flags: list[str] = []
    for piece in text.split(","):
        key, _, value = piece.partition("_")
        if key == "fl":
            _flag(value, flags, values)
            continue
        if key == "t":
            raise transformation_refused(f"Unknown transformation {value}")
        reader = READERS.get(key)
        if reader is None or not value:
            raise transformation_refused(f"Invalid transformation component - {piece}")
        name, long_name, read = reader
        try:
            values[name] = read(value)
        except (ValueError, ArithmeticError) as error:
            raise transformation_refused(f"Invalid {long_name} in transformation: {value}") from error
    component = Component(**values, flags=tuple(flags))
    _check(component)
    return component


def _check(component: Component) -> None:
    gravity = component.gravity or ""
    if gravity.startswith(("auto", "face")) and component.crop not in CROPPING:
        raise transformation_refused(f"Invalid gravity in transformation: {gravity}")
    has_size = component.width is not None or component.height is not None or component.aspect is not None
    if component.crop is not None and not has_size:
        raise transformation_refused("Must supply width or height")  # guess: wording


def _flag(value: str, flags: list[str], values: dict[str, Any]) -> None:
    name, _, argument = value.partition(":")
    if name == "attachment":
        values["attachment"] = argument
    elif name in ("progressive", "immutable_cache", "keep_iptc", "force_strip", "strip_profile"):
        flags.append(name)
    else:
        raise transformation_refused(f"Invalid flag in transformation: {value}")
