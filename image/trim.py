"""Takes out of installed packages what no running program reads: `python trim.py SITE-PACKAGES`.

Nothing that is imported goes. Shared libraries lose what lies behind their last segment (symbols and debug
information), which the loader never looks at.
"""

import shutil
import struct
import sys
from pathlib import Path

UNREAD = (
    "**/tests",
    "**/SelfTest",
    "**/*.pyi",
    "**/*.pxd",
    "**/*.pyx",
    "**/*.h",
    "**/include",
    "node_modules",  # left in a wheel by its publisher's tools
    "faker/providers/**/*_[A-Z][A-Z]",  # the seed speaks en_US
)
KEPT = ("en_US", "en_GB")
"""What the seed's words come out of; some providers fall back to en_GB."""


def trim(packages: Path) -> None:
    """Remove the files that nobody reads, and shorten the shared libraries."""
    for pattern in UNREAD:
        for path in sorted(packages.glob(pattern)):
            if path.name in KEPT or not path.exists():
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    for library in packages.glob("**/*.so*"):
        shorten(library)


def shorten(library: Path) -> None:
    """Cut a 64-bit ELF file behind its last segment, and have its header name no sections any more.

    Source: the System V ABI, "ELF Header": e_phoff at 32, e_shoff at 40, e_phentsize at 54, e_phnum at 56,
    e_shnum at 60, e_shstrndx at 62; "Program Header": p_offset at 8, p_filesz at 32.
    """
    content = bytearray(library.read_bytes())
    if content[:5] != b"\x7fELF\x02":
        return
    (headers,) = struct.unpack_from("<Q", content, 32)
    size, count = struct.unpack_from("<HH", content, 54)
    segments = (headers + number * size for number in range(count))
    end = max(sum(struct.unpack_from("<8xQ16xQ", content, segment)) for segment in segments)
    struct.pack_into("<Q", content, 40, 0)
    struct.pack_into("<HH", content, 60, 0, 0)
    library.write_bytes(content[:end])


if __name__ == "__main__":
    trim(Path(sys.argv[1]))
