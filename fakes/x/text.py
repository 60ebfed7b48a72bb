"""How long a post is: X weighs characters (docs.x.com/fundamentals/counting-characters)."""

import re
import unicodedata

LIMIT = 280
_URL_WEIGHT = 23
_LIGHT = (range(0x1100), range(0x2000, 0x200E), range(0x2010, 0x2020), range(0x2032, 0x2038))
_URL = re.compile(r"https?://\S+")
_PICTURE = (
    "[\U0001f1e6-\U0001f1ff]{2}|[0-9#*]\ufe0f?\u20e3"
    "|[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u25aa-\u27bf\u2934-\u2b55\u3030\u303d"
    "\u3297\u3299\U0001f000-\U0001faff]"
)
_EMOJI = re.compile(
    f"(?:{_PICTURE})[\ufe0f\U0001f3fb-\U0001f3ff]*(?:\u200d(?:{_PICTURE})[\ufe0f\U0001f3fb-\U0001f3ff]*)*"
)


def weight(text: str) -> int:
    """The weighted length of a text: URLs 23, emoji 2, CJK 2, Latin and its neighbours 1."""
    text = unicodedata.normalize("NFC", text)
    text, urls = _URL.subn("", text)
    text, emoji = _EMOJI.subn("", text)
    return urls * _URL_WEIGHT + emoji * 2 + sum(map(_weight, text))


def _weight(character: str) -> int:
    return 1 if any(ord(character) in block for block in _LIGHT) else 2
