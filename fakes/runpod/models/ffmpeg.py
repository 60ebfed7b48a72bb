"""FFmpeg as a child process on what a job brought: it reads that one file, and ends with the call."""

import contextlib
import os
import re
import subprocess
import threading
from collections import deque
from collections.abc import Iterator, Sequence

import imageio_ffmpeg

from fakes.runpod.models import HandlerError, Stop

DECODE_LIMIT_S = 120.0
_LONGEST_LINE = 1000
_MOST_COMPLAINTS = 20
_NO_STREAM = "matches no streams"
"""What follows after this complaint says less."""
_FORMATS = "aac,aiff,amr,avi,caf,flac,flv,gif,matroska,mov,mp3,mpeg,mpegts,ogg,w64,wav"


class Child:
    """FFmpeg at work, and what it writes to its standard output."""

    def __init__(self, process: subprocess.Popen[bytes], what: str) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        self._process = process
        self._output = process.stdout
        self._what = what
        self._complaints: deque[bytes] = deque(maxlen=_MOST_COMPLAINTS)
        self._is_late = False
        # heard all the time: a pipe that nobody reads fills up and stops the child
        self._listener = threading.Thread(target=self._complaints.extend, args=(process.stderr,), daemon=True)
        self._limit = threading.Timer(DECODE_LIMIT_S, self._give_up)
        self._listener.start()
        self._limit.start()

    def line(self) -> str:
        """The next line; empty at the end."""
        return self._output.readline(_LONGEST_LINE).decode(errors="replace")

    def read(self, size: int = -1) -> bytes:
        """So many bytes, or all that follow.

        Raises:
            HandlerError: It ended before.
        """
        content = self._output.read(size)
        if len(content) < size:
            self.finish()
            raise self.failure("it ends too soon")
        return content

    def blocks(self, size: int) -> Iterator[bytes]:
        """All that follows, so many bytes at a time.

        Raises:
            HandlerError: It failed, or had to be ended.
        """
        while block := self._output.read(size):
            yield block
        self.finish()

    def finish(self) -> None:
        """Wait for its end.

        Raises:
            HandlerError: It failed, or had to be ended.
        """
        code = self._process.wait()
        self._listener.join()
        if self._is_late:
            raise HandlerError(f"{self._what} took over {DECODE_LIMIT_S:.0f} s to decode")
        if code != 0:
            raise self.failure(f"exit code {code}")

    def failure(self, otherwise: str) -> HandlerError:
        """The error of content that cannot be decoded, in FFmpeg's own words where it said any."""
        lines = [line.decode(errors="replace").strip() for line in self._complaints if line.strip()]
        said = next((line for line in lines if _NO_STREAM in line), lines[-1] if lines else otherwise)
        reason = re.sub(r"/proc/self/fd/\d+", "input", said)
        return HandlerError(f"{self._what} cannot be decoded: {reason}")

    def end(self) -> None:
        """End it, however far it is."""
        self._limit.cancel()
        self._process.kill()
        self._process.wait()
        self._listener.join()

    def _give_up(self) -> None:
        self._is_late = True
        self._process.kill()


@contextlib.contextmanager
def running(
    source: int, arguments: Sequence[str], stop: Stop, what: str, keep: Sequence[int] = ()
) -> Iterator[Child]:
    """FFmpeg on an open file, which cannot make it open more; it ends with the block or at a time limit."""
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-threads", "1",
        "-protocol_whitelist", "file", "-format_whitelist", _FORMATS,
        "-i", f"/proc/self/fd/{source}", *arguments,
    ]  # fmt: skip
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=(source, *keep),
    ) as process:
        child = Child(process, what)
        stop.add(process)
        try:
            yield child
        finally:
            child.end()
            stop.remove(process)


@contextlib.contextmanager
def memory_file(content: bytes) -> Iterator[int]:
    """A file without a name: gone with its last user, however that ends."""
    descriptor = os.memfd_create("media")
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(content)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)
