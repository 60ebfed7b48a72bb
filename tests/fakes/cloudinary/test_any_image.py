"""Chains of whatever there is: each is done, or refused in Cloudinary's words."""

import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from fakes.cloudinary.render import effects
from fakes.cloudinary.render.geometry import Box
from fakes.cloudinary.render.images.focus import Regions
from fakes.cloudinary.transformation.values import CROPPING, PADDING, SCALING
from fakes.kit.errors import ProviderError
from tests.fakes.cloudinary.pictures import RED, flat, made, saved

LENGTHS = ("0", "1", "5", "50", "200", "0.5", "1.5", "-5")
GRAVITIES = ("north", "south_east", "face", "faces", "auto", "custom", "xy_center", "face:auto")
VALUES: dict[str, Sequence[str]] = {
    "w": LENGTHS,
    "h": LENGTHS,
    "x": LENGTHS,
    "y": LENGTHS,
    "c": sorted(SCALING | CROPPING | PADDING),
    "g": GRAVITIES,
    "a": ("90", "45", "hflip", "auto_right", "ignore", "-30"),
    "r": ("max", "5", "5:0:9:0"),
    "o": ("0", "50"),
    "b": ("red", "auto", "auto:border_gradient:4", "blurred:400:15", "transparent"),
    "bo": ("2px_solid_red", "1px_solid_rgb:ff000080"),
    "e": (*sorted(effects.EFFECTS), "loop", "boomerang", "fade:-100", "trim:0", "outline:fill:3:50"),
    "co": ("red", "rgb:00ff0080"),
    "fl": ("relative", "no_overflow", "tiled", "png8", "lossy", "mono", "text_no_trim", "animated"),
    "ar": ("16:9", "1.0"),
    "cs": ("cmyk",),
    "pg": ("1", "2"),
}
LAYERS = ("l_logo", "u_logo", "l_text:Arial_20:Hi", "l_text:Arial_12_bold_center_letter_spacing_4:a%20b%0Acc")
PLACES = (
    "",
    ",g_faces",
    ",x_5,y_0.5",
    ",e_multiply",
    ",e_mask",
    ",e_cut_out",
    ",e_displace,x_4",
    ",fl_cutter",
)


def component(chance: random.Random) -> str:
    keys = chance.sample(sorted(VALUES), chance.randint(1, 4))
    return ",".join(f"{key}_{chance.choice(VALUES[key])}" for key in keys)


def chain(chance: random.Random) -> str:
    parts = [component(chance) for _ in range(chance.randint(1, 3))]
    if chance.random() < 0.4:
        opening = f"{chance.choice(LAYERS)},{component(chance)}"
        parts += [opening, component(chance), f"fl_layer_apply{chance.choice(PLACES)}"]
    return "/".join(parts)


def test_any_chain_is_done_or_refused(tmp_path: Path) -> None:
    chance = random.Random(1)
    frames = [flat(RED, 20, 10), flat((0, 0, 255), 20, 10)]
    sources = [
        saved(flat(RED, 1, 1)),
        saved(flat((0, 255, 0, 90), 33, 50)),
        saved(Image.radial_gradient("L").resize((64, 48))),
        saved(Image.new("CMYK", (20, 20), (9, 99, 199, 0)), "TIFF"),
        saved(frames[0], "GIF", save_all=True, append_images=frames[1:]),
    ]
    regions = Regions(faces=(Box(2, 2, 4, 4), Box(0, 0, 50, 50)), custom=(Box(1, 1, 3, 3),))
    outcomes: Counter[int] = Counter()

    for _ in range(200):
        ending = chance.choice(("png", "jpg", "gif", "webp", "bmp", "tiff", "ico"))
        try:
            made(tmp_path, chance.choice(sources), chain(chance), ending, {"logo": flat(RED, 7, 5)}, regions)
            outcomes[200] += 1
        except ProviderError as error:
            # The pictures are sound: whatever could not be drawn must say what it was.
            outcomes[500 if error.message == "Invalid image file" else error.status] += 1

    assert set(outcomes) == {200, 400}
    assert outcomes[200] > 60
