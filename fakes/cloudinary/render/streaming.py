"""Adaptive streaming: which variants a profile makes of a video, and the files that name them. Pure text.

Addresses stand here as `cld:<transformation>.<format>`; delivery puts the asset's own into their place, so
that what is kept stays true after a rename.

Source: cloudinary.com/documentation/adaptive_bitrate_streaming, and published playlists of `sp_4k`.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import quote

from fakes.cloudinary.errors import not_emulated, transformation_refused
from fakes.cloudinary.ladders import AUTOMATIC, AUTOMATIC_MAX_HEIGHT, PREDEFINED
from fakes.cloudinary.render.geometry import Size, final_size, steps
from fakes.cloudinary.render.videos.encoding import SEGMENT_S, codecs
from fakes.cloudinary.render.videos.graph import DEFAULT_FPS
from fakes.cloudinary.transformation import parse_text

Profiles = Callable[[str], Sequence[str] | None]
"""The representations of a cloud's profile as transformations; None when there is no such profile."""
PLAYLISTS = frozenset({"m3u8", "mpd"})
FORMATS = PLAYLISTS | {"ts", "mp4dv", "mp4da"}
SOUND_OF_DASH = "ac_aac,vc_none"  # guess: the address of the sound is not recorded
_ADDRESS = re.compile(r"cld:(?P<transformation>[^\s<]*)\.(?P<format>m3u8|ts|mp4dv|mp4da)(?=[\s<]|$)")
_SIDES = re.compile(r"w_(\d+),h_(\d+)")
_BOX_HEAD_BYTES = 8
_SOUND_BIT_RATE = 128_000
# What packets of a transport stream add, and how far a bit rate may be passed for a moment.
_OVERHEAD = 1.1
_BITS_PER_PX = 0.1
_TIMESCALE = 1000
_UNESCAPED = "/,:;()!$*'~+@=%"


@dataclass(frozen=True, slots=True)
class Look:
    """What the variants are made of: the video after all that comes before the profile.

    Attributes:
        size: None for sound alone.
        video_codec: As `vc_` says it there; None when it does not.
    """

    size: Size | None
    fps: float
    has_audio: bool
    length_s: float
    video_codec: str | None = None


@dataclass(frozen=True, slots=True)
class Variant:
    """One rung of the ladder.

    Attributes:
        text: The transformation that makes it.
        codecs: As playlists spell them; empty when they cannot be told before it is made.
        bit_rate: Most bits per second, sound included.
    """

    text: str
    size: Size | None
    codecs: str
    bit_rate: int


@dataclass(frozen=True, slots=True)
class Index:
    """Where the parts of a fragmented MP4 are: first and last byte of each.

    Attributes:
        segments: The whole segment, and the last byte of the index that it begins with.
    """

    initialization: tuple[int, int]
    segments: tuple[tuple[int, int, int], ...]
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Track:
    """A file of a DASH presentation."""

    variant: Variant
    format: str
    index: Index


def predefined(name: str) -> Sequence[str] | None:
    """The profiles that every cloud has."""
    return PREDEFINED.get(name)


def is_master(target: str, profile: str | None) -> bool:
    """Whether a playlist names variants; without a profile, one of HLS names the parts of one stream."""
    return target == "mpd" or (target == "m3u8" and profile is not None)


def spelled_out(text: str, lookup: Callable[[str], str | None]) -> str:
    """A transformation with the named ones that choose a profile replaced by what they stand for."""
    return "/".join(_spelled_out(part, lookup) for part in text.split("/"))


def sound(text: str) -> Variant:
    """The sound of a DASH presentation."""
    return Variant("/".join([*without_profile(text), SOUND_OF_DASH]), None, "mp4a.40.2", _SOUND_BIT_RATE)


def without_profile(text: str) -> tuple[str, ...]:
    """The components of a transformation, less the choice of a profile."""
    kept = (",".join(one for one in part.split(",") if not one.startswith("sp_")) for part in text.split("/"))
    return tuple(part for part in kept if part)


def variants(text: str, profile: str | None, look: Look, profiles: Profiles) -> tuple[Variant, ...]:
    """The variants of a profile, the largest first, none larger than the video itself.

    Args:
        text: The whole transformation.
        profile: Name of the profile, with what follows it; None for the video as it is.
        look: What they are made of.
        profiles: Gives the representations.

    Raises:
        ProviderError: There is no such profile (400).
    """
    before = without_profile(text)
    if profile is None:
        return (_variant("/".join(before), "", look),)
    rungs = _automatic(profile, look) if profile.partition(":")[0] == "auto" else _named(profile, profiles)
    made = [_variant("/".join([*before, rung]), rung, look) for rung in rungs]
    if look.size is None:
        return (made[-1],)
    fitting = [one for one, rung in zip(made, rungs, strict=True) if _fits(rung, look.size)]
    return tuple(fitting or made[-1:])


def master(found: Sequence[Variant]) -> str:
    """The HLS master playlist."""
    lines = ["#EXTM3U", ""]
    for one in found:
        attributes = [f"BANDWIDTH={one.bit_rate}"]
        attributes += [f'CODECS="{one.codecs}"'] if one.codecs else []
        attributes += [f"RESOLUTION={one.size.width}x{one.size.height}"] if one.size else []
        lines += [f"#EXT-X-STREAM-INF:{','.join(attributes)}", address(one.text, "m3u8"), ""]
    return "\n".join(lines)


def media(playlist: str, stream_name: str, text: str) -> str:
    """The playlist that FFmpeg wrote, naming the stream by its transformation."""
    name = address(text, "ts")
    return "\n".join(name if line == stream_name else line for line in playlist.splitlines()) + "\n"


def presentation(tracks: Sequence[Track], look: Look) -> str:
    """The DASH manifest."""
    length = f"PT{look.length_s:.3f}S"
    pictures = [track for track in tracks if track.variant.size is not None]
    sounds = [track for track in tracks if track.variant.size is None]
    sets = [_adaptation(group, look) for group in (pictures, sounds) if group]
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" minBufferTime="PT1.500S" type="static"'
            f' mediaPresentationDuration="{length}" profiles="urn:mpeg:dash:profile:full:2011">',
            f'  <Period duration="{length}">',
            *sets,
            "  </Period>",
            "</MPD>",
            "",
        ]
    )


def index_of(path: Path) -> Index:
    """Find the parts of a fragmented MP4 by its boxes; reads their heads only."""
    boxes = []
    size_bytes = path.stat().st_size
    with path.open("rb") as file:
        at = 0
        while at + _BOX_HEAD_BYTES <= size_bytes:
            file.seek(at)
            head = file.read(2 * _BOX_HEAD_BYTES)
            length = int.from_bytes(head[:4], "big")
            if length == 1:
                length = int.from_bytes(head[8:16], "big")
            length = length if length >= _BOX_HEAD_BYTES else size_bytes - at
            boxes.append((head[4:8], at, at + length - 1))
            at += length
    return _indexed(boxes, size_bytes)


def address(text: str, format_name: str) -> str:
    """What stands for the address of a derived asset."""
    return f"cld:{quote(text, safe=_UNESCAPED)}.{format_name}"


def addressed(text: str, address_of: Callable[[str, str], str]) -> str:
    """Put real addresses in place.

    Args:
        text: A playlist or manifest.
        address_of: Gives the address for a transformation and a format.
    """
    is_xml = text.startswith("<")

    def replaced(match: re.Match[str]) -> str:
        found = address_of(match["transformation"], match["format"])
        return escape(found) if is_xml else found

    return _ADDRESS.sub(replaced, text)


def _spelled_out(part: str, lookup: Callable[[str], str | None]) -> str:
    pieces = part.split(",")
    for number, piece in enumerate(pieces):
        meant = lookup(piece[2:]) if piece.startswith("t_") else None
        if meant is not None and "sp_" in meant:
            rest = pieces[:number] + pieces[number + 1 :]
            return "/".join([meant, *([",".join(rest)] if rest else [])])
    return part


def _named(profile: str, profiles: Profiles) -> Sequence[str]:
    name, colon, _ = profile.partition(":")
    if colon:
        raise not_emulated(f"options of streaming profiles (sp_{profile})")
    found = profiles(name)
    if not found:
        if name.endswith(("_h265", "_vp9")):
            raise not_emulated(f"the streaming profile '{name}'")
        raise transformation_refused(f"Invalid streaming profile in transformation: {profile}")
    return found


def _automatic(profile: str, look: Look) -> Sequence[str]:
    most = AUTOMATIC_MAX_HEIGHT
    for option in profile.partition(":")[2].split(";"):
        name, _, value = option.partition("_")
        if name == "maxres" and value.removesuffix("p").isdecimal():
            most = int(value.removesuffix("p"))
        elif name == "maxres" and value == "4k":
            most = max(AUTOMATIC)
        elif option:
            raise not_emulated(f"options of streaming profiles (sp_{profile})")
    rungs = [rung for height, rung in AUTOMATIC.items() if height <= most]
    if not rungs:
        raise transformation_refused(f"Invalid streaming profile in transformation: {profile}")
    is_upright = look.size is not None and look.size.height > look.size.width
    return [_SIDES.sub(r"w_\2,h_\1", rung) if is_upright else rung for rung in rungs]


def _fits(rung: str, size: Size) -> bool:
    sides = [
        (wish, own)
        for one in parse_text(rung).components
        for wish, own in ((one.width, size.width), (one.height, size.height))
        if isinstance(wish, int)
    ]
    # One side may be longer than the video's: `c_limit,w_320,h_240` is for 320x180, too.
    return not sides or any(wish <= own for wish, own in sides)


def _variant(text: str, rung: str, look: Look) -> Variant:
    chain, size = parse_text(rung), look.size
    if size is not None:
        for component in chain.components:
            size = final_size(steps(component, size, multiple=2), size)
        size = Size(size.width - size.width % 2, size.height - size.height % 2)
    bit_rate = chain.last("bit_rate") or 0
    if size is not None and not bit_rate:
        bit_rate = round(size.width * size.height * (look.fps or DEFAULT_FPS) * _BITS_PER_PX)
    sound_rate = _SOUND_BIT_RATE if look.has_audio else 0
    codec = str(chain.last("video_codec") or look.video_codec or "h264")
    names = codecs(codec, size, look.fps, has_audio=look.has_audio) if codec.startswith("h264") else ""
    return Variant(text, size, names, round((bit_rate + sound_rate) * _OVERHEAD))


def _adaptation(tracks: Sequence[Track], look: Look) -> str:
    is_picture = tracks[0].variant.size is not None
    kind = "video" if is_picture else "audio"
    lines = [f'    <AdaptationSet contentType="{kind}" segmentAlignment="true" lang="und">']
    first = 1 if is_picture else 100
    for number, track in enumerate(tracks):
        lines += _representation(track, first + number, kind, look)
    return "\n".join([*lines, "    </AdaptationSet>"])


def _representation(track: Track, number: int, kind: str, look: Look) -> list[str]:
    index, size = track.index, track.variant.size
    shape = f' width="{size.width}" height="{size.height}" frameRate="{look.fps:g}" sar="1:1"' if size else ""
    rate = round(index.size_bytes * 8 / look.length_s) if look.length_s else track.variant.bit_rate
    names = track.variant.codecs.split(",")[0] if size else "mp4a.40.2"
    return [
        f'      <Representation id="{number}" mimeType="{kind}/mp4" codecs="{names}"{shape}'
        f' startWithSAP="1" bandwidth="{rate}">',
        f"        <BaseURL>{address(track.variant.text, track.format)}</BaseURL>",
        f'        <SegmentList timescale="{_TIMESCALE}" duration="{round(SEGMENT_S * _TIMESCALE)}">',
        '          <Initialization range="{}-{}" />'.format(*index.initialization),
        *(
            f'          <SegmentURL mediaRange="{one}-{last}" indexRange="{one}-{index_last}" />'
            for one, last, index_last in index.segments
        ),
        "        </SegmentList>",
        "      </Representation>",
    ]


def _indexed(boxes: Sequence[tuple[bytes, int, int]], size_bytes: int) -> Index:
    starts: list[tuple[int, int]] = []
    initialization_end = size_bytes - 1
    for kind, first, last in boxes:
        if kind == b"moov":
            initialization_end = last
        elif kind == b"sidx":
            starts.append((first, last))
    ends = [first - 1 for first, _ in starts[1:]] + [size_bytes - 1]
    trailer = next((first for kind, first, _ in boxes if kind == b"mfra"), None)
    if trailer is not None and ends:
        ends[-1] = trailer - 1
    segments = tuple((first, end, last) for (first, last), end in zip(starts, ends, strict=False))
    return Index((0, initialization_end), segments, size_bytes)
