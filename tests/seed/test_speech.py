"""The committed speech is what its transcript says."""

import hashlib
from itertools import pairwise

import av
import numpy as np
import pytest

from seed.media import SPEECH_DIR, Speech, speeches
from seed.speech import SCRIPTS, Word, timed_words

ALL = sorted(speeches().values(), key=lambda speech: speech.name)
IDS = [speech.name for speech in ALL]


def loudness(speech: Speech) -> list[float]:
    """Return the peak (0 to 1) of every 10 ms."""
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=24_000)
    with av.open(str(SPEECH_DIR / speech.name)) as sound:
        blocks = [
            block.to_ndarray()[0] for frame in sound.decode(audio=0) for block in resampler.resample(frame)
        ]
    samples = np.abs(np.concatenate(blocks))
    return [float(samples[at : at + 240].max()) for at in range(0, len(samples), 240)]


def test_every_script_has_its_file_and_its_entry() -> None:
    files = {path.name for path in SPEECH_DIR.glob("*.opus")}

    assert files == set(speeches()) == {f"{script.name}.opus" for script in SCRIPTS}


@pytest.mark.parametrize("speech", ALL, ids=IDS)
def test_the_transcript_describes_this_very_file(speech: Speech) -> None:
    content = (SPEECH_DIR / speech.name).read_bytes()

    assert hashlib.sha256(content).hexdigest() == speech.sha256
    assert len(content) < 20_000
    assert " ".join(word.word for word in speech.words) == speech.text


@pytest.mark.parametrize("speech", ALL, ids=IDS)
def test_words_follow_each_other_within_the_file(speech: Speech) -> None:
    times = [time for word in speech.words for time in (word.start, word.end)]

    assert times == sorted(times)
    assert times[0] > 0
    assert times[-1] < speech.duration_s
    assert all(0.03 < word.end - word.start < 1.2 for word in speech.words)


@pytest.mark.parametrize("speech", ALL, ids=IDS)
def test_words_sound_where_the_transcript_says_and_pauses_are_silent(speech: Speech) -> None:
    peaks = loudness(speech)
    spoken = [max(peaks[int(word.start * 100) : int(word.end * 100) + 1]) for word in speech.words]
    pauses = [
        peaks[int(left.end * 100) + 5 : int(right.start * 100) - 4]
        for left, right in pairwise(speech.words)
        if right.start - left.end > 0.2
    ]

    assert abs(len(peaks) / 100 - speech.duration_s) < 0.05
    assert min(spoken) > 0.02
    assert pauses
    assert max(max(pause) for pause in pauses) < 0.02


def test_words_spoken_as_one_unit_share_its_time() -> None:
    samples = np.full(24_000, 9_000, np.int16)

    words = timed_words("I am", samples, 24_000, [(1, 0)])

    assert words == (Word("I", 0.25, 0.583), Word("am", 0.583, 1.25))
