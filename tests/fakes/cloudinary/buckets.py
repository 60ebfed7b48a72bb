"""A real S3 server for tests: `rclone serve s3` over a temporary folder, on a free port."""

from __future__ import annotations

import ctypes
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fakes.kit.bucket import Bucket, parse
from tests.servers import wait_until

_KEY, _SECRET = "staging-key", "staging-secret"
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class BucketServer:
    """A server and the folder that it keeps buckets in, one below the other."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes]

    def url(self, name: str) -> str:
        """The address of a bucket, as `BLOBS_URL` has it."""
        return f"s3://{_KEY}:{_SECRET}@127.0.0.1:{self.port}/{name}"

    def bucket(self, name: str) -> Bucket:
        """A bucket, which need not exist."""
        return parse(self.url(name))

    def freeze(self) -> None:
        """Stop the server where it is: it keeps its connections and says nothing."""
        self.process.send_signal(signal.SIGSTOP)
        stat = Path(f"/proc/{self.process.pid}/stat")
        wait_until(
            lambda: stat.read_text().rpartition(")")[2].split()[0] == "T", lambda: "the server to stop"
        )

    def thaw(self) -> None:
        """Let it go on."""
        self.process.send_signal(signal.SIGCONT)

    def objects(self, name: str) -> dict[str, bytes]:
        """What is in a bucket."""
        return {
            str(path.relative_to(self.folder / name)): path.read_bytes()
            for path in (self.folder / name).rglob("*")
            if path.is_file()
        }


@contextmanager
def bucket_server(port: int = 0, data: Path | None = None) -> Iterator[BucketServer]:
    """Serve S3.

    Args:
        port: Where; any free port by default.
        data: Folder to keep buckets in, and to leave in place; a temporary one by default.
    """
    with tempfile.TemporaryDirectory(prefix="fakes-s3-") as text:
        log = Path(text) / "log"
        folder = data or Path(text) / "data"
        folder.mkdir(exist_ok=True)
        command = [str(Path(sys.executable).parent / "rclone"), "serve", "s3", "--addr", f"127.0.0.1:{port}"]
        command += ["--auth-key", f"{_KEY},{_SECRET}", "--config", "", "--etag-hash=", "--buffer-size=0"]
        command += ["--log-level", "NOTICE", str(folder)]
        with log.open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output, preexec_fn=_die_with_parent)
        try:
            wait_until(lambda: bool(_port(log)) or process.poll() is not None, lambda: "an S3 server")
            yield BucketServer(_port(log), folder, process)
        finally:
            process.kill()
            process.wait(10)


def _port(log: Path) -> int:
    found = re.search(r"http://127\.0\.0\.1:([0-9]+)/", log.read_text())
    return int(found[1]) if found else 0


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
