"""What a renderer cannot do is refused, never left out silently."""

from collections.abc import Set
from dataclasses import fields

from fakes.cloudinary.errors import not_emulated
from fakes.cloudinary.transformation import Component, Layer, Plan

# Fields that say how to deliver, where to look, or what stands in for a missing picture.
_DELIVERED = frozenset({"flags", "flag_arguments", "format", "default_image", "prefix", "quality_mode"})
# Flags that say how to deliver, or that hold anyway: results carry no metadata.
INERT_FLAGS = frozenset(
    {
        "attachment",
        "streaming_attachment",
        "immutable_cache",
        "getinfo",
        "any_format",
        "no_stream",
        "original",
    }
    | {"force_strip", "strip_profile", "keep_iptc", "keep_attribution", "c2pa", "force_icc", "layer_apply"}
    | {"ignore_aspect_ratio", "preserve_transparency", "sanitize"}
)


def check_gaps(asked: Plan, kind: str, known_fields: Set[str], known_flags: Set[str]) -> None:
    """Refuse a plan with a parameter or a flag that its renderer does not know.

    Args:
        asked: The plan.
        kind: What is rendered (`images`).
        known_fields: Fields of `Component` that the renderer uses.
        known_flags: Flags that it uses, besides those of delivery.

    Raises:
        ProviderError: One is not known (501), named.
    """
    for step in asked.steps:
        if isinstance(step, Layer):
            if "layers" not in known_fields:
                raise not_emulated(f"layers on {kind}")
            continue
        _check(step, kind, known_fields | _DELIVERED, known_flags | INERT_FLAGS)


def _check(component: Component, kind: str, known_fields: Set[str], known_flags: Set[str]) -> None:
    for item in fields(Component):
        if item.name not in known_fields and getattr(component, item.name) != item.default:
            raise not_emulated(f"the transformation parameter '{item.name}' on {kind}")
    for flag in component.flags:
        if flag not in known_flags:
            raise not_emulated(f"the flag '{flag}' on {kind}")
