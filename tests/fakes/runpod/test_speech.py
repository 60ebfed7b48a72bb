"""Known speech in sound, after all that happens to it on its way: every word, at its time, and no other."""

import itertools
import json
import random
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fakes.kit.addresses import Reach
from fakes.runpod.models import Call, Stop, Tools, answer
from fakes.runpod.models.catalogue import catalogue
from fakes.runpod.models.place import by_prints
from fakes.runpod.models.sound import measure
from fakes.runpod.models.speech import find
from tests.fakes.runpod.material import SPEECH_DIR, in_base64
from tests.fakes.runpod.speeches import (
    HZ,
    TRANSCRIPTS,
    Said,
    Samples,
    assert_said,
    chords,
    clear,
    encoded,
    heard,
    mixed,
    noise,
    part,
    said,
    silence,
    speech,
    unknown,
    wav,
)

AAC = ("m4a", "-c:a", "aac", "-b:a", "64k")
CHANGES = {
    "aac": AAC,
    "loudnorm": ("m4a", "-af", "loudnorm=I=-14:TP=-1.5:LRA=11", "-ar", "48000", "-c:a", "aac", "-b:a", "64k"),
    "mp3": ("mp3", "-c:a", "libmp3lame", "-b:a", "64k"),
    "opus": ("ogg", "-c:a", "libopus", "-b:a", "24k"),
    "phone": ("wav", "-ar", "8000", "-c:a", "pcm_mulaw"),
    "louder": ("wav", "-af", "volume=12dB"),
    "quieter": ("wav", "-af", "volume=-12dB"),
    "half-silent": ("m4a", "-af", "pan=stereo|c0=c0|c1=0*c0", *AAC[1:]),
}
CUTS = ((0.0, 4.2), (0.7, 5.4), (1.37, 5.77), (2.5, 7.1), (3.1, 99.0))
"""Parts of over 4 s, in seconds; each change gets two of them, so that each file meets them all."""
PIECES = {"clutch.opus": (2.5, 6.9), "mathe.opus": (0.0, 4.3), "pasta.opus": (2.1, 5.6)}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("speech")


def cut(name: str, start_s: float, end_s: float) -> tuple[float, float]:
    """A part of a file that ends where no word is in doubt, even if its last 0.1 s is lost."""
    end_s = min(end_s, TRANSCRIPTS[name]["duration_s"])
    return clear(name, start_s), clear(name, end_s, margin_s=0.12)


def test_the_whole_catalogue_is_recognised_as_it_is(cache: Path) -> None:
    for name in TRANSCRIPTS:
        answered = heard(in_base64((SPEECH_DIR / name).read_bytes()), cache)

        assert_said(answered, said(name), within_s=0.02)
        assert answered["transcription"] == TRANSCRIPTS[name]["text"]
        assert answered["detected_language"] == TRANSCRIPTS[name]["language"]


@pytest.mark.slow
@pytest.mark.parametrize("name", TRANSCRIPTS)
@pytest.mark.parametrize("change", CHANGES)
def test_no_word_is_wrong_after_a_change_and_a_cut(name: str, change: str, cache: Path) -> None:
    first = list(TRANSCRIPTS).index(name) + list(CHANGES).index(change)
    for number in (first, first + 2):
        start_s, end_s = cut(name, *CUTS[number % len(CUTS)])
        sound = encoded(part(name, start_s, end_s), *CHANGES[change])

        assert_said(heard(sound, cache), said(name, start_s, end_s))


@pytest.mark.slow
@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_no_word_is_wrong_wherever_a_file_is_cut(name: str, cache: Path) -> None:
    for start_s, end_s in CUTS:
        start_s, end_s = cut(name, start_s, end_s)

        answered = heard(in_base64(wav(part(name, start_s, end_s))), cache)

        assert_said(answered, said(name, start_s, end_s))


@pytest.mark.slow
@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_no_word_is_wrong_over_quiet_sounds(name: str, cache: Path) -> None:
    length_s = TRANSCRIPTS[name]["duration_s"] + 0.6
    hum = (0.03 * np.sin(2 * np.pi * 110 * np.arange(round(length_s * HZ)) / HZ)).astype(np.float32)
    for beneath in (hum, noise(length_s, 0.01), chords(length_s, 0.02)):
        sound = encoded(mixed((0.6, speech(name)), (0.0, beneath)), *AAC)

        assert_said(heard(sound, cache), said(name, at_s=0.6))


def joined(names: tuple[str, ...], pause_s: float) -> tuple[Samples, Said]:
    """Pieces one after another, and what is said in them."""
    sounds: list[Samples] = []
    words: Said = []
    at_s = 0.0
    for name in names:
        start_s, end_s = (clear(name, time_s) for time_s in PIECES[name])
        sounds += [part(name, start_s, end_s), silence(pause_s)]
        words += said(name, start_s, end_s, at_s)
        at_s += end_s - start_s + pause_s
    return np.concatenate(sounds), words


@pytest.mark.slow
@pytest.mark.parametrize("pause_s", [0.0, 0.7])
@pytest.mark.parametrize("names", list(itertools.permutations(PIECES)), ids=lambda names: "-".join(names))
def test_joined_pieces_keep_all_their_words(names: tuple[str, ...], pause_s: float, cache: Path) -> None:
    sound, words = joined(names, pause_s)

    answered = heard(encoded(sound, *AAC), cache)

    assert_said(answered, words)
    assert unknown(answered) == []


@pytest.mark.slow
@pytest.mark.parametrize("beneath", [noise, chords])
def test_joined_pieces_keep_all_their_words_over_other_sound(
    beneath: Callable[[float, float], Samples], cache: Path
) -> None:
    sound, words = joined(tuple(PIECES), 0.7)

    answered = heard(encoded(sound + beneath(len(sound) / HZ, 0.02), *AAC), cache)

    assert_said(answered, words, within_s=0.1)  # the sound beneath covers the quiet ends of words
    assert unknown(answered) == []


def test_the_same_piece_twice_is_heard_twice(cache: Path) -> None:
    sound, words = joined(("pasta.opus", "pasta.opus", "clutch.opus"), 0.0)

    assert_said(heard(in_base64(wav(sound)), cache), words)


@pytest.mark.parametrize("later_s", [1.9, 5.3])
def test_speech_over_other_speech_is_heard_as_well(later_s: float, cache: Path) -> None:
    sound = mixed((0.0, speech("unboxing.opus")), (later_s, speech("goal.opus"))) * 0.6
    given = encoded(sound, *AAC)

    answered = heard(given, cache)

    words = sorted([*said("unboxing.opus"), *said("goal.opus", at_s=later_s)])
    times = [(word["word"].strip(), word["start"], word["end"]) for word in answered["word_timestamps"]]
    assert sorted(word for word, _, _ in times) == [word for word, _, _ in words]
    assert [start for _, start, _ in sorted(times)] == pytest.approx([at for _, at, _ in words], abs=0.06)


def test_words_that_were_silenced_are_not_heard(cache: Path) -> None:
    sound = speech("pasta.opus").copy()
    sound[round(clear("pasta.opus", 3.0) * HZ) : round(clear("pasta.opus", 5.0) * HZ)] = 0

    answered = heard(in_base64(wav(sound)), cache)

    ends_s, again_s = clear("pasta.opus", 3.0), clear("pasta.opus", 5.0)
    assert_said(answered, said("pasta.opus", 0.0, ends_s) + said("pasta.opus", again_s, at_s=again_s))


def test_what_is_too_short_for_a_fingerprint_is_heard(cache: Path) -> None:
    start_s, end_s = clear("goal.opus", 4.0), clear("goal.opus", 5.6)
    sound = mixed((2.0, part("goal.opus", start_s, end_s)), (0.0, silence(6.0)))

    assert_said(heard(in_base64(wav(sound)), cache), said("goal.opus", start_s, end_s, at_s=2.0))


@pytest.mark.slow
def test_a_long_sound_is_searched_whole_in_little_memory(cache: Path) -> None:
    chance = random.Random(5)
    sounds: list[Samples] = []
    words: Said = []
    strangers: list[tuple[float, float]] = []
    at_s = 0.0
    for name in chance.sample(list(TRANSCRIPTS), 9) * 2:
        start_s, end_s = cut(name, chance.choice([0.0, 1.0, 2.0]), chance.choice([4.5, 5.5, 99.0]))
        words += said(name, start_s, end_s, at_s)
        stranger = chance.choice(list(TRANSCRIPTS))
        strangers.append(
            (at_s + end_s - start_s, at_s + end_s - start_s + TRANSCRIPTS[stranger]["duration_s"])
        )
        between = [part(name, start_s, end_s), speech(stranger)[::-1], noise(4.0, 0.05), silence(3.0)]
        sounds += between
        at_s += sum(map(len, between)) / HZ
    file = cache / "long.wav"
    file.write_bytes(wav(np.concatenate(sounds)))
    del sounds
    known = catalogue(SPEECH_DIR, cache)

    tracemalloc.start()
    with file.open("rb") as source:
        sound = measure(source.fileno(), Stop(), "audio")
    matches = find(sound, known, lambda: False)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    found = sorted((word.start, word.word) for match in matches for word in match.words)
    assert [word for _, word in found] == [word for word, _, _ in words]
    assert [start for start, _ in found] == pytest.approx([start for _, start, _ in words], abs=0.06)
    assert sound.duration_s > 300
    assert peak_bytes < 60_000_000


def test_silence_in_the_catalogue_is_found_in_no_silence(tmp_path: Path) -> None:
    known = tmp_path / "known"
    known.mkdir()
    (known / "goal.wav").write_bytes(wav(mixed((20.0, speech("goal.opus")))))
    words = [{"word": word, "start": start, "end": end} for word, start, end in said("goal.opus", at_s=20.0)]
    (known / "transcript.json").write_text(json.dumps({"goal.wav": {"language": "en", "words": words}}))
    file = tmp_path / "sound.wav"
    file.write_bytes(wav(mixed((40.0, speech("goal.opus")), (0.0, silence(90.0)))))
    with file.open("rb") as source:
        sound = measure(source.fileno(), Stop(), "audio")

    places = by_prints(sound, catalogue(known, None))

    assert {place.shift for place in places} == {2000}


def test_a_search_gives_up_when_the_call_is_over(cache: Path) -> None:
    with (SPEECH_DIR / "goal.opus").open("rb") as source:
        sound = measure(source.fileno(), Stop(), "audio")

    assert find(sound, catalogue(SPEECH_DIR, cache), lambda: True) == ()


def test_the_catalogue_is_measured_once_and_a_broken_cache_is_measured_again(tmp_path: Path) -> None:
    given = {"audio_base64": in_base64((SPEECH_DIR / "goal.opus").read_bytes())}

    def transcription(folder: str) -> str:
        known = tmp_path / folder
        known.mkdir()
        (known / "goal.opus").write_bytes((SPEECH_DIR / "goal.opus").read_bytes())
        (known / "transcript.json").write_text(json.dumps({"goal.opus": TRANSCRIPTS["goal.opus"]}))
        call = Call(Tools(known, tmp_path, Reach(frozenset())), Stop(), lambda _item: None)
        text: str = answer("whisper", given, call)["transcription"]
        return text

    first = transcription("first")
    (kept,) = tmp_path.glob("speech-*.npz")
    written = kept.read_bytes()
    kept.write_bytes(written[:1000])
    second = transcription("second")

    assert first == second == TRANSCRIPTS["goal.opus"]["text"]
    assert kept.read_bytes() == written
