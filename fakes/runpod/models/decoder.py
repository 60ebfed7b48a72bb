"""A program of its own: decodes English speech with pocketsphinx.

It runs as a child process, so that it can be ended at any moment and its 120 MB go with it. It reads
stretches of 16 bit samples, each after its length in bytes (4, little endian), and writes a list of words
with their times in seconds for each stretch, as JSON. It imports nothing of this project, to start fast.
"""

import json
import re
import sys
from collections.abc import Iterator
from typing import IO, Any

SOUND_HZ = 16_000


def main(source: IO[bytes]) -> list[list[tuple[str, float, float]]]:
    """The words of all stretches."""
    from pocketsphinx import Config, Decoder

    config = Config(samprate=SOUND_HZ, loglevel="FATAL")
    decoder = Decoder(config)
    frames_per_s = config["frate"]
    found = []
    for samples in _stretches(source):
        decoder.start_utt()
        decoder.process_raw(samples, full_utt=True)
        decoder.end_utt()
        found.append(list(_words(decoder.seg() or (), frames_per_s)))
    return found


def _stretches(source: IO[bytes]) -> Iterator[bytes]:
    while length := source.read(4):
        yield source.read(int.from_bytes(length, "little"))


def _words(segments: Any, frames_per_s: int) -> Iterator[tuple[str, float, float]]:
    """Words without silences, noises and the numbers of their pronunciations."""
    for one in segments:
        word = re.sub(r"\(\d+\)$", "", one.word)
        if re.fullmatch(r"[\w'.-]+", word):
            yield word, one.start_frame / frames_per_s, (one.end_frame + 1) / frames_per_s


if __name__ == "__main__":
    json.dump(main(sys.stdin.buffer), sys.stdout)
