"""SVG and PDF: how large they are, and their pages as pixels.

The parsers of both run in a process of their own with bounds on memory, processor time and output, because
a file of a few bytes can ask for any amount of each.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from fakes.cloudinary.errors import invalid_image

PDF_DPI = 150
"""Source: cloudinary.com/documentation/transformation_reference#dn_density"""
_TIME_LIMIT_S = 20.0
_SNIFFED_BYTES = 4096
_PROGRAM = Path(__file__).with_name("rasterizer.py")


@dataclass(frozen=True, slots=True)
class Drawing:
    """A file that is drawn: its format, the size of its first page in pixels (points for PDF), its pages."""

    format: str
    width_px: int
    height_px: int
    pages: int


def kind_of(path: Path) -> str | None:
    """`svg` or `pdf` by the first bytes; None for anything else."""
    with path.open("rb") as file:
        head = file.read(_SNIFFED_BYTES)
    if b"%PDF-" in head[:1024]:
        return "pdf"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    is_markup = text.startswith((b"<svg", b"<?xml", b"<!--", b"<!doctype svg"))
    return "svg" if is_markup and (b"<svg" in text or b"<!doctype svg" in text) else None


def measure(path: Path) -> Drawing | None:
    """What a drawn file is; None when it is neither SVG nor PDF.

    Raises:
        ProviderError: It is broken, or asks for too much (400).
    """
    kind = kind_of(path)
    if kind is None:
        return None
    try:
        width_px, height_px, pages = json.loads(_run("measure", kind, str(path)))
    except ValueError as error:
        raise invalid_image() from error
    return Drawing(kind, int(width_px), int(height_px), int(pages))


def draw(path: Path, kind: str, page: int, zoom: float) -> bytes:
    """One page as PNG.

    Args:
        path: The file.
        kind: `svg` or `pdf`.
        page: From 1.
        zoom: Pixels for each unit of the drawing.

    Raises:
        ProviderError: It is broken, has no such page, or asks for too much (400).
    """
    return _run("draw", kind, str(path), str(page), str(zoom))


def sanitized(path: Path) -> bytes:
    """An SVG without scripts, event handlers, style sheets and addresses outside of itself.

    Raises:
        ProviderError: It is broken, or asks for too much (400).
    """
    return _run("sanitize", "svg", str(path))


def font_file(name: str) -> Path:
    """A font file of the wheel that carries them."""
    from importlib import resources  # late, and so are the archives that it knows

    return Path(str(resources.files("fontpkg_arimo") / "files" / name))


def _run(*arguments: str) -> bytes:
    font = str(font_file("Arimo[wght].ttf"))
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(_PROGRAM), font, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIME_LIMIT_S,
            check=True,
            env={},
            cwd="/",
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise invalid_image() from error
    return done.stdout
