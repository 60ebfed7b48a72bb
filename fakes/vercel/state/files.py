"""Uploaded files by their digest, and the trees of deployments made of them."""

import base64
import binascii
import hashlib
import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from fakes.vercel import errors

LIMIT_BYTES = 100_000_000
"""Of one file (vercel.com/docs/limits, static file uploads)."""
UNPACKED_LIMIT_BYTES = 1_000_000_000
"""Of all files of an archive."""  # guess: a limit of this fake's own
ARCHIVE = ".vercel/source.tgz.part"
"""Begins the names of the pieces of an archive that stands for all files of a deployment."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A file of a deployment: its path there, and the digest of its content."""

    path: str
    sha: str
    size_bytes: int


class Files:
    """A folder with a file for each digest, and a folder for each deployment.

    Args:
        folder: Where they lie; None for a temporary folder that `close` removes.
    """

    def __init__(self, folder: Path | None) -> None:
        self._is_temporary = folder is None
        self._folder = folder

    def has(self, sha: str) -> bool:
        """Whether the content with this digest was uploaded."""
        return self._blob(sha).is_file()

    async def receive(self, sha: str, pieces: AsyncIterator[bytes]) -> None:
        """Take a content in.

        Raises:
            ProviderError: It is not what the digest says, or too large (400).
        """
        digest, size_bytes = hashlib.sha1(usedforsecurity=False), 0
        with tempfile.NamedTemporaryFile(dir=self._below("blobs"), delete=False) as file:
            try:
                async for piece in pieces:
                    size_bytes += len(piece)
                    if size_bytes > LIMIT_BYTES:
                        raise errors.api(400, "file_too_large", "The file is too large.")
                    digest.update(piece)
                    file.write(piece)
                if digest.hexdigest() != sha:
                    raise errors.bad_request(f"The digest of the file is not {sha}.")  # guess: wording
            except BaseException:
                os.unlink(file.name)
                raise
        os.replace(file.name, self._blob(sha))

    def keep(self, content: bytes) -> str:
        """Store a content that came within a body; returns its digest."""
        sha = hashlib.sha1(content, usedforsecurity=False).hexdigest()
        (self._below("blobs") / sha).write_bytes(content)
        return sha

    def lay_out(self, deployment: str, listed: Sequence[Listed]) -> Path:
        """Make the tree of a deployment; an archive is unpacked.

        Raises:
            ProviderError: The archive cannot be read, or two paths exclude each other (400).
        """
        tree = self.tree(deployment)
        parts = sorted((one for one in listed if one.path.startswith(ARCHIVE)), key=_part_number)
        try:
            for one in listed:
                if one not in parts:
                    place = tree / one.path
                    place.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(self._blob(one.sha), place)  # no link: who deploys it may build in it
            if parts:
                _unpack(b"".join(self._blob(one.sha).read_bytes() for one in parts), tree)
        except (tarfile.TarError, OSError, EOFError) as error:
            self.drop(deployment)
            raise errors.bad_request(f"The files cannot be laid out: {error}") from error  # guess: wording
        return tree

    def tree(self, deployment: str) -> Path:
        """The folder of a deployment's files, made when it is not there."""
        return self._below("trees", deployment)

    def copy(self, deployment: str, other: str) -> None:
        """Give one deployment the files of another."""
        shutil.copytree(self.tree(other), self.tree(deployment), dirs_exist_ok=True, symlinks=True)

    def drop(self, deployment: str) -> None:
        """Remove the files of a deployment."""
        shutil.rmtree(self.tree(deployment), ignore_errors=True)

    def clear(self) -> None:
        """Remove everything."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def close(self) -> None:
        """Remove what is temporary."""
        if self._is_temporary:
            self.clear()

    def _blob(self, sha: str) -> Path:
        return self._below("blobs") / sha

    def _below(self, *names: str) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="fakes-vercel-"))
        folder = self._folder.joinpath(*names)
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def listed_in(files: Any) -> list[Listed]:
    """The files that a deployment names by digest.

    Raises:
        ProviderError: Not a list of files, or a path that leads out of the deployment (400).
    """
    if not isinstance(files, list):
        raise errors.bad_request("Invalid request: `files` should be array.")
    return [_listed(one) for one in files]


def _listed(given: Any) -> Listed:
    path, sha = (given.get("file"), given.get("sha")) if isinstance(given, dict) else (None, None)
    if not isinstance(path, str) or not isinstance(sha, str) or not is_digest(sha):
        raise errors.bad_request("Invalid request: `files` should have `file` and `sha`.")
    parts = PurePosixPath(path).parts
    if path.startswith("/") or not parts or ".." in parts or "\x00" in path:
        raise errors.api(400, "invalid_file_path", f"The file path {path!r} is not valid.")  # guess: the code
    size = given.get("size")
    return Listed(path, sha, size if isinstance(size, int) else 0)


def content(given: Any) -> bytes | None:
    """The content of a file that is within the body; None when it is named by its digest.

    Raises:
        ProviderError: It is not what its encoding says (400).
    """
    data = given.get("data") if isinstance(given, dict) else None
    if not isinstance(data, str):
        return None
    if given.get("encoding") != "base64":
        return data.encode()
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise errors.bad_request("Invalid request: `data` is not base64.") from error


def is_digest(text: str) -> bool:
    """Whether this is a SHA-1 as 40 lower-case hex digits."""
    return len(text) == 40 and set(text) <= set("0123456789abcdef")


def _unpack(archive: bytes, tree: Path) -> None:
    left_bytes = UNPACKED_LIMIT_BYTES
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        for member in opened:
            left_bytes -= member.size
            if left_bytes < 0:
                raise tarfile.TarError(f"it holds more than {UNPACKED_LIMIT_BYTES} bytes")
            opened.extract(member, tree, filter="data")


def _part_number(one: Listed) -> int:
    digits = one.path.removeprefix(ARCHIVE)
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 6 else 0
