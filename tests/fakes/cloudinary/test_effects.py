from collections.abc import Sequence
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from fakes.cloudinary.render import effects
from fakes.cloudinary.render.effects.arguments import Box, Qualifiers, widened
from fakes.kit.errors import ProviderError

NAMED = {"red": (255, 0, 0), "white": (255, 255, 255), "blue": (0, 0, 255), "black": (0, 0, 0)}


def made(image: Image.Image, text: str, faces: Sequence[Box] = (), **beside: Any) -> Image.Image:
    """What `e_<text>` makes of a picture."""

    def read_color(name: str) -> tuple[int, int, int]:
        if name not in NAMED:
            raise ValueError(name)
        return NAMED[name]

    name, *arguments = text.split(":")
    return effects.apply(image, name, arguments, Qualifiers(lambda _: faces, read_color, **beside))


def plain(color: tuple[int, ...], size: tuple[int, int] = (20, 20)) -> Image.Image:
    return Image.new("RGB" if len(color) == 3 else "RGBA", size, color)


def spot() -> Image.Image:
    """A red square of 10 x 10 in the middle of a white one of 40 x 40."""
    image = plain((255, 255, 255), (40, 40))
    image.paste((255, 0, 0), (15, 15, 25, 25))
    return image


def sticker() -> Image.Image:
    """The red square alone, on nothing."""
    image = plain((0, 0, 0, 0), (40, 40))
    image.paste((255, 0, 0, 255), (15, 15, 25, 25))
    return image


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("grayscale", (200, 100, 50), (124, 124, 124)),
        ("negate", (200, 100, 50), (55, 155, 205)),
        ("sepia:100", (100, 100, 100), (135, 120, 94)),
        ("blackwhite", (200, 200, 200), (255, 255, 255)),
        ("blackwhite:90", (200, 200, 200), (0, 0, 0)),
        ("brightness:50", (100, 40, 0), (150, 60, 0)),
        ("brightness:-50", (100, 40, 0), (50, 20, 0)),
        ("brightness_hsb:20", (100, 0, 0), (151, 0, 0)),
        ("contrast:100", (100, 160, 128), (72, 192, 128)),
        ("contrast:level_-100;type_linear", (100, 160, 128), (128, 128, 128)),
        ("contrast:-100", (100, 160, 128), (128, 128, 128)),
        ("saturation:-100", (200, 100, 50), (124, 124, 124)),
        ("vibrance:0", (200, 100, 50), (200, 100, 50)),
        ("hue:-100", (255, 0, 0), (0, 252, 255)),
        ("gamma:100", (64, 64, 64), (128, 128, 128)),
        ("gamma:0", (64, 65, 66), (64, 65, 66)),
        ("red:100", (60, 60, 60), (120, 60, 60)),
        ("green:-100", (60, 60, 60), (60, 0, 60)),
        ("blue:50", (60, 60, 60), (60, 60, 90)),
        ("tint:100:black:white", (200, 100, 50), (124, 124, 124)),
        ("tint:50:black:0p:blue:100p", (255, 255, 255), (127, 127, 255)),
        ("recolor:0:1:0:1:0:0:0:0:1", (200, 100, 50), (100, 200, 50)),
        ("replace_color:blue:10:red", (250, 5, 0), (0, 5, 255)),
        ("replace_color:blue:10:red", (0, 200, 0), (0, 200, 0)),
        ("simulate_colorblind", (255, 0, 0), (159, 179, 0)),
        ("simulate_colorblind:protanopia", (255, 0, 0), (145, 142, 0)),
        ("fill_light:0", (60, 60, 60), (60, 60, 60)),
        ("vignette:0", (60, 60, 60), (60, 60, 60)),
        ("oil_paint", (60, 60, 60), (60, 60, 60)),
    ],
)
def test_a_colour_becomes_another(text: str, before: tuple[int, ...], after: tuple[int, ...]) -> None:
    assert made(plain(before), text).getpixel((10, 10)) == after


@pytest.mark.parametrize("name", sorted(effects.EFFECTS))
def test_transparency_stays_what_it_was(name: str) -> None:
    arguments = {
        "replace_color": ":blue",
        "recolor": ":1:0:0:0:1:0:0:0:1",
        "distort": ":0:0:40:0:40:40:0:40",
        "make_transparent": "",
    }.get(name, "")

    result = made(sticker(), name + arguments)

    assert result.mode == "RGBA"
    low, high = result.getchannel("A").getextrema()
    assert low == 255 if name == "trim" else low < 2  # type: ignore[operator] # of one channel
    assert high > 240  # type: ignore[operator] # of one channel


def test_colorize_takes_its_colour_from_beside() -> None:
    assert made(plain((0, 0, 0)), "colorize:50", color=(255, 255, 0)).getpixel((5, 5)) == (127, 127, 0)


def test_automatic_contrast_uses_the_whole_range() -> None:
    dull = plain((100, 100, 100))
    dull.paste((150, 150, 150), (0, 0, 10, 20))

    for name in ("auto_contrast", "auto_color", "improve"):
        assert made(dull, name).convert("L").getextrema() == (0, 255)
    assert made(dull, "auto_contrast:0").convert("L").getextrema() == (100, 150)


def test_automatic_brightness_aims_at_the_middle() -> None:
    assert made(plain((40, 40, 40)), "auto_brightness").getpixel((5, 5)) == (128, 128, 128)


def test_blur_mixes_neighbours() -> None:
    image = spot()

    far, near = (made(image, text).getpixel((20, 20)) for text in ("blur:100", "blur:1000"))

    assert far == (255, 5, 5) or far[1] < near[1]  # type: ignore[index] # RGB has three
    assert made(image, "blur:1000").getpixel((0, 0)) != (255, 0, 0)


def test_blurring_and_pixelating_a_region_leaves_the_rest() -> None:
    image = spot()

    for name in ("blur_region:500", "pixelate_region:10"):
        result = made(image, name, x=20, y=10, width=20, height=20)
        assert result.getpixel((17, 17)) == (255, 0, 0)
        assert result.getpixel((22, 20)) != (255, 0, 0)


def test_pixels_grow_to_squares() -> None:
    result = made(spot(), "pixelate:20")

    assert len(result.getcolors() or []) <= 4
    assert result.getpixel((0, 0)) == result.getpixel((19, 19)) != (255, 255, 255)


def test_faces_are_hidden_where_they_are() -> None:
    image = spot()

    for name in ("blur_faces", "pixelate_faces:20"):
        result = made(image, name, faces=[(10, 10, 20, 20)])
        assert result.getpixel((20, 20)) != (255, 0, 0)
        assert result.getpixel((5, 5)) == (255, 255, 255)
        assert made(image, name).getpixel((20, 20)) == (255, 0, 0)


def test_red_eyes_become_dark() -> None:
    result = made(spot(), "redeye", faces=[(10, 10, 20, 20)])

    assert (result.getpixel((20, 20)), result.getpixel((12, 12))) == ((0, 0, 0), (255, 255, 255))


def test_sharpening_raises_the_contrast_of_an_edge() -> None:
    image = plain((100, 100, 100), (40, 40))
    image.paste((150, 150, 150), (20, 0, 40, 40))

    for name in ("sharpen:200", "unsharp_mask:200"):
        low, high = made(image, name).convert("L").getextrema()
        assert low < 100  # type: ignore[operator] # of one channel
        assert high > 150  # type: ignore[operator] # of one channel


def test_a_vignette_is_dark_in_the_corners() -> None:
    result = made(plain((200, 200, 200), (100, 100)), "vignette:100")

    assert result.getpixel((50, 50)) == (200, 200, 200)
    assert result.getpixel((0, 0)) == (1, 1, 1)


def test_a_cartoon_has_lines_and_few_colours() -> None:
    assert made(spot(), "cartoonify:50:bw").convert("L").getextrema() == (0, 255)
    assert made(plain((77, 77, 77)), "cartoonify").getpixel((9, 9)) == (64, 64, 64)


def test_stripes_tell_red_from_green() -> None:
    image = plain((220, 0, 0))

    result = made(image, "assist_colorblind:20")

    assert len(result.getcolors() or []) > 1
    assert len(made(plain((0, 200, 0)), "assist_colorblind:20").getcolors() or []) == 1
    assert made(image, "assist_colorblind:xray").getpixel((3, 3)) != (220, 0, 0)


def test_dither_leaves_black_and_white() -> None:
    counted = made(plain((128, 128, 128)), "ordered_dither:2").getcolors() or []

    assert sorted(counted) == [(200, (0, 0, 0)), (200, (255, 255, 255))]
    assert made(plain((128, 128, 128)), "ordered_dither").getcolors() == [(400, (255, 255, 255))]
    assert made(plain((120, 120, 120)), "ordered_dither:0").getcolors() == [(400, (0, 0, 0))]


def test_trim_keeps_what_differs_from_the_edge() -> None:
    assert made(spot(), "trim").size == (10, 10)
    assert made(sticker(), "trim").size == (10, 10)
    assert made(spot(), "trim:10:blue").size == (40, 40)
    assert made(plain((9, 9, 9)), "trim").size == (20, 20)


def test_a_background_becomes_transparent() -> None:
    result = made(spot(), "make_transparent")
    by_color = made(spot(), "make_transparent:10", color=(255, 0, 0))

    assert (result.getpixel((0, 0)), result.getpixel((20, 20))) == ((255, 255, 255, 0), (255, 0, 0, 255))
    assert (by_color.getpixel((0, 0)), by_color.getpixel((20, 20))) == ((255, 255, 255, 255), (255, 0, 0, 0))


def test_half_opaque_becomes_opaque_or_nothing() -> None:
    assert made(plain((1, 2, 3, 100)), "opacity_threshold").getpixel((1, 1)) == (1, 2, 3, 0)
    assert made(plain((1, 2, 3, 100)), "opacity_threshold:30").getpixel((1, 1)) == (1, 2, 3, 255)


def test_a_shadow_falls_where_it_is_told() -> None:
    result = made(plain((255, 0, 0)), "shadow:0", x=6, y=-4, color=(0, 0, 255))

    assert result.size == (26, 24)
    assert result.getpixel((0, 4)) == (255, 0, 0, 255)
    assert result.getpixel((25, 0)) == (0, 0, 255, 255)
    assert result.getpixel((25, 23)) == (0, 0, 255, 0)
    assert made(plain((255, 0, 0)), "shadow").size == (30, 30)


def test_a_drop_shadow_falls_away_from_the_light() -> None:
    result = made(sticker(), "dropshadow:azimuth_270;elevation_0;spread_0")

    assert result.size[0] > 40
    assert result.getpixel((26, 20)) == (0, 0, 0, 255)


@pytest.mark.parametrize(
    ("text", "size", "line", "inside"),
    [
        ("outline:3", (46, 46), (16, 23), (23, 23)),
        ("outline:3", (46, 46), (19, 23), (23, 23)),
        ("outline:outer:3", (46, 46), (16, 23), (23, 23)),
        ("outline:inner:3", (40, 40), (16, 20), (20, 20)),
    ],
)
def test_outlines(text: str, size: tuple[int, int], line: tuple[int, int], inside: tuple[int, int]) -> None:
    result = made(sticker(), text, color=(0, 0, 255))

    assert result.size == size
    assert (result.getpixel(line), result.getpixel(inside)) == ((0, 0, 255, 255), (255, 0, 0, 255))


def test_an_outline_can_be_filled() -> None:
    result = made(sticker(), "outline:fill:6", color=(0, 0, 255))

    assert (result.size, result.getpixel((26, 26))) == ((52, 52), (0, 0, 255, 255))


@pytest.mark.parametrize(
    ("beside", "faded", "solid"),
    [
        ({}, (50, 1), (50, 90)),
        ({"x": 50}, (1, 50), (90, 50)),
        ({"x": -50}, (98, 50), (10, 50)),
        ({"y": -50}, (50, 98), (50, 10)),
    ],
)
def test_edges_fade(beside: dict[str, Any], faded: tuple[int, int], solid: tuple[int, int]) -> None:
    result = made(plain((9, 9, 9), (100, 100)), "gradient_fade", **beside).getchannel("A")

    assert result.getpixel(faded) < 30  # type: ignore[operator] # of one channel
    assert result.getpixel(solid) == 255


def test_a_symmetric_fade_has_both_edges() -> None:
    alpha = made(plain((9, 9, 9), (100, 100)), "gradient_fade:symmetric:20").getchannel("A")

    assert alpha.getpixel((50, 50)) == 252
    assert alpha.getpixel((50, 1)) == alpha.getpixel((50, 98)) == 8


@pytest.mark.parametrize(("strength", "value"), [(20, 64), (40, 16), (10, 128), (0, 255)])
def test_the_strength_of_a_fade_bends_it(strength: int, value: int) -> None:
    alpha = made(plain((9, 9, 9), (100, 100)), f"gradient_fade:{strength}").getchannel("A")

    assert abs(int(alpha.getpixel((50, 12))) - value) <= 3  # type: ignore[arg-type] # of one channel


@pytest.mark.parametrize(
    ("text", "at", "color"),
    [
        ("morphology:method_dilate;radius_3", (13, 20), (255, 255, 255)),
        ("morphology:method_erode;radius_3", (13, 20), (255, 0, 0)),
        ("morphology", (16, 20), (255, 0, 0)),
        ("morphology:method_convolve;radius_1", (20, 20), (255, 0, 0)),
    ],
)
def test_kernels_spread_what_is_dark_or_bright(
    text: str, at: tuple[int, int], color: tuple[int, int, int]
) -> None:
    assert made(spot(), text).getpixel(at) == color


@pytest.mark.parametrize("radius_px", [1, 2, 3, 5, 12])
def test_squares_of_all_sizes_are_looked_through(radius_px: int) -> None:
    noise = Image.effect_noise((31, 17), 90)

    brightest = widened(noise, radius_px, ImageChops.lighter)
    darkest = widened(noise, radius_px, ImageChops.darker)

    assert brightest.tobytes() == noise.filter(ImageFilter.MaxFilter(2 * radius_px + 1)).tobytes()
    assert darkest.tobytes() == noise.filter(ImageFilter.MinFilter(2 * radius_px + 1)).tobytes()


def test_paint_has_no_colours_that_were_not_there() -> None:
    before = {color for _, color in spot().getcolors() or []}

    assert {color for _, color in made(spot(), "oil_paint:50").getcolors() or []} <= before


def test_corners_are_moved() -> None:
    result = made(plain((255, 0, 0), (40, 40)), "distort:20:0:60:0:40:40:0:40")

    assert result.size == (60, 40)
    assert result.getpixel((30, 20)) == (255, 0, 0, 255)
    assert result.getpixel((1, 1)) == (0, 0, 0, 0)
    assert result.getpixel((58, 38)) == (0, 0, 0, 0)


def test_a_picture_is_bent_to_an_arc() -> None:
    image = plain((255, 0, 0), (200, 40))
    image.paste((0, 0, 255), (0, 20, 200, 40))

    half, ring = made(image, "distort:arc:180"), made(image, "distort:arc:360")

    # 200 pixels of half a circle have a radius of 63.7: 20 more outside, 20 less inside.
    assert half.size == (168, 84)
    assert [half.getpixel(at) for at in ((84, 10), (84, 30))] == [(255, 0, 0, 255), (0, 0, 255, 255)]
    assert [half.getpixel(at) for at in ((2, 2), (84, 80))] == [(0, 0, 0, 0)] * 2
    assert ring.size[0] == ring.size[1] == 104
    assert ring.getpixel((52, 98)) == (255, 0, 0, 255)


def test_a_sheared_picture_leans() -> None:
    result = made(plain((255, 0, 0), (40, 40)), "shear:45:0")

    assert result.size == (80, 40)
    assert result.getpixel((40, 20)) == (255, 0, 0, 255)
    assert {result.getpixel((2, 38)), result.getpixel((77, 2))} == {(0, 0, 0, 0)}


@pytest.mark.parametrize(
    ("text", "status", "message"),
    [
        ("nope", 400, "Invalid effect in transformation: nope"),
        ("blur:0", 400, "Invalid effect in transformation: blur:0"),
        ("blur:much", 400, "Invalid effect in transformation: blur:much"),
        ("brightness:101", 400, "Invalid effect in transformation: brightness:101"),
        ("distort:1:2", 400, "Invalid effect in transformation: distort:1:2"),
        (
            "distort:0:0:9:0:9:9:0:999999",
            400,
            "Invalid effect in transformation: distort:0:0:9:0:9:9:0:999999",
        ),
        ("distort:0:0:0:0:0:0:0:0", 400, "Invalid effect in transformation: distort:0:0:0:0:0:0:0:0"),
        ("morphology:method_melt", 400, "Invalid effect in transformation: morphology:method_melt"),
        ("shear:90:0", 400, "Invalid effect in transformation: shear:90:0"),
        ("auto_enhance", 501, "fake 'cloudinary' does not cover the effect auto_enhance"),
        ("recolor:nan:0:0:0:1:0:0:0:1", 400, "Invalid effect in transformation: recolor:nan:0:0:0:1:0:0:0:1"),
        ("recolor:1:2", 400, "Invalid effect in transformation: recolor:1:2"),
        ("tint:100:nocolor", 400, "Invalid effect in transformation: tint:100:nocolor"),
        (
            "distort:0:0:9000:0:9000:9000:0:9000",
            400,
            "Maximum image size is 25 Megapixels. Requested 81.00 Megapixels",
        ),
        ("art:zorro", 501, "fake 'cloudinary' does not cover the effect art:zorro"),
        ("background_removal", 501, "fake 'cloudinary' does not cover the effect background_removal"),
        ("distort:arc:0", 400, "Invalid effect in transformation: distort:arc:0"),
        (
            "viesus_correct",
            420,
            "You don't have an active subscription for VIESUS Automatic Image Enhancement",
        ),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(text: str, status: int, message: str) -> None:
    with pytest.raises(ProviderError) as refused:
        made(plain((1, 2, 3)), text)

    assert (refused.value.status, refused.value.message) == (status, message)


def test_a_large_picture_is_changed_in_bands() -> None:
    image = plain((250, 0, 0), (1500, 1500))
    ImageDraw.Draw(image).rectangle((0, 1400, 1499, 1499), fill=(0, 200, 0))

    result = made(image, "replace_color:blue:10:red")

    assert [result.getpixel((700, y)) for y in (0, 800, 1450)] == [(0, 0, 255), (0, 0, 255), (0, 200, 0)]


def test_paint_has_no_seams() -> None:
    dots = Image.effect_noise((90, 130), 80).point(lambda value: 255 * (value > 127))

    result = made(dots.convert("RGB"), "oil_paint:100")

    in_one_go = ImageChops.invert(ImageChops.invert(dots).filter(ImageFilter.ModeFilter(21)))
    assert result.tobytes() == in_one_go.convert("RGB").tobytes()
