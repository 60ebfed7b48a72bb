"""BLIP: a caption from measured colour, brightness, detail and, for a series of pictures, motion.

The score (0..1) says how much of the picture the caption tells: near 1 for one plain colour, below 0.4 for a
mixed picture. Source of options and archives: github.com/runpod-workers/worker-blip.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fakes.runpod.models import Call, HandlerError, archive, media
from fakes.runpod.models.cuts import changed
from fakes.runpod.models.look import PICTURE_PX, Look, look
from fakes.runpod.models.schema import Option, validated

MOST_BYTES = 100_000_000
MOST_PICTURES = 1000
_SCHEMA = {
    "images_base64": Option(list),
    "image_base64": Option(str),
    "data_url": Option(str),
    "max_length": Option(int, 75),
    "min_length": Option(int, 5),
}
_PROMPT_TOKENS = 4
"""What stands before every caption ("a picture of") counts for its length."""
_PLAIN = 0.85
_MOSTLY = 0.6
_MIXED = 2.3
"""So many colours, as if they were evenly spread, are a pattern."""
_SHADED = 0.3
_DETAILED = 0.15
_STILL = 0.005
_WILD = 0.15
_CUT = 0.85


@dataclass(frozen=True, slots=True)
class _Picture:
    """A picture with the name that it has in the answer, and in errors."""

    name: str
    what: str
    content: bytes


def answer(given: Mapping[str, Any], call: Call) -> dict[str, Any]:
    """Caption `images_base64` (taken as a series of frames), `image_base64`, or what is at `data_url`.

    That is a picture or a zip file of pictures, within this stack or in the address itself.

    Raises:
        HandlerError: No picture is there, one cannot be read, or an option is wrong.
    """
    options = validated(given, _SCHEMA)
    if options["images_base64"] is not None:
        return {"captions": _captions(_sent(options["images_base64"], call), options)}
    if options["image_base64"] is not None:
        content = media.from_base64(options["image_base64"], "image_base64")
    elif options["data_url"] is not None:
        content = media.at(options["data_url"], "data_url", call, most_bytes=MOST_BYTES)
    else:
        raise HandlerError(["data_url is a required input."])
    if archive.is_archive(content):
        captions = _captions(_unpacked(content), options)
        texts = {caption["image"]: caption["caption"] for caption in captions}
        return {"captions": captions, "captions_zip_url": archive.with_texts(texts)}
    seen = look(media.picture(content, "image", within_px=PICTURE_PX))
    return {"caption": caption(seen, None, options), "score": score(seen)}


def score(seen: Look) -> float:
    """How sure the caption is, in 0..1: the less the more colours there are, and the more detail."""
    told = 0.97 / float(seen.variety ** (0.6 if seen.shape else 1.5))
    return round(min(max(told - 0.25 * min(seen.detail, 0.5), 0.05), 0.99), 3)


def caption(seen: Look, moved: float | None, options: Mapping[str, Any]) -> str:
    """Words for a picture, so many as asked.

    Args:
        seen: What is measured in it.
        moved: Share of pixels that changed since the picture before, if there is one.
        options: `max_length` and `min_length`, in words after those of the prompt.
    """
    said = _subject(seen) + _details(seen) + _movement(moved)
    for more in _more(seen):
        if len(said.split()) + _PROMPT_TOKENS >= options["min_length"]:
            break
        said += more
    return " ".join(said.split()[: max(options["max_length"] - _PROMPT_TOKENS, 0)]).rstrip(",")


def _captions(pictures: Iterable[_Picture], options: Mapping[str, Any]) -> list[dict[str, Any]]:
    looks: list[tuple[str, Look]] = []
    changes: list[float | None] = []
    last: media.Frame | None = None
    for picture in pictures:
        rgb = media.picture(picture.content, picture.what, within_px=PICTURE_PX)
        frame = media.frame(rgb)
        is_alone = last is None or last.luma.shape != frame.luma.shape
        changes.append(None if last is None or is_alone else changed(last, frame)[0])
        looks.append((picture.name, look(rgb)))
        last = frame
    moved = [*changes[1:2], *changes[1:]] or [None]  # the first picture moves as the next one does
    return [
        {"image": name, "caption": caption(seen, change, options), "score": score(seen)}
        for (name, seen), change in zip(looks, moved, strict=True)
    ]


def _unpacked(content: bytes) -> Iterator[_Picture]:
    for name, picture in archive.pictures(content, "data_url"):
        yield _Picture(name, f"data_url: '{name}'", picture)


def _sent(given: Any, call: Call) -> Iterator[_Picture]:
    if not given:
        raise HandlerError("images_base64 must be a list of pictures that is not empty")
    if len(given) > MOST_PICTURES:
        raise HandlerError(f"images_base64 has {len(given)} pictures; at most {MOST_PICTURES} are allowed")
    for index, text in enumerate(given):
        call.stop.check()
        what = f"images_base64[{index}]"
        yield _Picture(f"frame_{index:03}.jpg", what, media.from_base64(text, what))


def _subject(seen: Look) -> str:
    first, *others = seen.colours
    toned = f"{seen.tone} {first}".strip()
    if seen.shape is not None:
        return f"{_with_article(toned)} background with {_with_article(seen.shape)} shape"
    if seen.variety >= _MIXED and len(others) > 1:
        return f"a colourful pattern of {first}, {others[0]} and {others[1]}"
    if seen.shares[first] >= _PLAIN or not others:
        return _with_article(f"{toned} gradient" if _is_shaded(seen) else f"{toned} screen")
    if seen.shares[first] >= _MOSTLY:
        return f"a mostly {toned} picture with {others[0]}"
    return _with_article(f"{first} and {others[0]} picture")


def _is_shaded(seen: Look) -> bool:
    return seen.shading >= _SHADED and seen.detail < _DETAILED


def _details(seen: Look) -> str:
    return " with many fine edges" if seen.detail >= _DETAILED else ""


def _movement(moved: float | None) -> str:
    if moved is None or moved >= _CUT:
        return ""
    if moved < _STILL:
        return ", standing still"
    return ", moving fast" if moved >= _WILD else ", moving"


def _more(seen: Look) -> Iterator[str]:
    """What else can be said, when more words are wanted."""
    light = "dim" if seen.brightness < 0.3 else "bright" if seen.brightness > 0.7 else "even"
    yield f", in {light} light"
    yield f" and in {'strong' if seen.vividness > 0.5 else 'pale'} colours"
    yield f", with {'hardly any' if seen.detail < 0.02 else 'some'} edges"
    yield f", about {round(100 * seen.shares[seen.colours[0]])} percent of it {seen.colours[0]}"


def _with_article(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"
