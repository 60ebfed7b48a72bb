"""What the values of an expression stand for: numbers with units, shares, and moments."""

import calendar
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fakes.cloudinary.errors import query_error
from fakes.cloudinary.expressions.syntax import Value

Units = Mapping[str, float]
PLAIN: Units = {"": 1}
# guess: multiples of 1,024, as in the search engine behind the real service
BYTES: Units = {"": 1, "b": 1} | {
    unit + ending: 1024**power for power, unit in enumerate("kmgt", 1) for ending in ("", "b")
}
SECONDS: Units = {"": 1, "s": 1, "m": 60, "h": 3600}
_NUMBER = re.compile(r"(-?\d{1,18}(?:\.\d{1,9})?)([a-z]{0,2})", re.IGNORECASE | re.ASCII)
_RATIO = re.compile(r"(\d{1,6}(?:\.\d{1,6})?):(\d{1,6}(?:\.\d{1,6})?)", re.ASCII)
_AGO = re.compile(r"(\d{1,5})([hdwmy])", re.ASCII)
_DATE = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d)(?::(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?)?Z?)?)?)?", re.ASCII
)
_STEPS_S = {"h": 3600, "d": 86_400, "w": 604_800}


@dataclass(frozen=True, slots=True)
class Moment:
    """A span of time in unix seconds, `end_s` not included; a day is a span, and so is a second.

    Attributes:
        is_relative: It was said as an age (`2w`): to be at that moment means to be since then.
    """

    start_s: float
    end_s: float
    is_relative: bool = False


def number(value: Value, units: Units = PLAIN) -> float:
    """A number with a unit, or a share like `16:9`.

    Raises:
        ProviderError: It is neither (400).
    """
    if (ratio := _RATIO.fullmatch(value.text)) and float(ratio[2]):
        return float(ratio[1]) / float(ratio[2])
    match = _NUMBER.fullmatch(value.text)
    factor = units.get(match[2].lower()) if match else None
    if match is None or factor is None or value.is_prefix:
        raise query_error(value.position)
    return float(match[1]) * factor


def moment(value: Value, now_s: float) -> Moment:
    """A date (`2026-01-01`, `2026-01-01T08:30:00Z`) or an age (`4h`, `1d`, `2w`, `3m`, `1y`).

    Raises:
        ProviderError: It is neither, or has an offset other than Z (400).
    """
    if value.is_prefix:
        raise query_error(value.position)
    try:
        if ago := _AGO.fullmatch(value.text):
            at_s = _ago(int(ago[1]), ago[2], now_s)
            return Moment(at_s, at_s, is_relative=True)
        if match := _DATE.fullmatch(value.text):
            return _span([int(piece) for piece in match.groups() if piece is not None])
    except (ValueError, OverflowError) as error:
        raise query_error(value.position) from error
    raise query_error(value.position)


def _ago(count: int, unit: str, now_s: float) -> float:
    if unit in _STEPS_S:
        return now_s - count * _STEPS_S[unit]
    now = datetime.fromtimestamp(now_s, UTC)
    months = now.year * 12 + now.month - 1 - count * (12 if unit == "y" else 1)
    year, month = divmod(months, 12)
    day = min(now.day, calendar.monthrange(year, month + 1)[1])
    return now.replace(year=year, month=month + 1, day=day).timestamp()


def _span(pieces: list[int]) -> Moment:
    """From year, month, day, hour, minute, second: as long as the last piece that was said."""
    year, month, day, hour, minute, second = (*pieces, *(1, 1, 1, 0, 0, 0)[len(pieces) :])
    start = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    match len(pieces):
        case 1:
            end = datetime(year + 1, 1, 1, tzinfo=UTC)
        case 2:
            end = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
        case count:
            end = start + timedelta(seconds={3: 86_400, 4: 3600, 5: 60}.get(count, 1))
    return Moment(start.timestamp(), end.timestamp())
