"""Words of unknown English speech, where the optional package pocketsphinx is installed (extra `asr`).

Its acoustic model is small: about every second word is right, and it says so by a low sureness.
"""

import importlib.util
import json
import subprocess
import sys
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

from fakes.runpod.models import HandlerError, Stop
from fakes.runpod.models.catalogue import SpokenWord
from fakes.runpod.models.sound import samples

LANGUAGE = "en"
SURENESS = 0.4
MOST_SPEECH_S = 120.0
"""So much of a sound is decoded; it takes about half as long."""
_LIMIT_S = 300.0
_MARGIN_S = 0.2
_DECODER = Path(__file__).with_name("decoder.py")


def is_installed() -> bool:
    """Whether there is a decoder."""
    return importlib.util.find_spec("pocketsphinx") is not None


def decode(
    source: int, stretches: Sequence[tuple[float, float]], stop: Stop, what: str
) -> list[tuple[SpokenWord, ...]]:
    """The words of each stretch of a sound; none for those that come after `MOST_SPEECH_S` of speech.

    Raises:
        HandlerError: The decoder failed or took too long.
    """
    lengths_s = accumulate(end_s - start_s for start_s, end_s in stretches)
    tried = [place for place, length_s in zip(stretches, lengths_s, strict=True) if length_s <= MOST_SPEECH_S]
    given = b""
    for start_s, end_s in tried:
        part = samples(source, max(start_s - _MARGIN_S, 0.0), end_s + _MARGIN_S, stop, what)
        given += len(part).to_bytes(4, "little") + part
    found = _decoded(given, stop) if given else []
    words = [_placed(heard, place) for heard, place in zip(found, tried, strict=True)]
    return [*words, *[()] * (len(stretches) - len(words))]


def _placed(words: Sequence[tuple[str, float, float]], place: tuple[float, float]) -> tuple[SpokenWord, ...]:
    """Words with their times in the whole sound; what is heard beside the stretch is left out."""
    before_s = max(place[0] - _MARGIN_S, 0.0)
    placed = (SpokenWord(word, before_s + start_s, before_s + end_s) for word, start_s, end_s in words)
    return tuple(word for word in placed if place[0] <= (word.start + word.end) / 2 <= place[1])


def _decoded(given: bytes, stop: Stop) -> list[list[tuple[str, float, float]]]:
    command = [sys.executable, "-I", str(_DECODER)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        stop.add(child)
        try:
            output, complaint = child.communicate(given, timeout=_LIMIT_S)
        except subprocess.TimeoutExpired as error:
            child.kill()
            raise HandlerError(f"decoding took over {_LIMIT_S:.0f} s") from error
        finally:
            stop.remove(child)
    if child.returncode != 0:
        raise HandlerError(f"decoding failed: {complaint.decode(errors='replace').strip()[-500:]}")
    found: list[list[tuple[str, float, float]]] = json.loads(output)
    return found
