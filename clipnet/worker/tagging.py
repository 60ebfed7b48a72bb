"""Title, template and tags of a clip, from what is said and seen in it. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from clipnet.worker.score import keywords

LONGEST_TITLE: Final = 70
MOST_TAGS: Final = 12
_MOST_SPEECH_TAGS: Final = 5
_MOST_CAPTION_TAGS: Final = 4
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+")
_WORD = re.compile(r"[^\W\d_]{4,}")


@dataclass(frozen=True, slots=True)
class Template:
    """A kind of clip: what gives it away, how it looks (for CLIP), its tags, and YouTube's category.

    Source of the category ids: developers.google.com/youtube/v3/docs/videoCategories.
    """

    name: str
    signs: frozenset[str]
    looks_like: str
    tags: tuple[str, ...]
    youtube_category: str


def _template(name: str, signs: str, looks_like: str, tags: str, youtube_category: str) -> Template:
    return Template(name, frozenset(keywords(signs)), looks_like, tuple(tags.split()), youtube_category)


TEMPLATES: Final = (
    _template(
        "gaming",
        "game enemy clutch chat boss level kill headshot speedrun stream lobby player run split controller",
        "a video game on a screen",
        "gaming highlight",
        "20",
    ),
    _template(
        "sports",
        "goal score match ball team keeper penalty corner league stadium win race tor spiel football gol",
        "people playing sports",
        "sports highlight",
        "17",
    ),
    _template(
        "cooking",
        "pasta cook water salt sauce oven recipe kitchen minutes boil garlic taste pan cheese dish food",
        "food being cooked in a kitchen",
        "cooking recipe",
        "26",
    ),
    _template(
        "music",
        "song concert sing band guitar music stage album canción concierto cantar noche melody drums",
        "a band playing music on a stage",
        "music live",
        "10",
    ),
    _template(
        "interview",
        "question answer think interview guest podcast tell story why believe talk founder",
        "two people talking to each other",
        "interview talk",
        "22",
    ),
    _template(
        "review",
        "box unboxing open inside package review phone camera battery price cable",
        "a product in its box on a table",
        "review unboxing",
        "28",
    ),
    _template(
        "learning",
        "mathe rechnen zahl formel number equation learn lesson teacher school gleichung ergebnis explain",
        "a lesson at a blackboard",
        "learning explained",
        "27",
    ),
    _template(
        "news",
        "weather rain wind sun forecast degrees tomorrow storm cloud news report temperature",
        "a weather map in the news",
        "news weather",
        "25",
    ),
)
DEFAULT: Final = Template("moment", frozenset(), "a moment of everyday life", ("clip", "moment"), "24")


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag and what it comes from: `template`, `caption` or `speech`."""

    tag: str
    source: str


def choose_template(said: str, seen: Sequence[str]) -> Template:
    """Return the template whose signs are said or seen most; what is said counts double; none: `DEFAULT`."""
    spoken, pictured = keywords(said), keywords(" ".join(seen))

    def signs(template: Template) -> int:
        return 2 * len(template.signs & spoken) + len(template.signs & pictured)

    found = max(TEMPLATES, key=signs)
    return found if signs(found) > 0 else DEFAULT


def labels() -> tuple[str, ...]:
    """Return what CLIP may choose from: how each template looks."""
    return tuple(template.looks_like for template in (*TEMPLATES, DEFAULT))


def choose_title(given: str, said: str, seen: Sequence[str], source_name: str | None) -> str:
    """Return the title: the owner's, else the first sentence said, else what is seen, else its name."""
    if given.strip():
        return given.strip()
    sentence = _SENTENCE_END.split(said.strip(), maxsplit=1)[0]
    caption = next((text for text in seen if text.strip()), "")
    name = PurePath(source_name or "").stem.replace("_", " ").replace("-", " ").strip()
    chosen = sentence or caption or name or "untitled clip"
    return shorten(chosen[0].upper() + chosen[1:], LONGEST_TITLE)


def choose_tags(template: Template, said: str, seen: Sequence[str]) -> tuple[Tag, ...]:
    """Return up to `MOST_TAGS` tags: the template's, then words seen, then the words said most and first."""
    found: dict[str, str] = dict.fromkeys(template.tags, "template")
    for word in _ranked(" ".join(seen))[:_MOST_CAPTION_TAGS]:
        found.setdefault(word, "caption")
    for word in _ranked(said)[:_MOST_SPEECH_TAGS]:
        found.setdefault(word, "speech")
    return tuple(Tag(tag, source) for tag, source in list(found.items())[:MOST_TAGS])


def shorten(text: str, longest: int) -> str:
    """Return the text cut at a word, with an ellipsis where something is missing."""
    if len(text) <= longest:
        return text
    cut = text[: longest - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut[longest // 2 :] else cut).rstrip(" ,.;:-") + "…"


def _ranked(text: str) -> list[str]:
    """Return the meaning words of a text, the most frequent first, then in their order."""
    meant = keywords(text)
    words = [word.lower() for word in _WORD.findall(text)]
    counted = Counter(word for word in words if (word.removesuffix("s") if len(word) > 3 else word) in meant)
    return sorted(counted, key=lambda word: -counted[word])
