"""The program that parses SVG and PDF, alone in a process.

Called as `rasterizer.py <font> measure|sanitize|draw <kind> <path> [<page> <zoom>]`. It writes JSON
(`[width, height, pages]`), SVG or a PNG to its standard output. It imports nothing of ours.
"""

import io
import json
import re
import resource
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

_MEMORY_LIMIT_BYTES = 1 << 30
_PROCESSOR_LIMIT_S = 15
_LIMIT_PX = 25_000_000
_LARGEST_SIDE = 30_000
_DEFAULT_SIZE = (300.0, 150.0)
_UNITS = {"": 1.0, "px": 1.0, "pt": 4 / 3, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0}
# What an SVG may not pull in: files and hosts outside of itself.
_OUTSIDE = re.compile(r"""((?:xlink:)?href|src)(\s*=\s*["'])(?!#|data:)""", re.IGNORECASE)


_ACTIVE = frozenset({"script", "foreignobject", "iframe", "object", "embed", "handler", "listener", "style"})
_NAMESPACES = {"": "http://www.w3.org/2000/svg", "xlink": "http://www.w3.org/1999/xlink"}


def main(font: str, action: str, kind: str, path: str, *rest: str) -> None:
    """Measure a file, clean it, or draw a page of it."""
    for limit, value in (
        (resource.RLIMIT_AS, _MEMORY_LIMIT_BYTES),
        (resource.RLIMIT_CPU, _PROCESSOR_LIMIT_S),
        (resource.RLIMIT_FSIZE, 0),
    ):
        resource.setrlimit(limit, (value, value))
    if action == "sanitize":
        sys.stdout.buffer.write(svg_sanitized(path))
        return
    if action == "measure":
        found = svg_size(path) if kind == "svg" else pdf_size(path)
        sys.stdout.write(json.dumps(found))
        return
    page, zoom = int(rest[0]), float(rest[1])
    drawn = svg_picture(path, font, zoom) if kind == "svg" else pdf_picture(path, page, zoom)
    sys.stdout.buffer.write(drawn)


def svg_size(path: str) -> tuple[int, int, int]:
    """Width and height of an SVG as its root says, or as its view box does; and one page."""
    root: dict[str, str] = {}

    def started(name: str, attributes: dict[str, str]) -> None:
        if not root:
            if name.rpartition(":")[2] != "svg":
                raise ValueError(name)
            root.update(attributes, _name=name)

    parser = expat.ParserCreate()
    parser.StartElementHandler = started
    parser.Parse(Path(path).read_bytes(), True)
    box = [float(part) for part in re.split(r"[\s,]+", root.get("viewBox", "").strip()) if part]
    inner = (box[2], box[3]) if len(box) == 4 else _DEFAULT_SIZE
    width, height = (_length(root.get(name, "")) for name in ("width", "height"))
    if width is None and height is None:
        width, height = inner
    elif width is None and height is not None:
        width = height * inner[0] / inner[1]
    elif height is None and width is not None:
        height = width * inner[1] / inner[0]
    assert width is not None
    assert height is not None
    if not 0 < width <= _LARGEST_SIDE or not 0 < height <= _LARGEST_SIDE:
        raise ValueError((width, height))
    return max(1, round(width)), max(1, round(height)), 1


def _length(text: str) -> float | None:
    match = re.fullmatch(r"\s*([\d.]+(?:e\d)?)\s*([a-z]*)\s*", text)
    return float(match[1]) * _UNITS[match[2]] if match and match[2] in _UNITS else None


def svg_sanitized(path: str) -> bytes:
    """An SVG without what could run or be loaded: scripts, handlers, foreign content, outside addresses."""
    for prefix, name in _NAMESPACES.items():
        ElementTree.register_namespace(prefix, name)
    root = ElementTree.fromstring(Path(path).read_bytes())
    for element in list(root.iter()):
        for child in list(element):
            if _local(child.tag) in _ACTIVE:
                element.remove(child)
        for name, value in list(element.attrib.items()):
            is_outside = _local(name) in ("href", "src") and not value.startswith(("#", "data:image/"))
            is_style = _local(name) == "style" and "url(" in value.replace("url(#", "")
            if _local(name).startswith("on") or is_outside or is_style:
                del element.attrib[name]
    cleaned: bytes = ElementTree.tostring(root, "utf-8", xml_declaration=True)
    return cleaned


def _local(name: object) -> str:
    """A name without its namespace; comments have functions for names."""
    return str(name).rpartition("}")[2].lower()


def svg_picture(path: str, font: str, zoom: float) -> bytes:
    """An SVG as PNG."""
    import resvg_py

    width, height, _ = svg_size(path)
    size = (max(1, round(width * zoom)), max(1, round(height * zoom)))
    _check(*size)
    markup = _OUTSIDE.sub(r"data-outside\2", Path(path).read_text("utf-8", "replace"))
    families = dict.fromkeys(
        (
            "font_family",
            "serif_family",
            "sans_serif_family",
            "cursive_family",
            "fantasy_family",
            "monospace_family",
        ),
        "Arimo",
    )
    options: dict[str, Any] = {"skip_system_fonts": True, "font_files": [font], **families}
    return bytes(resvg_py.svg_to_bytes(svg_string=markup, width=size[0], height=size[1], **options))


def pdf_size(path: str) -> tuple[int, int, int]:
    """Width and height of the first page of a PDF in points, and the number of pages."""
    import pypdfium2

    document = pypdfium2.PdfDocument(path)
    width, height = document[0].get_size()
    return round(width), round(height), len(document)


def pdf_picture(path: str, number: int, zoom: float) -> bytes:
    """A page of a PDF as PNG on white."""
    import pypdfium2

    document = pypdfium2.PdfDocument(path)
    page = document[number - 1]
    width, height = page.get_size()
    _check(width * zoom, height * zoom)
    written = io.BytesIO()
    page.render(scale=zoom).to_pil().convert("RGB").save(written, "PNG", compress_level=1)
    return written.getvalue()


def _check(width: float, height: float) -> None:
    if width * height > _LIMIT_PX:
        raise ValueError((width, height))


if __name__ == "__main__":
    main(*sys.argv[1:])
