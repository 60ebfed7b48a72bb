"""Runs FFmpeg: bounded in time, threads and output, ended with this process, and never through a shell."""

import asyncio
import contextlib
import ctypes
import logging
import resource
import signal
from collections.abc import Callable, Sequence

from fakes.cloudinary import errors

log = logging.getLogger(__name__)
TIME_LIMIT_S = 120.0
_AT_ONCE = 2
_THREADS = 4
OUTPUT_LIMIT_BYTES = 2 << 30
_WORDS_KEPT_BYTES = 20_000
_PR_SET_PDEATHSIG = 1


class Ffmpeg:
    """Runs FFmpeg, two at a time.

    Args:
        time_limit_s: How long one run may take.
        output_limit_bytes: How large a file it may write.
    """

    def __init__(
        self, time_limit_s: float = TIME_LIMIT_S, output_limit_bytes: int = OUTPUT_LIMIT_BYTES
    ) -> None:
        self._time_limit_s = time_limit_s
        self._output_limit_bytes = output_limit_bytes
        self._processes: set[asyncio.subprocess.Process] = set()
        self._slots = asyncio.Semaphore(_AT_ONCE)

    @property
    def running_count(self) -> int:
        """How many processes there are now."""
        return len(self._processes)

    async def run(self, arguments: Sequence[str]) -> str:
        """Run FFmpeg to its end.

        Args:
            arguments: All but the program itself.

        Returns:
            The end of what it wrote on its standard error.

        Raises:
            ProviderError: It failed, or took too long (400).
        """
        async with self._slots:
            status, output = await self._finish(await self._start(arguments))
        if status != 0:
            log.error("ffmpeg failed", extra={"arguments": list(arguments), "output": output})
            raise errors.transformation_refused("Unsupported video format or file")
        return output

    def close(self) -> None:
        """End what is running."""
        for process in self._processes:
            _kill(process)

    async def _start(self, arguments: Sequence[str]) -> asyncio.subprocess.Process:
        import imageio_ffmpeg

        process = await asyncio.create_subprocess_exec(
            imageio_ffmpeg.get_ffmpeg_exe(),
            "-filter_threads",
            str(_THREADS),
            "-filter_complex_threads",
            str(_THREADS),
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            preexec_fn=_bounds(self._output_limit_bytes),
        )
        self._processes.add(process)
        return process

    async def _finish(self, process: asyncio.subprocess.Process) -> tuple[int | None, str]:
        try:
            async with asyncio.timeout(self._time_limit_s):
                output = await _last_words(process)
                await process.wait()
        except TimeoutError as error:
            raise errors.video_too_large() from error
        finally:
            self._processes.discard(process)
            if process.returncode is None:
                _kill(process)
                await process.wait()
        return process.returncode, output.decode(errors="replace")


async def _last_words(process: asyncio.subprocess.Process) -> bytes:
    assert process.stderr is not None
    kept = b""
    while block := await process.stderr.read(_WORDS_KEPT_BYTES):
        kept = (kept + block)[-_WORDS_KEPT_BYTES:]
    return kept


def _kill(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()


def _bounds(output_limit_bytes: int) -> Callable[[], None]:
    """What the new process settles before it becomes FFmpeg: its death with its parent, and its output."""
    prctl = ctypes.CDLL(None).prctl

    def set_up() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (output_limit_bytes, output_limit_bytes))

    return set_up
