"""Cloudinary's transformation grammar: text in, typed steps or an error out.

- `component`, `steps`: what a transformation consists of;
- `values`, `effects`, `colours`, `layers`, `expressions`: how each kind of value is read;
- `chains`: what belongs together; `described`: the Admin API's form.

Conditions and variables are worked out by `fakes.cloudinary.render.plan`, which knows the picture.

Source: cloudinary.com/documentation/transformation_reference.
"""

from collections.abc import Sequence
from urllib.parse import quote

from fakes.cloudinary import formats
from fakes.cloudinary.transformation import chains
from fakes.cloudinary.transformation.chains import Lookup, split
from fakes.cloudinary.transformation.component import (
    Backdrop,
    Border,
    Colour,
    Component,
    Corners,
    Effect,
    Rate,
    Sampling,
    Share,
)
from fakes.cloudinary.transformation.steps import (
    Assignment,
    Branch,
    Chain,
    Conditional,
    Layer,
    LayerBlock,
    LayerSource,
    Pending,
    Piece,
    PlainStep,
    Plan,
    Snapshot,
    Step,
    TextStyle,
    Transformation,
    layers_of,
)

__all__ = [
    "Assignment",
    "Backdrop",
    "Border",
    "Branch",
    "Chain",
    "Colour",
    "Component",
    "Conditional",
    "Corners",
    "Effect",
    "Layer",
    "LayerBlock",
    "LayerSource",
    "Lookup",
    "Pending",
    "Piece",
    "PlainStep",
    "Plan",
    "Rate",
    "Sampling",
    "Share",
    "Snapshot",
    "Step",
    "TextStyle",
    "Transformation",
    "canonical",
    "layers_of",
    "parse",
    "parse_text",
    "split",
    "target_format",
]
# Everything that may stand in a path as it is, but for what escapes and splits.
_SAFE = "!$&'()*+,:;=@-._~|[]{}^"


def parse(components: Sequence[str], lookup: Lookup = lambda _name: None) -> Transformation:
    """Read a chain of components, decoded once.

    Args:
        components: What stands between slashes.
        lookup: Finds the text of a named transformation.

    Raises:
        ProviderError: Something in it is not known, or cannot be (400), or belongs to an add-on (420).
    """
    return Transformation("/".join(map(_escaped, components)), chains.read(components, lookup))


def parse_text(text: str, lookup: Lookup = lambda _name: None) -> Transformation:
    """Read a chain as `eager` and the like spell it.

    Raises:
        ProviderError: As in `parse` (400, 420).
    """
    return parse(split(text), lookup)


def canonical(text: str) -> str:
    """A chain with its escapes made uniform, so that what is delivered finds what was made eagerly.

    The order of pieces stays: `w_1,c_fill` and `c_fill,w_1` are two derived assets.
    """
    return "/".join(map(_escaped, split(text)))


def target_format(
    asked: Chain[Step] | Chain[PlainStep],
    resource_type: str,
    stored: str | None,
    ending: str | None,
    accept: str,
) -> str | None:
    """The format to deliver; None for raw files and originals without one."""
    if resource_type == "raw":
        return None
    chosen = asked.last("format")
    if chosen is not None and chosen.startswith("auto"):
        return formats.automatic(resource_type, accept, stored, chosen.partition(":")[2] or None)
    return chosen or ending or stored


def _escaped(component: str) -> str:
    return quote(component, safe=_SAFE)
