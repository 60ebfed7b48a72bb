"""Subtitles: SRT and WebVTT read, ASS written, which FFmpeg burns in. Pure text.

What was uploaded never reaches FFmpeg: only the file that is written here does.
"""

import re
from dataclasses import dataclass
from html import unescape

from fakes.cloudinary.errors import transformation_refused
from fakes.cloudinary.render.geometry import Size

FONT = "Arimo"
"""The only typeface there is, as for texts on images."""
CUE_LIMIT = 20_000
_TEXT_LIMIT = 2000
_TIMES = re.compile(
    r"\s*(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})\s*-->\s*(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
)
_TAG = re.compile(r"<[^<>]{0,200}>")
_STYLES = {"b": "b", "i": "i", "u": "u"}
_ALIGNMENT = {
    "south_west": 1,
    "south": 2,
    "south_east": 3,
    "west": 4,
    "center": 5,
    "east": 6,
    "north_west": 7,
    "north": 8,
    "north_east": 9,
}
_DEFAULT_SIZE_OF_HEIGHT = 0.06


@dataclass(frozen=True, slots=True)
class Cue:
    """Words and when they are shown."""

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Look:
    """What subtitles look like; sizes in pixels of the video.

    Attributes:
        background: Colour of a box behind the words, or None.
        gravity: A point of the compass.
    """

    size_px: int | None = None
    is_bold: bool = False
    is_italic: bool = False
    colour: tuple[int, int, int] = (255, 255, 255)
    background: tuple[int, int, int] | None = None
    gravity: str = "south"
    x: int = 0
    y: int = 0


def read(content: bytes) -> tuple[Cue, ...]:
    """The cues of an SRT or WebVTT file, in their order.

    Raises:
        ProviderError: There are none, or too many (400).
    """
    lines = (
        content.decode("utf-8-sig", errors="replace").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    )
    found: list[Cue] = []
    number = 0
    while number < len(lines):
        times = _TIMES.match(lines[number])
        number += 1
        if times is None:
            continue
        words: list[str] = []
        while number < len(lines) and lines[number].strip():
            words.append(lines[number].strip())
            number += 1
        start_s, end_s = _seconds(times.groups()[:4]), _seconds(times.groups()[4:])
        if words and end_s > start_s:
            found.append(Cue(start_s, end_s, "\n".join(words)[:_TEXT_LIMIT]))
        if len(found) > CUE_LIMIT:
            break
    if not found or len(found) > CUE_LIMIT:
        raise transformation_refused("Invalid subtitles file")  # guess: wording
    return tuple(found)


def write(cues: tuple[Cue, ...], size: Size, look: Look) -> str:
    """An ASS script for a video of this size."""
    size_px = look.size_px or max(8, round(size.height * _DEFAULT_SIZE_OF_HEIGHT))
    box = 3 if look.background is not None else 1
    behind = _colour(look.background or (0, 0, 0))
    margin_v = max(0, look.y) or round(size.height * 0.05)
    style = (
        f"Style: Default,{FONT},{size_px},{_colour(look.colour)},{behind},{behind},"
        f"{-int(look.is_bold)},{-int(look.is_italic)},{box},{max(1, size_px // 16)},0,"
        f"{_ALIGNMENT.get(look.gravity, 2)},{max(0, look.x)},{max(0, look.x)},{margin_v}"
    )
    head = [
        "[Script Info]",
        "ScriptType: v4.00+",
        "WrapStyle: 0",
        f"PlayResX: {size.width}",
        f"PlayResY: {size.height}",
        "[V4+ Styles]",
        "Format: Name, Fontname, Fontsize, PrimaryColour, OutlineColour, BackColour, Bold, Italic,"
        " BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV",
        style,
        "[Events]",
        "Format: Layer, Start, End, Style, Text",
    ]
    events = [
        f"Dialogue: 0,{_clock(cue.start_s)},{_clock(cue.end_s)},Default,{_safe(cue.text)}" for cue in cues
    ]
    return "\n".join([*head, *events]) + "\n"


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, fraction = parts
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0) + float(f"0.{fraction}")


def _clock(seconds: float) -> str:
    hundredths = round(100 * seconds)
    minutes, rest = divmod(hundredths, 6000)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest // 100:02d}.{rest % 100:02d}"


def _safe(text: str) -> str:
    """Words without commands: bold, italic and underlined stay, all else of ASS is plain text."""
    made, last = [], 0
    for tag in _TAG.finditer(text):
        made.append(_plain(text[last : tag.start()]))
        made.append(_styled(tag[0]))
        last = tag.end()
    return "".join([*made, _plain(text[last:])]).replace("\n", "\\N")


def _plain(text: str) -> str:
    # A backslash starts a command; a zero-width joiner after it takes that away.
    return unescape(text).replace("\\", "\\\u2060").replace("{", "\\{").replace("}", "\\}").replace("\r", " ")


def _styled(tag: str) -> str:
    is_end = tag.startswith("</")
    name = tag.strip("</>").split(" ")[0].split(".")[0].lower()
    return f"{{\\{_STYLES[name]}{0 if is_end else 1}}}" if name in _STYLES else ""


def _colour(colour: tuple[int, int, int]) -> str:
    red, green, blue = colour
    return f"&H00{blue:02X}{green:02X}{red:02X}"
