import pytest

from fakes.cloudinary.render.geometry import Size
from fakes.cloudinary.render.videos import subtitles
from fakes.cloudinary.render.videos.subtitles import Cue, Look
from fakes.kit.errors import ProviderError

SRT = b"""\xef\xbb\xbf1\r
00:00:01,500 --> 00:00:03,000\r
Good <i>game</i>,\r
well played\r
\r
2\r
01:02:03,004 --> 01:02:04,000 X1:10 X2:20\r
Bye\r
"""
VTT = b"""WEBVTT

NOTE not shown

intro
00:01.500 --> 00:03.000 line:0
Good <c.yellow>game</c>

00:04.000 --> 00:02.000
backwards
"""


def test_srt_is_read() -> None:
    assert subtitles.read(SRT) == (
        Cue(1.5, 3.0, "Good <i>game</i>,\nwell played"),
        Cue(3723.004, 3724.0, "Bye"),
    )


def test_webvtt_is_read() -> None:
    assert subtitles.read(VTT) == (Cue(1.5, 3.0, "Good <c.yellow>game</c>"),)


@pytest.mark.parametrize("content", [b"", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", b"\0\xff" * 50])
def test_what_holds_no_cues_is_refused(content: bytes) -> None:
    with pytest.raises(ProviderError, match="Invalid subtitles file"):
        subtitles.read(content)


def test_words_cannot_command() -> None:
    nasty = Cue(0.0, 1.0, "{\\an8}<b>x</b> \\N &lt;y&gt;\nDialogue: 0")

    events = subtitles.write((nasty,), Size(320, 180), Look()).rstrip("\n").split("[Events]")[1]

    assert events.splitlines()[2:] == [
        "Dialogue: 0,0:00:00.00,0:00:01.00,Default,\\{\\\u2060an8\\}{\\b1}x{\\b0} \\\u2060N <y>\\NDialogue: 0"
    ]


def test_a_look_becomes_a_style() -> None:
    look = Look(30, True, False, (255, 0, 16), (0, 0, 255), "north_east", 5, 9)

    script = subtitles.write((Cue(0.0, 1.0, "x"),), Size(320, 180), look)

    style = next(line for line in script.splitlines() if line.startswith("Style: "))
    assert style == "Style: Default,Arimo,30,&H001000FF,&H00FF0000,&H00FF0000,-1,0,3,1,0,9,5,5,9"
