"""Runs FFmpeg as a child that dies with its job, its time limit and its worker. Knows nothing of clips."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import re
import signal
from collections import deque
from collections.abc import Callable, Sequence
from functools import cache
from typing import Final

from clipnet.worker.errors import Permanent, Transient

FORMATS: Final = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,asf,ogg,gif,mp3,wav,flac,aac"
"""Containers that are opened. Playlists and the like are not: they could name files of this machine."""
_KEPT_LINES: Final = 12
_PERMANENT: Final = (
    "Invalid data found",
    "moov atom not found",
    "not on whitelist",
    "matches no streams",
    "does not contain any stream",
    "Decoder not found",
    "no decoder found",
    "Could not find codec parameters",
    "Cannot determine format",
    "Error opening input: End of file",
)
_DAMAGED: Final = "Could not open encoder before EOF"
"""Said of an output to which the input gave nothing."""
_CONTEXT: Final = re.compile(r"\[[^\]]* @ 0x[0-9a-f]+\] ")
_PR_SET_PDEATHSIG: Final = 1


@cache
def executable() -> str:
    """Return the path of the binary that comes with `imageio-ffmpeg`, or what IMAGEIO_FFMPEG_EXE names."""
    from imageio_ffmpeg import get_ffmpeg_exe

    return str(get_ffmpeg_exe())


async def run(
    arguments: Sequence[str], *, time_limit_s: float, on_progress: Callable[[float], None] | None = None
) -> None:
    """Run FFmpeg with these arguments until it ends; it is killed when the caller is cancelled.

    Args:
        arguments: Everything after the common options.
        time_limit_s: After this it is killed.
        on_progress: Called with the seconds that were written so far.

    Raises:
        Permanent: The input cannot be read, now or later.
        Transient: It failed otherwise, or took too long; the text holds its last words.
    """
    command = [executable(), "-y", "-nostdin", "-hide_banner", "-loglevel", "error"]
    command += ["-progress", "pipe:1", "-nostats", "-stats_period", "0.2", *arguments]
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
        preexec_fn=_die_with(os.getpid()),
    )
    words: deque[str] = deque(maxlen=_KEPT_LINES)
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        async with asyncio.timeout(time_limit_s):
            await asyncio.gather(
                _read_progress(process.stdout, on_progress), _read_words(process.stderr, words)
            )
            code = await process.wait()
    except TimeoutError as error:
        raise Transient("ffmpeg_too_slow", f"FFmpeg was stopped after {time_limit_s:.0f} s") from error
    finally:
        await _end(process)
    if code != 0:
        raise _failure(code, words)


def input_options(path: str) -> list[str]:
    """Return the options that open a file which a stranger gave us."""
    return ["-protocol_whitelist", "file", "-format_whitelist", FORMATS, "-i", f"file:{path}"]


def _failure(code: int, words: Sequence[str]) -> Permanent | Transient:
    text = _readable(words) or "it said nothing"
    if code > 0 and _DAMAGED in text:
        return Permanent(
            "damaged",
            "the file is damaged or incomplete: it holds no picture or no sound where one should be",
        )
    if code > 0 and any(sign in text for sign in _PERMANENT):
        return Permanent("not_a_video", f"the file cannot be read as a video: {text}")
    ended = f"was ended by signal {-code}" if code < 0 else f"failed with code {code}"
    return Transient("ffmpeg_failed", f"FFmpeg {ended}: {text}")


def _readable(words: Sequence[str]) -> str:
    """Return FFmpeg's last words once each, without its own addresses and those of our files."""
    said = dict.fromkeys(_CONTEXT.sub("", line) for line in words)
    return " | ".join(line for line in said if "file:/" not in line)


async def _read_progress(stream: asyncio.StreamReader, on_progress: Callable[[float], None] | None) -> None:
    while line := await stream.readline():
        name, _, value = line.decode("ascii", "replace").strip().partition("=")
        if name == "out_time_us" and on_progress and value.lstrip("-").isdigit():
            on_progress(max(0.0, int(value) / 1_000_000))


async def _read_words(stream: asyncio.StreamReader, words: deque[str]) -> None:
    rest = ""
    while chunk := await stream.read(8192):
        *lines, rest = (rest + chunk.decode("utf-8", "replace")).split("\n")
        words.extend(line.strip()[:300] for line in lines if line.strip())
        rest = rest[-1000:]
    if rest.strip():
        words.append(rest.strip()[:300])


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await asyncio.shield(process.wait())


def _die_with(parent: int) -> Callable[[], None]:
    """Return what the child does before it becomes FFmpeg: be killed when the worker is."""
    libc = ctypes.CDLL(None)

    def set_up() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return set_up
