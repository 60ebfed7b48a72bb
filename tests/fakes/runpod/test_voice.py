"""Speech that nobody knows: where it is, and that nothing else is taken for it."""

from pathlib import Path

import numpy as np
import pytest

from tests.fakes.runpod.material import in_base64, spoken
from tests.fakes.runpod.speeches import (
    HZ,
    TRANSCRIPTS,
    assert_said,
    chords,
    encoded,
    heard,
    mixed,
    noise,
    said,
    silence,
    speech,
    unknown,
    wav,
)

CHORD = "aevalsrc='0.2*sin(2*PI*220*t)+0.2*sin(2*PI*277*t)+0.2*sin(2*PI*330*t)':s=48000:d=6"
OTHERS = {
    "silence": "anullsrc=r=48000,atrim=0:6",
    "nothing at all": "anullsrc=r=48000,atrim=0:0.02",
    "hum": "sine=frequency=110:sample_rate=48000:d=6,volume=0.02",
    "tone": "sine=frequency=440:sample_rate=48000:d=6",
    "beeps": "aevalsrc='0.4*sin(2*PI*880*t)*lt(mod(t,0.5),0.12)':s=48000:d=6",
    "sweep": "aevalsrc='0.3*sin(2*PI*(100*t+200*t*t))':s=48000:d=6",
    "white noise": "anoisesrc=r=48000:d=6:a=0.3:seed=1",
    "pink noise": "anoisesrc=c=pink:r=48000:d=6:a=0.01:seed=2",
    "swelling noise": "anoisesrc=c=pink:r=48000:d=6:a=0.3:seed=3,afade=t=in:d=3",
    "clicks": "aevalsrc='0.8*lt(mod(t,0.4),0.002)':s=48000:d=6",
    "chord": CHORD,
    "tremolo": f"{CHORD},tremolo=f=4:d=0.9",
    "melody": "aevalsrc='0.4*sin(2*PI*220*pow(2,mod(floor(t*4)*5,12)/12)*t)*exp(-6*mod(t,0.25))':s=48000:d=6",
}  # fmt: skip

CHANGES = {"areverse": 1.0, "rubberband=pitch=1.35,atempo=1.1": 1.1, "atempo=0.8": 0.8}
"""What makes speech unknown, and how much faster it is then."""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("speech")


@pytest.fixture(autouse=True)
def _undecoded(without_decoder: None) -> None:
    """All of these are about the place of speech, not its words."""


@pytest.mark.parametrize("source", OTHERS)
def test_other_sounds_give_nothing(source: str, cache: Path) -> None:
    answer = heard(spoken(OTHERS[source], "-c:a", "flac", kind="flac"), cache)

    assert (answer["segments"], answer["transcription"], answer["word_timestamps"]) == ([], "", [])


def test_music_gives_nothing(cache: Path) -> None:
    answer = heard(encoded(chords(12.0, 0.15) + noise(12.0, 0.005), "m4a", "-c:a", "aac"), cache)

    assert answer["segments"] == []


@pytest.mark.parametrize("name", TRANSCRIPTS)
@pytest.mark.parametrize("change", CHANGES)
def test_speech_that_is_not_known_says_so_from_its_start_to_its_end(
    name: str, change: str, cache: Path
) -> None:
    given = encoded(speech(name), "m4a", "-af", change, "-c:a", "aac")

    answer = heard(given, cache)

    assert {segment["text"] for segment in answer["segments"]} == {" [unrecognised speech]"}
    assert answer["word_timestamps"] == []
    words, length_s = said(name), TRANSCRIPTS[name]["duration_s"]
    start_s, end_s = words[0][1], words[-1][2]
    if change == "areverse":
        start_s, end_s = length_s - end_s, length_s - start_s
    assert unknown(answer)[0][0] == pytest.approx(start_s / CHANGES[change], abs=0.2)
    assert unknown(answer)[-1][1] == pytest.approx(end_s / CHANGES[change], abs=0.25)


def test_pauses_part_unknown_speech_and_noise_around_it_is_none(cache: Path) -> None:
    stranger = speech("goal.opus")[::-1]
    sound = mixed((3.0, stranger), (14.0, stranger)) + noise(14.0 + len(stranger) / HZ, 0.01)

    stretches = unknown(heard(in_base64(wav(sound)), cache))

    assert stretches[0][0] == pytest.approx(3.35, abs=0.2)
    assert max(end for _, end in stretches if end < 12) == pytest.approx(9.95, abs=0.3)
    assert min(start for start, _ in stretches if start > 12) == pytest.approx(14.35, abs=0.2)


def test_unknown_speech_beside_known_speech_is_told_apart(cache: Path) -> None:
    stranger = speech("weather.opus")[::-1]
    sound = np.concatenate([stranger, silence(0.5), speech("goal.opus"), stranger])

    answer = heard(in_base64(wav(sound)), cache)

    before_s = len(stranger) / HZ + 0.5
    after_s = before_s + TRANSCRIPTS["goal.opus"]["duration_s"]
    assert_said(answer, said("goal.opus", at_s=before_s))
    texts = [segment["text"] for segment in answer["segments"]]
    assert texts[0] == texts[-1] == " [unrecognised speech]"
    assert max(end for _, end in unknown(answer) if end < before_s) == pytest.approx(before_s - 0.8, abs=0.2)
    assert min(start for start, _ in unknown(answer) if start > before_s) == pytest.approx(
        after_s + 0.3, abs=0.2
    )


def test_breathless_unknown_speech_is_cut_into_segments(cache: Path) -> None:
    stranger = np.concatenate([speech(name) for name in TRANSCRIPTS])[::-1]
    loudness = np.convolve(np.abs(stranger), np.full(HZ // 10, 10 / HZ), "same")

    stretches = unknown(heard(in_base64(wav(stranger[loudness > 0.004])), cache))

    assert len(stretches) > 1
    assert all(end - start <= 30.0 for start, end in stretches)
