"""Reads chains of components: what belongs to a condition, to a layer, or to a named transformation. Pure.

Source: cloudinary.com/documentation/transformation_reference, conditional_transformations,
user_defined_variables and layers.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from fakes.cloudinary.errors import transformation_refused
from fakes.cloudinary.transformation import expressions, layers
from fakes.cloudinary.transformation.component import Component, Share
from fakes.cloudinary.transformation.expressions import Expression
from fakes.cloudinary.transformation.steps import (
    Assignment,
    Branch,
    Conditional,
    LayerBlock,
    Pending,
    Piece,
    Snapshot,
    Step,
)
from fakes.cloudinary.transformation.values import CROPPING, PADDING, PARAMETERS
from fakes.kit.errors import ProviderError

Lookup = Callable[[str], str | None]
"""From the name of a named transformation to its text; None when there is none."""
MOST_CHARS = 20_000
MOST_COMPONENTS = 300
MOST_NESTED = 10
BLENDING = frozenset(
    {"screen", "multiply", "overlay", "mask", "cut_out", "displace", "anti_removal", "transition"}
)
"""Effects that say how a layer is put on the picture."""
_RELATIVE = frozenset({"relative", "region_relative"})
_VARIABLE = re.compile(r"\$\(?[a-zA-Z]")
_ASSIGNMENT = re.compile(r"(\$[a-zA-Z][a-zA-Z0-9]*)_(.+)", re.DOTALL)


@dataclass(slots=True)
class _Written:
    """One component, sorted by what its pieces are for."""

    text: str
    condition: str | None = None
    assignments: list[Assignment | Snapshot] = field(default_factory=list)
    named: list[str] = field(default_factory=list)
    layer: Piece | None = None
    pieces: list[Piece] = field(default_factory=list)

    @property
    def is_apply(self) -> bool:
        return self.layer is None and any(
            piece.key == "fl" and "layer_apply" in piece.value.split(".") for piece in self.pieces
        )

    @property
    def has_rest(self) -> bool:
        return bool(self.assignments or self.named or self.layer or self.pieces)


@dataclass(slots=True)
class _Budget:
    """What is left of what one transformation may hold, named ones included."""

    components: int = MOST_COMPONENTS


class _Reader:
    """Reads one chain; `position` is the next component."""

    def __init__(self, components: Sequence[str], lookup: Lookup, budget: _Budget, depth: int) -> None:
        budget.components -= len(components)
        if budget.components < 0 or sum(map(len, components)) > MOST_CHARS:
            raise transformation_refused("Transformation is too long")  # guess: wording
        self._lookup = lookup
        self._budget = budget
        self._depth = depth
        self._components = [_sorted(text) for text in components]
        self._applies = _matched_layers(self._components)
        self._ends = _matched_conditions(self._components)
        self._position = 0

    def read(self) -> tuple[Step, ...]:
        return self._steps(len(self._components), self._depth, in_branch=False)

    def _steps(self, end: int, depth: int, *, in_branch: bool) -> tuple[Step, ...]:
        if depth > MOST_NESTED:
            raise transformation_refused("Transformation is nested too deeply")  # guess: wording
        found: list[Step] = []
        while self._position < end:
            written = self._components[self._position]
            if written.condition in ("else", "end"):
                if in_branch:
                    break
                raise _unreadable(written.text)
            self._position += 1
            found += self._step(written, end, depth)
        return tuple(found)

    def _step(self, written: _Written, end: int, depth: int) -> Iterable[Step]:
        if written.condition is None:
            return self._unconditional(written, end, depth)
        condition = _condition(written.condition)
        close = self._ends.get(self._position - 1)
        if close is not None and close >= end:
            raise _unreadable(self._components[close].text)
        branches = []
        if close is None and written.has_rest:
            branches.append(Branch(condition, self._unconditional(written, end, depth)))
            other = self._components[self._position] if self._position < end else None
            if other is not None and other.condition == "else" and other.has_rest:
                self._position += 1
                branches.append(Branch(None, self._unconditional(other, end, depth)))
            return (Conditional(tuple(branches)),)
        return (self._block(written, condition, end if close is None else close, depth),)

    def _block(self, written: _Written, condition: Expression, end: int, depth: int) -> Conditional:
        """From `if_...` up to its `if_end`, or to the end of the chain."""
        first = self._unconditional(written, end, depth)
        branches = [Branch(condition, first + self._steps(end, depth + 1, in_branch=True))]
        while self._position < end:
            other = self._components[self._position]
            if other.condition != "else" or len(branches) == 2:
                raise _unreadable(other.text)
            self._position += 1
            first = self._unconditional(other, end, depth)
            branches.append(Branch(None, first + self._steps(end, depth + 1, in_branch=True)))
        self._position = end + 1
        return Conditional(tuple(branches))

    def _unconditional(self, written: _Written, end: int, depth: int) -> tuple[Step, ...]:
        steps: list[Step] = [*written.assignments]
        for name in written.named:
            steps += self._named(name, depth)
        if written.layer is not None:
            steps.append(self._layer(written, written.layer, end, depth))
        elif written.is_apply:
            raise _unreadable(written.text)
        elif written.pieces:
            steps.append(step_of(written.pieces))
        return tuple(steps)

    def _layer(self, written: _Written, layer: Piece, end: int, depth: int) -> LayerBlock:
        close = self._applies.get(self._position - 1)
        is_under = layer.key == "u"
        if not _VARIABLE.search(layer.value):
            _check_layer(layer)
        if close is None:
            own, placing = _divided(written.pieces)
            return _checked(LayerBlock(layer.value, is_under, own, (), placing))
        if close >= end:
            raise _unreadable(self._components[close].text)
        steps = self._steps(close, depth + 1, in_branch=False)
        self._position = close + 1
        own, placing = _divided(written.pieces, is_closed=not any(map(_is_transition, steps)))
        closing = self._components[close].pieces
        return _checked(LayerBlock(layer.value, is_under, own, steps, (*placing, *closing)))

    def _named(self, name: str, depth: int) -> tuple[Step, ...]:
        text = self._lookup(name)
        if text is None:
            raise transformation_refused(f"Unknown transformation {name}")
        return _Reader(split(text), self._lookup, self._budget, depth + 1).read()


def read(components: Sequence[str], lookup: Lookup) -> tuple[Step, ...]:
    """Read decoded components.

    Raises:
        ProviderError: Something in it is not known, or cannot be (400), or belongs to an add-on (420).
    """
    return _Reader(components, lookup, _Budget(), 0).read()


def split(text: str) -> tuple[str, ...]:
    """The components of a chain as `eager` and the like spell it, decoded once."""
    return tuple(unquote(piece) for piece in text.split("/") if piece)


def step_of(pieces: Sequence[Piece]) -> Component | Pending:
    """A component; pending when a value holds a variable or a sum.

    Raises:
        ProviderError: A piece is not known or its value cannot be (400, 420).
    """
    return Pending(tuple(pieces)) if _is_pending(pieces) else component_of(pieces)


def _is_pending(pieces: Sequence[Piece]) -> bool:
    """Whether a value has to be worked out; the others are known to be values by then."""
    pending = [bool(_VARIABLE.search(piece.value)) or _is_sum(piece) for piece in pieces]
    for piece, waits in zip(pieces, pending, strict=True):
        if not waits and not _is_readable(piece):
            raise _invalid(piece)
    return any(pending)


def component_of(pieces: Sequence[Piece], *, is_placing: bool = False) -> Component:
    """A component whose values are all known.

    Args:
        pieces: Its pieces; of two with one key the later holds, flags add up.
        is_placing: Whether it says where a layer goes: there a gravity needs no crop.

    Raises:
        ProviderError: A value cannot be (400, 420), or two do not go together (400).
    """
    values: dict[str, Any] = {"flags": (), "flag_arguments": ()}
    for piece in pieces:
        parameter = PARAMETERS[piece.key]
        try:
            found = parameter.read(piece.value)
        except (ValueError, ArithmeticError) as error:
            raise _invalid(piece) from error
        for name, value in found.items():
            values[name] = values[name] + value if piece.key == "fl" else value
    if _RELATIVE.intersection(values["flags"]):
        values |= _shares(pieces)
    component = Component(**values)
    if not is_placing:
        _check(component)
    return component


def _shares(pieces: Sequence[Piece]) -> dict[str, Share]:
    """Widths and heights that are shares of something else may be more than the whole (`w_1.3`)."""
    keys = {"w": "width", "h": "height"}
    return {
        keys[piece.key]: Share(float(piece.value))
        for piece in pieces
        if piece.key in keys and re.fullmatch(r"[0-9]{1,2}\.[0-9]{1,9}", piece.value)
    }


def _check(component: Component) -> None:
    gravity = component.gravity or ""
    sizes = (component.crop, component.width, component.height, component.aspect)
    if all(one is None for one in sizes):
        return
    if gravity.startswith("auto") and component.crop not in CROPPING:
        # Source: cloudinary.com/documentation (common X-Cld-Error messages)
        raise transformation_refused("Use auto gravity only with crop, fill, lfill, fill_pad or thumb")
    if gravity.startswith("face") and component.crop not in CROPPING | PADDING:
        raise transformation_refused(f"Invalid gravity in transformation: {gravity}")  # guess: wording


def _sorted(text: str) -> _Written:
    written = _Written(text)
    for part in text.split(","):
        key, _, value = part.partition("_")
        if part.startswith("$"):
            written.assignments.append(_assignment(part))
        elif not value or (key in ("if", "l", "u") and (written.condition if key == "if" else written.layer)):
            raise _unreadable(part)
        elif key == "if":
            written.condition = value
        elif key == "t":
            written.named += value.split(".")
        elif key in ("l", "u"):
            written.layer = Piece(key, value)
        elif key in PARAMETERS:
            written.pieces.append(Piece(key, value))
        else:
            raise _unreadable(part)
    if written.condition == "end" and written.has_rest:
        raise _unreadable(text)
    return written


def _assignment(part: str) -> Assignment | Snapshot:
    match = _ASSIGNMENT.fullmatch(part)
    if match is None:
        raise _unreadable(part)
    if match[2] == "current":
        return Snapshot(match[1])
    try:
        return Assignment(match[1], expressions.parse(match[2].removeprefix("ref:")))
    except ValueError as error:
        raise transformation_refused(f"Invalid assignment to {match[1]}: {match[2]}") from error


def _condition(text: str) -> Expression:
    try:
        return expressions.parse(text)
    except ValueError as error:
        raise transformation_refused(f"Invalid condition in transformation: {text}") from error  # guess


def _matched_layers(components: Sequence[_Written]) -> dict[int, int]:
    """Where each layer is applied: the latest one that is open; one that never is stands in its component."""
    found, opened = {}, []
    for index, written in enumerate(components):
        if written.layer is not None:
            opened.append(index)
        elif written.is_apply and opened:
            found[opened.pop()] = index
    return found


def _matched_conditions(components: Sequence[_Written]) -> dict[int, int]:
    """Where each condition ends; those that stand alone in their component before those that do not."""
    found: dict[int, int] = {}
    alone: list[int] = []
    inline: list[int] = []
    for index, written in enumerate(components):
        if written.condition is None or written.condition == "else":
            continue
        if written.condition != "end":
            (inline if written.has_rest else alone).append(index)
        elif alone or inline:
            found[(alone or inline).pop()] = index
    return found


def _divided(
    pieces: Sequence[Piece], *, is_closed: bool = False
) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """The pieces of a layer's component that are about itself, and those that say where it goes."""
    own: list[Piece] = []
    placing: list[Piece] = []
    keys = {piece.key for piece in pieces}
    is_splice = any(piece.key == "fl" and piece.value.startswith("splice") for piece in pieces)
    for piece in pieces:
        if piece.key == "fl":
            own.append(piece)
            placing.append(piece)
        elif piece.key == "e":
            (placing if piece.value.partition(":")[0] in BLENDING else own).append(piece)
        elif piece.key in ("so", "eo", "du"):
            # guess: beside a splice `so_0` says that it comes first, as the closing component does
            is_own = (is_closed or is_splice) and not (is_splice and piece.text == "so_0")
            (own if is_own else placing).append(piece)
        elif piece.key in ("g", "x", "y"):
            (own if is_closed and "c" in keys else placing).append(piece)
        else:
            own.append(piece)
    return tuple(own), tuple(placing)


def _is_transition(step: Step) -> bool:
    """Whether a step says how one video turns into the next: the length beside that is the transition's."""
    return isinstance(step, LayerBlock) and any(piece.text == "e_transition" for piece in step.placing)


def _checked(block: LayerBlock) -> LayerBlock:
    """The block, when those of its values that are known can be."""
    for pieces, is_placing in ((block.own, False), (block.placing, True)):
        if not _is_pending(pieces):
            component_of(pieces, is_placing=is_placing)
    return block


def _check_layer(layer: Piece) -> None:
    try:
        layers.parse(layer.value)
    except ValueError as error:
        name = "underlay" if layer.key == "u" else "overlay"
        raise transformation_refused(f"Invalid {name} in transformation: {layer.value}") from error


def _is_readable(piece: Piece) -> bool:
    try:
        PARAMETERS[piece.key].read(piece.value)
    except (ValueError, ArithmeticError):
        return False
    return True


def _is_sum(piece: Piece) -> bool:
    """Whether any of the values between colons has to be worked out."""
    if not PARAMETERS[piece.key].takes_sums or _is_readable(piece):
        return False
    return any(is_sum(part) for part in piece.value.split(":"))


def is_sum(text: str) -> bool:
    """Whether a value has to be worked out: it names something, or has an operator."""
    try:
        found = expressions.parse(text)
    except ValueError:
        return False
    return bool(found.operators) or found.terms[0].kind != "value"


def _invalid(piece: Piece) -> ProviderError:
    return transformation_refused(
        f"Invalid {PARAMETERS[piece.key].long_name} in transformation: {piece.value}"
    )


def _unreadable(text: str) -> ProviderError:
    return transformation_refused(f"Invalid transformation component - {text}")
