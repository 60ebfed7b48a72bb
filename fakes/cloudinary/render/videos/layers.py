"""The files that layers of videos are made of: videos as they are, pictures as PNG, subtitles as ASS."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from fakes.cloudinary import formats
from fakes.cloudinary.errors import not_emulated, transformation_refused, unsupported_font
from fakes.cloudinary.media import probe_video
from fakes.cloudinary.render import images
from fakes.cloudinary.render.geometry import Size
from fakes.cloudinary.render.materials import Material, Materials, shown_size
from fakes.cloudinary.render.text import FAMILIES
from fakes.cloudinary.render.videos import subtitles
from fakes.cloudinary.render.videos.graph import Source
from fakes.cloudinary.render.videos.subtitles import Look
from fakes.cloudinary.transformation import Colour, Component, Layer

_SUBTITLES_LIMIT_BYTES = 5_000_000
_BOLD = frozenset({"bold", "semibold", "extrabold", "black"})


@dataclass(frozen=True, slots=True)
class LayerFiles:
    """Draws and writes what layers need. Blocks.

    Attributes:
        new: Gives a path for a temporary file.
    """

    materials: Materials
    new: Callable[[], Path]
    _drawn: dict[tuple[int, Size], tuple[Path, Size]] = field(default_factory=dict)

    def source(self, layer: Layer) -> Source:
        """The video or sound that a layer names."""
        return source_of(self.materials.layers[layer.source])

    def picture(self, layer: Layer, below: Size, *, is_placed: bool) -> tuple[Path, Size]:
        """A PNG of an image or text layer for a video of this size: alone, or in its place."""
        key = (id(layer), below)
        if key not in self._drawn:
            path = self.new()
            self._drawn[key] = (path, images.draw(layer, path, below, self.materials, is_placed=is_placed))
        return self._drawn[key]

    def subtitles(self, layer: Layer, below: Size) -> Path:
        """An ASS script of a subtitles layer."""
        stored = self.materials.layers[layer.source].path
        if stored.stat().st_size > _SUBTITLES_LIMIT_BYTES:
            raise transformation_refused("Invalid subtitles file")
        path = self.new()
        cues = subtitles.read(stored.read_bytes())
        path.write_text(subtitles.write(cues, below, _look(layer)), encoding="utf-8")
        return path


def source_of(material: Material) -> Source:
    """A stored video or sound; what its row does not say is looked for in the file, which blocks."""
    asset = material.asset
    detail, duration_s = asset.detail, asset.duration
    if "audio" not in detail or not duration_s:
        found = probe_video(material.path, asset.original_filename)
        detail, duration_s = found.detail, found.duration_s
    size = shown_size(asset)
    fps = float(detail.get("frame_rate") or 0.0)
    return Source(material.path, duration_s or 0.0, size, bool(detail.get("audio")), fps)


def _look(layer: Layer) -> Look:
    style = layer.source.style
    placing = layer.placing
    wishes = [step for step in (*layer.steps, placing) if isinstance(step, Component)]
    colour = next((one.text_colour for one in wishes if one.text_colour is not None), None)
    behind = next((one.background for one in wishes if isinstance(one.background, Colour)), None)
    look = Look(
        gravity=placing.gravity or "south",
        x=placing.x if isinstance(placing.x, int) else 0,
        y=placing.y if isinstance(placing.y, int) else 0,
        background=behind[:3] if behind is not None else None,
    )
    if colour is not None:
        look = replace(look, colour=colour[:3])
    if style is None:
        return look
    if formats.is_font(style.font):
        raise not_emulated("subtitles in a font of one's own")
    if style.font.lower() not in FAMILIES:
        raise unsupported_font(style.font)
    is_italic = style.style in ("italic", "oblique")
    size_px = max(1, round(style.size_px))
    return replace(look, size_px=size_px, is_bold=style.weight in _BOLD, is_italic=is_italic)
