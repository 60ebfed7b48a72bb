"""Zip files as RunPod's BLIP worker takes and gives them: pictures in, one text file for each out.

Nothing is ever unpacked to disk, and what an archive claims of itself is not believed.
"""

import base64
import io
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from fakes.runpod.models import HandlerError

MOST_FILES = 1000
MOST_BYTES = 100_000_000
"""Of all pictures together, unpacked."""
_MOST_DIRECTORY_BYTES = 1_000_000
_PICTURE_ENDINGS = (".png", ".jpg", ".jpeg")
_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError, ValueError)
_END = b"PK\x05\x06"
_END_BYTES = 22
_LONGEST_COMMENT = 0xFFFF


def is_archive(content: bytes) -> bool:
    """Whether this is a zip file."""
    return content.startswith((b"PK\x03\x04", _END))


def pictures(content: bytes, what: str) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each file whose name ends as a picture's does, in the order of their names.

    Raises:
        HandlerError: Not a zip file, or one that is too large, names files outside of itself, or holds no
            picture; also while files are taken.
    """
    if _directory_bytes(content) > _MOST_DIRECTORY_BYTES:
        raise HandlerError(f"{what} holds more than {MOST_FILES} files")
    left = MOST_BYTES
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for entry in _wanted(archive, what):
                with archive.open(entry) as file:
                    picture = file.read(left + 1)
                left -= len(picture)
                if left < 0:
                    raise HandlerError(f"{what} holds more than {MOST_BYTES // 1_000_000} MB")
                yield entry.filename, picture
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        EOFError,
        OSError,
        RuntimeError,
        ValueError,
    ) as error:
        raise HandlerError(f"{what} is not a zip file that can be read: {error}") from error


def with_texts(texts: Mapping[str, str]) -> str:
    """A `data:` URL of a zip file with a text file for each picture; always the same for the same texts."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in {f"{PurePosixPath(name).stem}.txt": text for name, text in texts.items()}.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return f"data:application/zip;base64,{base64.b64encode(file.getvalue()).decode()}"


def _wanted(archive: zipfile.ZipFile, what: str) -> list[zipfile.ZipInfo]:
    entries = archive.infolist()
    if len(entries) > MOST_FILES:
        raise HandlerError(f"{what} holds more than {MOST_FILES} files")
    for entry in entries:
        if _leads_out(entry.filename):
            raise HandlerError(f"{what} names a file outside of itself: '{entry.filename}'")
    wanted = [entry for entry in entries if entry.filename.lower().endswith(_PICTURE_ENDINGS)]
    if not wanted:
        raise HandlerError(f"{what} holds no pictures")
    for entry in wanted:
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise HandlerError(f"{what} is not a zip file that can be read: only deflate is supported")
    return sorted(wanted, key=lambda entry: entry.filename)


def _leads_out(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or name[1:2] == ":"


def _directory_bytes(content: bytes) -> int:
    """How large a list of files is, as said at the end: each takes memory before it can be counted."""
    end = content.rfind(_END, -(_END_BYTES + _LONGEST_COMMENT))
    if end < 0 or len(content) - end < _END_BYTES:
        return 0
    size: int = struct.unpack_from("<I", content, end + 12)[0]
    return size
