"""Works out what a transformation means for one asset: conditions, variables and sums on real sizes. Pure.

Source: cloudinary.com/documentation/conditional_transformations, user_defined_variables and layers.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from fakes.cloudinary.errors import transformation_refused
from fakes.cloudinary.render.geometry import Size, final_size, steps
from fakes.cloudinary.transformation import (
    Assignment,
    Component,
    Conditional,
    Layer,
    LayerBlock,
    LayerSource,
    Pending,
    Piece,
    PlainStep,
    Plan,
    Share,
    Snapshot,
    Step,
    Transformation,
    chains,
    expressions,
    layers,
)
from fakes.cloudinary.transformation.expressions import Expression, Value
from fakes.cloudinary.transformation.values import PARAMETERS

_NAME = re.compile(r"\$\(([a-zA-Z][a-zA-Z0-9]*)\)|(\$[a-zA-Z][a-zA-Z0-9]*)")
_BRACKETED = re.compile(r"\$\(([a-zA-Z][a-zA-Z0-9]*)\)()")
# Values that are lengths in pixels: a sum that comes to a part of a pixel is rounded.
_PIXELS = frozenset({"w", "h", "x", "y", "r", "a", "o", "q"})
_LONGEST_VALUE = 5000


@dataclass(frozen=True, slots=True)
class Subject:
    """What the little language can ask of an asset.

    Attributes:
        source: How a layer would name it; None when it cannot.
        size: As it is shown; None for sound, and for texts that are not drawn yet.
        page_count: Pages of a document, frames of an animation.
        face_count: Of the original; within layers nobody looks for faces.
    """

    source: LayerSource | None = None
    size: Size | None = None
    duration_s: float | None = None
    page_count: int = 1
    face_count: int = 0
    illustration_score: float = 0.0
    tags: tuple[str, ...] = ()
    context: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, object] = field(default_factory=dict)


Find = Callable[[LayerSource], Subject]
"""From where a layer comes to what it is.

Raises:
    ProviderError: It is not there (400).
"""


def plan(asked: Transformation, subject: Subject, find: Find) -> Plan:
    """What is to be done, with every value known.

    Args:
        asked: As it was written.
        subject: The asset that it is for.
        find: Finds what layers name.

    Raises:
        ProviderError: A variable is not set, a sum cannot be worked out, or a layer is not there (400).
    """
    return Plan(asked.text, _Planner(subject, find, _Names({}, {})).steps(asked.steps))


@dataclass(frozen=True, slots=True)
class _Picture:
    """What a snapshot holds."""

    steps: tuple[PlainStep, ...]
    subject: Subject
    size: Size | None


@dataclass(frozen=True, slots=True)
class _Names:
    """What has a name, in layers as well as around them."""

    variables: dict[str, Value]
    pictures: dict[str, _Picture]


class _Planner:
    """Goes through steps from left to right and knows the size that each one makes."""

    def __init__(self, subject: Subject, find: Find, names: _Names) -> None:
        self._subject = subject
        self._find = find
        self._names = names
        self._done: list[PlainStep] = []
        self._size = subject.size
        self._duration_s = subject.duration_s

    def steps(self, written: Sequence[Step]) -> tuple[PlainStep, ...]:
        found: list[PlainStep] = []
        for step in written:
            found += self._step(step)
        return tuple(found)

    def _step(self, step: Step) -> Sequence[PlainStep]:
        match step:
            case Component():
                return self._did(step)
            case Pending(pieces):
                return self._did(chains.component_of(self._known(pieces)))
            case Assignment(name, value):
                self._names.variables[name] = self._value(
                    value, f"Invalid assignment to {name}: {value.text}"
                )
                return ()
            case Conditional(branches):
                for branch in branches:
                    if branch.condition is None or self._holds(branch.condition):
                        return self.steps(branch.steps)
                return ()
            case LayerBlock():
                return self._did(self._layer(step))
            case Snapshot(name):
                if sum(1 for _ in _all_steps(self._done)) > chains.MOST_COMPONENTS:
                    raise transformation_refused("Transformation is too long")  # guess: wording
                self._names.pictures[name] = _Picture(tuple(self._done), self._subject, self._size)
                return ()

    def _did(self, step: PlainStep) -> Sequence[PlainStep]:
        if isinstance(step, Component):
            self._grow(step)
        self._done.append(step)
        return (step,)

    def _layer(self, block: LayerBlock) -> Layer:
        source, inner = self._opened(block)
        own = chains.component_of(self._known(block.own))
        inner.steps((own, *block.steps) if block.own else block.steps)
        placing = chains.component_of(self._known(block.placing), is_placing=True)
        if placing.has("splice") and self._duration_s is not None:
            self._duration_s += inner._duration_s or 0.0
        return Layer(source, block.is_under, tuple(inner._done), placing)

    def _opened(self, block: LayerBlock) -> "tuple[LayerSource, _Planner]":
        """Where a layer comes from, and what will plan its steps."""
        picture = self._names.pictures.get(block.source)
        if picture is not None and picture.subject.source is not None:
            inner = _Planner(picture.subject, self._find, self._names)
            inner._done, inner._size = list(picture.steps), picture.size
            self._find(picture.subject.source)
            return picture.subject.source, inner
        text = ":".join(self._source_part(part) for part in block.source.split(":"))
        try:
            source = layers.parse(text)
        except ValueError as error:
            name = "underlay" if block.is_under else "overlay"
            raise transformation_refused(f"Invalid {name} in transformation: {text}") from error
        return source, _Planner(self._find(source), self._find, self._names)

    def _holds(self, condition: Expression) -> bool:
        message = f"Invalid condition in transformation: {condition.text}"  # guess: wording
        return expressions.is_true(self._value(condition, message))

    def _known(self, pieces: Sequence[Piece]) -> list[Piece]:
        return [self._known_piece(piece) for piece in pieces]

    def _known_piece(self, piece: Piece) -> Piece:
        if not PARAMETERS[piece.key].takes_sums:
            return Piece(piece.key, self._filled(piece.value))
        message = f"Invalid {PARAMETERS[piece.key].long_name} in transformation: {piece.value}"
        parts = [self._part(piece.key, part, message) for part in piece.value.split(":")]
        return Piece(piece.key, ":".join(parts))

    def _part(self, key: str, part: str, message: str) -> str:
        if not chains.is_sum(part):
            return self._filled(part)
        value = self._value(expressions.parse(part), message)
        is_length = key in _PIXELS and isinstance(value, float) and abs(value) > 1
        return str(round(value)) if is_length else expressions.as_text(value)  # type: ignore[arg-type] # a float

    def _source_part(self, part: str) -> str:
        """A part of a layer's source: in words a variable has brackets, so that prices stay what they are."""
        if _NAME.fullmatch(part):
            return self._filled(part)
        return _BRACKETED.sub(self._replacement, part)

    def _filled(self, text: str) -> str:
        """The text with the values of the variables in it."""
        filled = _NAME.sub(self._replacement, text)
        if len(filled) > _LONGEST_VALUE:
            raise transformation_refused("Transformation is too long")  # guess: wording
        return filled

    def _replacement(self, match: re.Match[str]) -> str:
        name = f"${match[1]}" if match[1] else match[2]
        try:
            return expressions.as_text(self.variable(name))
        except KeyError as error:
            raise transformation_refused(f"Undefined variable {name}") from error  # guess: wording

    def _value(self, expression: Expression, message: str) -> Value:
        try:
            return expressions.evaluate(expression, self)
        except ValueError as error:
            raise transformation_refused(message) from error

    def variable(self, name: str) -> Value:
        """A variable by its name with `$`."""
        return self._names.variables[name]

    def stored(self, kind: str, key: str) -> Value:
        """A value of the asset's context or structured metadata."""
        found = (self._subject.context if kind == "ctx" else self._subject.metadata).get(key, "")
        if isinstance(found, (list, tuple)):
            return tuple(map(str, found))
        return float(found) if isinstance(found, (int, float)) else str(found)

    def characteristic(self, name: str) -> Value:
        """What the picture is like at this step; `i...` as it was at first."""
        subject = self._subject
        match name:
            case "tags":
                return subject.tags
            case "fc":
                return float(subject.face_count)
            case "ils":
                return subject.illustration_score
            case "pc":
                return float(subject.page_count)
            case "cp":
                return 1.0
            case "px" | "py":
                return 0.0
            case "pgnames":
                return ()
            case "du":
                return _known_length(self._duration_s)
            case "idu":
                return _known_length(subject.duration_s)
        initial = name[0] in "io"
        size = subject.size if initial else self._size
        if size is None:
            raise KeyError(name)
        return {"w": float(size.width), "h": float(size.height), "ar": size.width / size.height}[
            name.lstrip("iot")
        ]

    def _grow(self, component: Component) -> None:
        """Follow what a component does to the size and the length."""
        if self._size is not None:
            size = final_size(steps(component, self._size), self._size)
            for turn in component.angle:
                if turn.lstrip("-").isdecimal() and int(turn) % 180 == 90:
                    size = Size(size.height, size.width)
            self._size = size
        if self._duration_s is not None:
            self._duration_s = _shortened(component, self._duration_s)


def _all_steps(steps: Sequence[PlainStep]) -> Iterator[PlainStep]:
    for step in steps:
        yield step
        if isinstance(step, Layer):
            yield from _all_steps(step.steps)


def _known_length(seconds: float | None) -> float:
    if seconds is None:
        raise KeyError("du")
    return seconds


def _shortened(component: Component, seconds: float) -> float:
    """How long a video is after a component."""
    start_s = _of(component.start, seconds) if component.start is not None else 0.0
    end_s = min(_of(component.end, seconds), seconds) if component.end is not None else seconds
    if component.length is not None:
        end_s = min(start_s + _of(component.length, seconds), seconds)
    length_s = max(0.0, end_s - start_s)
    effect = component.effect
    match effect.name if effect else "":
        case "accelerate":
            return length_s / (1 + effect.value / 100)  # type: ignore[union-attr] # it has a name
        case "boomerang":
            return 2 * length_s
        case "loop":
            return length_s * (1 + effect.value)  # type: ignore[union-attr] # it has a name
    return length_s


def _of(wish: float | Share, whole: float) -> float:
    return wish.of_one * whole if isinstance(wish, Share) else wish
