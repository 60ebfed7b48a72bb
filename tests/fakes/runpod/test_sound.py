"""Sound made to break its reader: it is refused in words, soon, in little memory, and opens nothing else."""

import socket
import struct
import tracemalloc
from pathlib import Path

import pytest

from fakes.runpod.models import HandlerError, Stop
from fakes.runpod.models.bands import SOUND_HZ
from fakes.runpod.models.sound import MAX_SOUND_S, measure, samples
from tests.fakes.runpod.material import SPEECH_DIR, ask, ffmpeg, in_base64, spoken
from tests.fakes.runpod.speeches import TRANSCRIPTS

GOAL = SPEECH_DIR / "goal.opus"


def riff(hz: int, channels: int, bits: int, content: bytes, claimed_bytes: int | None = None) -> bytes:
    """A WAV file whose header says what it likes."""
    size = len(content) if claimed_bytes is None else claimed_bytes
    frame = min(channels * bits // 8, 0xFFFF)
    layout = struct.pack("<IHHIIHH", 16, 1, channels, hz, min(hz * frame, 0xFFFFFFFF), frame, bits)
    head = b"RIFF" + struct.pack("<I", min(size + 36, 0xFFFFFFFF)) + b"WAVEfmt " + layout
    return head + b"data" + struct.pack("<I", size) + content


def transcription(content: bytes) -> str:
    text: str = ask("whisper", {"audio_base64": in_base64(content)})["transcription"]
    return text


@pytest.mark.parametrize(
    "content",
    [
        riff(16_000, 1, 16, b""),
        riff(16_000, 1, 16, b"\0\1" * 50),
        riff(16_000, 1, 16, bytes(32_000), claimed_bytes=0xFFFFFFF0),
        riff(768_001, 1, 16, b"\0\1" * 100_000),
    ],
    ids=["no samples", "a moment", "a claim of 4 GB", "768 kHz"],
)
def test_odd_files_without_speech_give_nothing(content: bytes) -> None:
    assert transcription(content) == ""


@pytest.mark.parametrize(
    "content",
    [
        b"hello " * 500,
        b"\x89PNG\r\n\x1a\n" + bytes(1000),
        riff(0, 1, 16, b"\0\1" * 5000),
        riff(0xFFFFFFFF, 1, 16, b"\0\1" * 50_000),
        riff(48_000, 0xFFFF, 16, bytes(0xFFFF * 4)),
        b"1\n00:00:00,000 --> 00:00:01,000\nhi\n\n",
        b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
    ],
    ids=["text", "a picture", "0 Hz", "4 GHz", "65535 channels", "subtitles", "sdp"],
)
def test_what_is_no_sound_is_refused(content: bytes) -> None:
    with pytest.raises(HandlerError, match=r"^audio_base64 cannot be decoded: "):
        transcription(content)


def test_a_video_without_sound_says_so() -> None:
    video = spoken("testsrc=d=1:size=64x64", "-c:v", "libx264", kind="mp4")

    with pytest.raises(HandlerError, match=r"cannot be decoded: .*matches no streams"):
        ask("whisper", {"audio_base64": video})


def test_a_file_that_is_cut_short_gives_what_there_is() -> None:
    text = transcription(GOAL.read_bytes()[:5000])

    assert text.startswith("He takes the ball on the left,")
    assert len(text) < len(TRANSCRIPTS["goal.opus"]["text"])


def test_of_many_streams_the_first_is_heard() -> None:
    maps = [word for _ in range(60) for word in ("-map", "0:a")]
    many = ffmpeg("-i", str(GOAL), *maps, "-c", "copy", "-f", "matroska", "-")

    assert transcription(many) == TRANSCRIPTS["goal.opus"]["text"]


@pytest.mark.parametrize(
    "listing",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{address}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{address}'\n",
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period>'
        "<AdaptationSet><Representation><BaseURL>{address}</BaseURL></Representation></AdaptationSet></Period></MPD>",
        "<smil><body><audio src='{address}'/></body></smil>",
        "[playlist]\nFile1={address}\n",
    ],
    ids=["hls", "concat", "dash", "smil", "pls"],
)
def test_a_list_of_addresses_opens_none_of_them(listing: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        here = f"http://127.0.0.1:{server.getsockname()[1]}/goal.opus"
        for address in (here, GOAL.as_uri(), str(GOAL)):
            with pytest.raises(HandlerError, match=r"^audio_base64 cannot be decoded: "):
                transcription(listing.format(address=address).encode())

        with pytest.raises(BlockingIOError):
            server.accept()


@pytest.mark.parametrize(
    "address",
    [
        "data:audio/wav;base64,QUJD",
        "file:///etc/hosts",
        "/etc/hosts",
        "concat:/etc/hosts",
        "pipe:0",
        "u",
        "\0",
    ],
)
def test_an_address_is_of_this_stack_or_refused(address: str) -> None:
    with pytest.raises(HandlerError, match="the host is outside of this stack"):
        ask("whisper", {"audio": address})


@pytest.mark.slow
def test_a_sound_that_never_ends_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    endless = tmp_path / "endless.flac"
    silence = ("-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono:nb_samples=65535", "-t", str(MAX_SOUND_S + 600))
    ffmpeg(*silence, "-c:a", "flac", "-compression_level", "0", "-frame_size", "65535", str(endless))
    assert endless.stat().st_size < 100_000

    tracemalloc.start()
    with endless.open("rb") as source, pytest.raises(HandlerError, match=r"^audio is longer than 7200 s$"):
        measure(source.fileno(), Stop(), "audio")
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak_bytes < 150_000_000


def test_a_sound_is_measured_alike_however_it_comes_in_pieces() -> None:
    with GOAL.open("rb") as source:
        sound = measure(source.fileno(), Stop(), "audio")
        part = samples(source.fileno(), 1.5, 3.25, Stop(), "audio")

    assert sound.duration_s == pytest.approx(TRANSCRIPTS["goal.opus"]["duration_s"], abs=0.01)
    assert sound.bands.shape == (int(sound.duration_s * 100), 16)
    assert len(part) == 2 * round(1.75 * SOUND_HZ)


def test_a_stop_ends_the_measuring() -> None:
    stop = Stop()
    stop.set()

    with GOAL.open("rb") as source, pytest.raises(HandlerError, match="cannot be decoded"):
        measure(source.fileno(), stop, "audio")
