"""What a transformation consists of: dataclasses only, no reading and no doing.

A `Transformation` is what was written; its steps may hold variables and conditions. A `Plan` is what is left
to do for one asset once those are worked out (`fakes.cloudinary.render.plan`): components and layers whose
every value is known. Renderers see plans only.

Source: cloudinary.com/documentation/transformation_reference.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from fakes.cloudinary.transformation.component import Component, Effect, is_changing
from fakes.cloudinary.transformation.expressions import Expression


@dataclass(frozen=True, slots=True)
class TextStyle:
    """How the letters of a text layer look (`Arial_64_bold_underline_center_letter_spacing_4`)."""

    font: str
    size_px: float
    weight: str = "normal"
    style: str = "normal"
    decoration: str = "none"
    align: str | None = None
    has_stroke: bool = False
    letter_spacing_px: float = 0.0
    line_spacing_px: float | None = None
    antialias: str | None = None
    hinting: str | None = None


_NOWHERE = Component()
LayerKind = Literal["image", "video", "audio", "text", "subtitles", "lut"]


@dataclass(frozen=True, slots=True)
class LayerSource:
    """Where a layer comes from.

    Attributes:
        kind: What it is used as; a LUT is a table of colours.
        type: Type of the asset (`upload`, `private`, `authenticated`, `fetch`...).
        public_id: With `/`, an extension as it was written; None for `fetch`, and for texts that bring their
            style: else it names the text image whose style is used.
        url: For `fetch`.
        text: Decoded; for texts.
        style: For texts and subtitles that bring one.
    """

    kind: LayerKind
    type: str = "upload"
    public_id: str | None = None
    url: str | None = None
    text: str | None = None
    style: TextStyle | None = None

    @property
    def resource_type(self) -> str:
        """Resource type of the asset that it names."""
        if self.kind in ("video", "audio"):
            return "video"
        return "raw" if self.kind in ("subtitles", "lut") else "image"

    @property
    def name(self) -> str:
        """What errors call it."""
        return self.public_id or self.url or ""


@dataclass(frozen=True, slots=True)
class Layer:
    """Something laid over or under the picture, mixed into the sound, or spliced on.

    Attributes:
        is_under: `u_`: below the picture.
        steps: What is done to the layer itself, in order, before it is put in its place.
        placing: The last component: `gravity`, `x`, `y`, `start`, `end`, `length` say where and when,
            `effect` how it is blended (`multiply`, `screen`, `mask`, `cut_out`...), `flags` the rest
            (`tiled`, `relative`...).
    """

    source: LayerSource
    is_under: bool = False
    steps: "tuple[Component | Layer, ...]" = ()
    placing: Component = _NOWHERE

    @property
    def transition(self) -> "Layer | None":
        """The video that says how one turns into the other (`e_transition`), during `placing.length`."""
        layers = (step for step in self.steps if isinstance(step, Layer))
        return next((one for one in layers if one.placing.effect == Effect("transition")), None)

    @property
    def is_splice(self) -> bool:
        """Whether it goes before or behind the video instead of over it; before when `placing.start` is 0."""
        return self.placing.has("splice") or self.transition is not None


@dataclass(frozen=True, slots=True)
class Piece:
    """`w_100` of a component: a key and its value as written, decoded."""

    key: str
    value: str

    @property
    def text(self) -> str:
        """As it was written."""
        return f"{self.key}_{self.value}"


@dataclass(frozen=True, slots=True)
class Pending:
    """A component whose values hold variables or sums."""

    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Assignment:
    """`$name_value`. For `$name_ref:!public_id!` the value is the public id."""

    name: str
    value: Expression


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`$name_current`: the picture as it is at this step, to be laid over or under it later (`l_$name`)."""

    name: str


@dataclass(frozen=True, slots=True)
class Branch:
    """Steps for when a condition holds; `condition` is None for `if_else`."""

    condition: Expression | None
    steps: "tuple[Step, ...]"


@dataclass(frozen=True, slots=True)
class Conditional:
    """The first branch whose condition holds is done."""

    branches: tuple[Branch, ...]


@dataclass(frozen=True, slots=True)
class LayerBlock:
    """A layer as written, from `l_...` up to its `fl_layer_apply`.

    Attributes:
        source: What follows `l_` or `u_`; variables may be in it.
        own: The other pieces of the opening component that are about the layer itself.
        steps: The components between.
        placing: The pieces of the closing component, and those of the opening one that are about placing.
    """

    source: str
    is_under: bool
    own: tuple[Piece, ...]
    steps: "tuple[Step, ...]"
    placing: tuple[Piece, ...]


Step = Component | Pending | Assignment | Snapshot | Conditional | LayerBlock
"""As written."""
PlainStep = Component | Layer
"""As it can be done."""
_S = TypeVar("_S")


@dataclass(frozen=True, slots=True)
class Chain(Generic[_S]):
    """Steps from left to right, each of which works on what the one before made.

    Attributes:
        text: As it was written, escapes made uniform; the key under which results are kept.
    """

    text: str
    steps: tuple[_S, ...] = ()

    @property
    def components(self) -> tuple[Component, ...]:
        """The components that are not part of a layer; of all branches as long as none is chosen."""
        return tuple(_components(self.steps))

    @property
    def changes(self) -> bool:
        """Whether the bytes can differ from the original's."""
        return any(not isinstance(step, Component) or is_changing(step) for step in self.steps)

    @property
    def attachment(self) -> str | None:
        """Name for the download; empty for the asset's own, None when it is not asked for."""
        name: str | None = self.last("attachment")
        return name

    @property
    def is_automatic(self) -> bool:
        """Whether the Accept header decides on the format."""
        return (self.last("format") or "").startswith("auto")

    def has(self, flag: str) -> bool:
        """Whether any component sets a flag."""
        return any(one.has(flag) for one in self.components)

    def last(self, name: str) -> Any:
        """The value of a field in the last component that sets it."""
        values = [getattr(one, name) for one in self.components if getattr(one, name) is not None]
        return values[-1] if values else None


@dataclass(frozen=True, slots=True)
class Transformation(Chain[Step]):
    """A transformation as it was written."""

    def asks(self, name: str) -> bool:
        """Whether a condition, a variable or a sum is about a characteristic such as `fc`."""
        return any(name in words for words in _words(self.steps))


@dataclass(frozen=True, slots=True)
class Plan(Chain[PlainStep]):
    """What a transformation means for one asset."""


def _components(steps: Iterable[Any]) -> Iterator[Component]:
    for step in steps:
        if isinstance(step, Component):
            yield step
        elif isinstance(step, Conditional):
            for branch in step.branches:
                yield from _components(branch.steps)


def _words(steps: Iterable[Step]) -> Iterator[Sequence[str]]:
    """What the little language says, in pieces."""
    for step in steps:
        if isinstance(step, Conditional):
            for branch in step.branches:
                yield branch.condition.text.split("_") if branch.condition is not None else ()
                yield from _words(branch.steps)
        elif isinstance(step, Assignment):
            yield step.value.text.split("_")
        elif isinstance(step, Pending):
            yield from (re.split("[_:]", piece.value) for piece in step.pieces)
        elif isinstance(step, LayerBlock):
            yield from (re.split("[_:]", piece.value) for piece in (*step.own, *step.placing))
            yield from _words(step.steps)


def layers_of(steps: Sequence[PlainStep]) -> Iterator[Layer]:
    """All layers, also those within layers."""
    for step in steps:
        if isinstance(step, Layer):
            yield step
            yield from layers_of(step.steps)
