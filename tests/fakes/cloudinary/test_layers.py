from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from fakes.cloudinary.render import images
from fakes.cloudinary.render.geometry import Box, Size
from fakes.cloudinary.render.images.focus import Regions
from fakes.cloudinary.render.materials import Material, Materials
from fakes.cloudinary.transformation import Colour, Component, Layer, LayerSource, Plan
from fakes.kit.errors import ProviderError
from tests.fakes.cloudinary.pictures import (
    BLACK,
    BLUE,
    RED,
    WHITE,
    alpha,
    asset,
    flat,
    made,
    quarters,
    rgb,
    saved,
)

LOGO = {"logo": flat(RED, 10, 10)}


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("l_logo", (20, 20), (10, 10)),
        ("l_logo,g_north_west", (5, 5), (15, 5)),
        ("l_logo,g_south_east,x_3,y_4", (27 + 5, 26 + 5), (38, 38)),
        ("l_logo/fl_layer_apply,g_north_east,x_2,y_2", (33, 7), (39, 1)),
        ("l_logo,w_20/fl_layer_apply,g_north_west", (18, 18), (22, 22)),
        ("l_logo/c_scale,w_0.5,fl_relative/fl_layer_apply,g_north_west", (18, 18), (22, 22)),
        ("l_logo,w_0.25,fl_relative,g_north_west", (8, 8), (12, 12)),
        ("l_logo,g_xy_center,x_30,y_10", (30, 10), (20, 10)),
        ("l_logo,g_north_west,x_0.5,y_0.5", (25, 25), (15, 15)),
        ("l_logo,a_90,g_west", (5, 20), (15, 20)),
        ("l_logo,a_ignore,w_10,g_west", (5, 20), (15, 20)),
        ("l_logo/l_logo/fl_layer_apply/fl_layer_apply,g_north", (20, 5), (20, 15)),
    ],
)
def test_a_layer_is_where_it_is_put(
    tmp_path: Path, text: str, inside: tuple[int, int], outside: tuple[int, int]
) -> None:
    result = made(tmp_path, flat(BLUE), text, layers=LOGO)

    assert (result.size, result.mode) == ((40, 40), "RGB")
    assert (rgb(result, inside), rgb(result, outside)) == (RED, BLUE)


def test_a_layer_can_be_faint_and_changed(tmp_path: Path) -> None:
    faint = made(tmp_path, flat(BLUE), "l_logo,o_50", layers=LOGO)
    changed = made(tmp_path, flat(BLUE), "l_logo/e_negate/fl_layer_apply", layers=LOGO)

    assert rgb(faint, (20, 20)) in ((128, 0, 127), (127, 0, 128))
    assert rgb(changed, (20, 20)) == (0, 255, 255)


def test_what_comes_after_a_layer_works_on_both(tmp_path: Path) -> None:
    result = made(tmp_path, flat(BLUE), "l_logo,g_north_west/w_80", layers=LOGO)

    assert (result.size, rgb(result, (10, 10))) == ((80, 80), RED)


def test_a_layer_beyond_the_edge_makes_room_unless_told_otherwise(tmp_path: Path) -> None:
    grown = made(tmp_path, flat(BLUE), "l_logo,g_north_west,x_-5,y_-5", layers=LOGO)
    kept = made(tmp_path, flat(BLUE), "l_logo,g_north_west,x_-5,y_-5,fl_no_overflow", layers=LOGO)
    outside = made(tmp_path, flat(BLUE), "l_logo,g_north_west,x_90,fl_no_overflow", layers=LOGO)
    large = made(tmp_path, flat(BLUE), "l_logo,w_60", layers=LOGO)

    assert (grown.size, rgb(grown, (2, 2)), alpha(grown, (2, 30))) == ((45, 45), RED, 0)
    assert (kept.size, rgb(kept, (2, 2)), rgb(kept, (7, 7))) == ((40, 40), RED, BLUE)
    assert (outside.size, rgb(outside, (39, 5))) == ((40, 40), BLUE)
    assert large.size == (60, 60)


def test_an_underlay_is_below(tmp_path: Path) -> None:
    result = made(tmp_path, flat(BLUE, 10, 10), "u_logo,w_40", layers=LOGO)
    placed = made(tmp_path, flat(BLUE, 10, 10), "u_logo,w_40/fl_layer_apply,g_north_west", layers=LOGO)

    assert (result.size, rgb(result, (20, 20)), rgb(result, (5, 5))) == ((40, 40), BLUE, RED)
    assert (rgb(placed, (5, 5)), rgb(placed, (20, 20))) == (BLUE, RED)


def test_tiles_cover_everything(tmp_path: Path) -> None:
    tile = flat(RED, 10, 10)
    tile.paste(WHITE, (5, 0, 10, 10))

    result = made(tmp_path, flat(BLUE), "l_logo,fl_tiled", layers={"logo": tile})

    assert {rgb(result, (x, 20)) for x in (2, 12, 32)} == {RED}
    assert {rgb(result, (x, 20)) for x in (7, 17, 37)} == {WHITE}


@pytest.mark.parametrize(
    ("blending", "color"),
    [
        ("e_multiply", (50, 0, 0)),
        ("e_screen", (255, 100, 100)),
        ("e_overlay", (199, 0, 0)),
    ],
)
def test_layers_are_blended(tmp_path: Path, blending: str, color: tuple[int, int, int]) -> None:
    result = made(tmp_path, flat((100, 100, 100)), f"l_logo,{blending}", layers={"logo": flat((255, 0, 0))})
    dark = made(tmp_path, flat((50, 50, 50)), f"l_logo,{blending}", layers={"logo": flat((255, 0, 0))})

    if blending == "e_multiply":
        assert rgb(dark, (20, 20)) == color
    else:
        assert max(abs(a - b) for a, b in zip(rgb(result, (20, 20)), color, strict=True)) <= 1


def test_layers_cut_and_mask(tmp_path: Path) -> None:
    white = {"logo": flat(WHITE, 10, 10)}

    hole = made(tmp_path, flat(BLUE), "l_logo,e_cut_out", layers=white)
    window = made(tmp_path, flat(BLUE), "l_logo,e_mask", layers=white)
    shape = Image.new("RGBA", (20, 20))
    shape.paste((9, 9, 9, 255), (0, 0, 10, 20))
    cut = made(tmp_path, quarters(), "l_logo,fl_cutter", layers={"logo": shape})

    assert (alpha(hole, (20, 20)), alpha(hole, (5, 5))) == (0, 255)
    assert (alpha(window, (20, 20)), alpha(window, (5, 5))) == (255, 0)
    assert (cut.size, alpha(cut, (5, 5)), alpha(cut, (15, 5)), rgb(cut, (5, 5))) == ((20, 20), 255, 0, RED)


def test_a_map_displaces_pixels(tmp_path: Path) -> None:
    charts = {"still": flat((128, 128, 0)), "aside": flat((255, 128, 0)), "up": flat((128, 0, 0))}

    def displaced(name: str) -> Image.Image:
        return made(tmp_path, quarters(), f"l_{name},e_displace,x_20,y_20", layers=charts)

    assert [rgb(displaced("still"), at) for at in ((5, 5), (25, 25))] == [RED, WHITE]
    assert [rgb(displaced("aside"), (5, 25)), alpha(displaced("aside"), (35, 5))] == [WHITE, 0]
    assert [rgb(displaced("up"), (5, 25)), alpha(displaced("up"), (5, 5))] == [RED, 0]


def test_a_layer_goes_to_a_face(tmp_path: Path) -> None:
    regions = Regions(faces=(Box(24, 4, 8, 8),))

    result = made(tmp_path, flat(BLUE), "l_logo,g_face", layers=LOGO, regions=regions)
    sized = made(
        tmp_path,
        flat(BLUE),
        "l_logo/c_scale,w_1.0,fl_region_relative/fl_layer_apply,g_face",
        layers=LOGO,
        regions=regions,
    )

    assert (rgb(result, (28, 8)), rgb(result, (20, 20))) == (RED, BLUE)
    assert [rgb(sized, at) for at in ((24, 8), (31, 8), (22, 8), (33, 8))] == [RED, RED, BLUE, BLUE]


def test_a_layer_covers_every_face_and_is_left_out_where_there_is_none(tmp_path: Path) -> None:
    two = Regions(faces=(Box(24, 4, 10, 10), Box(2, 22, 6, 6)))
    text = "l_logo/c_scale,w_1.5,fl_region_relative/fl_layer_apply,g_faces"

    covered = made(tmp_path, flat(BLUE), text, layers=LOGO, regions=two)
    plain = made(tmp_path, flat(BLUE), text, layers=LOGO, regions=Regions(faces=()))

    assert [rgb(covered, at) for at in ((22, 3), (35, 15), (1, 21), (7, 27))] == [RED] * 4
    assert [rgb(covered, at) for at in ((20, 20), (38, 9), (11, 25))] == [BLUE] * 3
    assert plain.convert("RGB").getcolors() == [(1600, BLUE)]


def test_a_text_that_is_too_long_for_the_base_is_refused_on_request(tmp_path: Path) -> None:
    text = "l_text:Arial_40:a%20long%20text,co_red"

    grown = made(tmp_path, flat(BLUE, 100, 60), text)
    cut = made(tmp_path, flat(BLUE, 100, 60), f"{text}/fl_layer_apply,fl_no_overflow")
    fitting = made(tmp_path, flat(BLUE, 400, 60), f"fl_text_disallow_overflow,{text}")
    with pytest.raises(ProviderError, match="Text overflows the base image"):
        made(tmp_path, flat(BLUE, 100, 60), f"fl_text_disallow_overflow,{text}")

    assert (grown.size[0] > 150, cut.size, fitting.size) == (True, (100, 60), (400, 60))


def test_text_is_drawn_over(tmp_path: Path) -> None:
    result = made(tmp_path, flat(BLUE, 200, 60), "l_text:Arial_40_bold:II%20II,co_red")
    south = made(
        tmp_path, flat(BLUE, 200, 60), "l_text:Arial_20:I,co_white/fl_layer_apply,g_south_east,x_4,y_4"
    )

    found = result.convert("RGB").getcolors(99999) or []
    assert {RED, BLUE} <= {color for _, color in found}
    box = _ink(south)
    assert (box.x + box.width, box.y + box.height) == (196, 56)


def test_text_has_a_background_a_stroke_and_a_frame(tmp_path: Path) -> None:
    base = flat(BLUE, 200, 100)

    backed = made(tmp_path, base, "l_text:Arial_40:I I,co_red,b_white")
    framed = made(tmp_path, base, "l_text:Arial_40:I,co_blue,bo_5px_solid_black")
    stroked = made(tmp_path, base, "l_text:Arial_40_stroke:I,co_blue,bo_5px_solid_black")

    assert rgb(backed, (100, 50)) == WHITE
    assert _count(framed, BLACK) > 0
    assert _count(stroked, BLACK) > 0
    assert _ink(framed).width == _ink(stroked).width


def test_text_wraps_or_is_scaled(tmp_path: Path) -> None:
    base = flat(BLUE, 300, 200)

    wrapped = made(tmp_path, base, "l_text:Arial_30:several%20words%20that%20need%20room,co_red,w_150,c_fit")
    scaled = made(tmp_path, base, "l_text:Arial_30:several%20words%20that%20need%20room,co_red,w_150")

    assert _ink(wrapped).height > 60 > 20 > _ink(scaled).height
    assert _ink(wrapped).width <= 150
    assert 148 <= _ink(scaled).width <= 150


def test_commas_slashes_and_signs_are_written(tmp_path: Path) -> None:
    base = flat(BLUE, 300, 60)

    whole = made(tmp_path, base, "l_text:Arial_30:GG%252C%2050%25%252Fwin%21,co_red")
    shorter = made(tmp_path, base, "l_text:Arial_30:GG,co_red")

    assert _ink(whole).width > 3 * _ink(shorter).width


def test_a_text_image_lends_its_style(tmp_path: Path) -> None:
    source = LayerSource("text", "text", public_id="headline", text="I")
    model = asset(flat(RED))
    model = replace(
        model, detail={"text": {"font_family": "Arial", "font_size": "50", "font_color": "white"}}
    )
    path = tmp_path / "base.png"
    path.write_bytes(saved(flat(BLUE, 100, 100)))
    asked = Plan("l", (Layer(source, steps=(Component(background=Colour(0, 0, 0)),)),))

    size = images.render(
        path, tmp_path / "made.png", asked, "png", Materials({source: Material(path, model)})
    )

    with Image.open(tmp_path / "made.png") as result:
        assert size == Size(100, 100)
        assert rgb(result, (50, 50)) == WHITE


def test_layers_are_on_every_frame(tmp_path: Path) -> None:
    frames = [flat(color, 40, 40) for color in (BLUE, WHITE)]
    gif = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])

    result = made(tmp_path, gif, "l_logo", "webp", layers=LOGO)

    for number in range(2):
        result.seek(number)
        assert rgb(result, (20, 20))[0] > 240 > 60 > rgb(result, (20, 20))[1]


@pytest.mark.parametrize(
    ("text", "status", "message"),
    [
        ("l_text:Nonesuch_20:hi", 400, "Unsupported font family Nonesuch"),
        ("l_logo,w_9000", 400, "Maximum image size is 25 Megapixels. Requested 81.00 Megapixels"),
        (
            "l_logo,g_north_west,x_90000,y_90000",
            400,
            "Maximum image size is 25 Megapixels. Requested 8101.80 Megapixels",
        ),
        ("l_video:logo", 501, "fake 'cloudinary' does not cover layers of kind 'video' on images"),
    ],
)
def test_layers_that_cannot_be(tmp_path: Path, text: str, status: int, message: str) -> None:
    with pytest.raises(ProviderError) as refused:
        made(tmp_path, flat(BLUE), text, layers=LOGO)

    assert (refused.value.status, refused.value.message) == (status, message)


def _ink(image: Image.Image) -> Box:
    """The box of everything that is not the blue ground."""
    ground = Image.new("RGB", image.size, BLUE)
    box = ImageChops.difference(image.convert("RGB"), ground).getbbox()
    assert box is not None
    return Box(box[0], box[1], box[2] - box[0], box[3] - box[1])


def _count(image: Image.Image, color: tuple[int, int, int]) -> int:
    found = image.convert("RGB").getcolors(99999) or []
    return sum(count for count, one in found if one == color)
