import subprocess
from pathlib import Path

import imageio_ffmpeg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakes.cloudinary.render.geometry import Size
from fakes.cloudinary.render.videos import timing
from fakes.cloudinary.render.videos.graph import Clip, Graph, Source, quoted
from fakes.kit.errors import ProviderError

SOURCE = Source(Path("/blobs/ab/abcd"), 4.0, Size(320, 180), has_audio=True, fps=25.0)


def token(text: str, ends: str) -> str:
    """What FFmpeg's `av_get_token` reads when these characters end a token."""
    made, at = "", 0
    while at < len(text):
        if text[at] == "\\":
            made, at = made + text[at + 1], at + 2
        else:
            assert text[at] not in "'" + ends, "the token ends here"
            assert not text[at].isspace(), "white space at the ends is cut off"
            made, at = made + text[at], at + 1
    return made


def escaped_spaces(text: str) -> str:
    return "".join(f"\\{char}" if char.isspace() else char for char in text)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40))
def test_quoted_text_is_one_value_and_nothing_else(text: str) -> None:
    option = token(quoted(text), "[],;")

    assert token(escaped_spaces(option), ":") == text


NASTY = st.text(st.sampled_from("a\\':[],; =%#&|$`\"\n\té@{}()*?"), min_size=1, max_size=12)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(NASTY)
def test_ffmpeg_reads_quoted_text_as_it_was(tmp_path: Path, text: str) -> None:
    target = tmp_path / f"x{text}x"
    chain = (
        f"color=s=16x16:d=0.04,metadata=mode=add:key=a:value=b,metadata=mode=print:file={quoted(str(target))}"
    )

    subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", chain, "-f", "null", "-"],
        check=True,
        timeout=20,
    )

    assert target.is_file()


def test_an_input_is_read_from_disk_only_and_by_formats_that_name_no_other_file() -> None:
    graph = Graph()

    clip = graph.open(SOURCE, 1.0, 2.0)

    assert clip == Clip("0:v:0", "0:a:0", Size(320, 180), 2.0, 25.0)
    words = graph.arguments()
    assert words[:2] == ["-protocol_whitelist", "file"]
    assert words[2] == "-format_whitelist"
    assert not {"hls", "dash", "concat", "image2", "lavfi"} & set(words[3].split(","))
    assert words[4:] == ["-ss", "1.000", "-t", "2.000", "-i", "file:/blobs/ab/abcd"]


def test_inputs_are_counted() -> None:
    def base(graph: Graph) -> Clip:
        return graph.open(SOURCE)

    many = timing.loop(timing.loop(base, 7), 7)

    with pytest.raises(ProviderError, match="Too many layers or loops in transformation: over 32"):
        many(Graph())
