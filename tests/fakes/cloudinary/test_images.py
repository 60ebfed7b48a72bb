from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageCms, ImageDraw, ImageSequence

from fakes.cloudinary.render.geometry import Box
from fakes.cloudinary.render.images.focus import Regions, regions_of
from fakes.kit.errors import ProviderError
from tests.fakes.cloudinary.pictures import (
    BLACK,
    BLUE,
    GREEN,
    RED,
    WHITE,
    alpha,
    flat,
    made,
    quarters,
    rgb,
    saved,
)

PLAIN = saved(flat(RED))
GIANT = "Maximum image size is 25 Megapixels. Requested"
GAP = "fake 'cloudinary' does not cover"


def animation(*colors: tuple[int, int, int], format_name: str = "GIF", **options: object) -> bytes:
    """Frames of one colour each, 40 x 20."""
    frames = [flat(color, 40, 20) for color in colors]
    more = {"duration": [50 * (number + 1) for number in range(len(frames))], "loop": 2, **options}
    return saved(frames[0], format_name, save_all=True, append_images=frames[1:], **more)


def colours_of(image: Image.Image) -> list[tuple[int, ...]]:
    return [rgb(frame, (5, 5)) for frame in ImageSequence.Iterator(image)]


@pytest.mark.parametrize(
    ("text", "size", "at", "color"),
    [
        ("c_scale,w_20", (20, 20), (2, 2), RED),
        ("c_fill,w_40,h_20,g_north", (40, 20), (30, 10), GREEN),
        ("c_fill,w_40,h_20,g_south", (40, 20), (10, 10), BLUE),
        ("c_crop,w_10,h_10,x_25,y_5", (10, 10), (5, 5), GREEN),
        ("c_crop,w_10,h_10,g_south_east,x_2,y_2", (10, 10), (5, 5), WHITE),
        ("c_crop,w_10,h_10,g_xy_center,x_10,y_30", (10, 10), (5, 5), BLUE),
        ("c_crop,w_0.5,h_0.5,g_north_east", (20, 20), (5, 5), GREEN),
        ("c_thumb,w_20,h_20,g_north_west", (20, 20), (2, 2), RED),
        ("c_pad,w_80,h_40,b_black", (80, 40), (5, 20), BLACK),
        ("c_pad,w_80,h_40", (80, 40), (5, 20), WHITE),
        ("c_pad,w_80,h_40,b_black,g_west", (80, 40), (5, 5), RED),
        ("c_lpad,w_100,h_100,b_blue", (100, 100), (5, 5), BLUE),
        ("c_mpad,w_100,h_60,b_blue", (100, 60), (35, 15), RED),
        ("c_mpad,w_20,h_20,b_blue", (40, 40), (35, 5), GREEN),
        ("w_20,dpr_2.0", (40, 40), (5, 5), RED),
        ("w_1.5", (60, 60), (5, 5), RED),
        ("c_lpad,w_1.1,ar_1.0,b_black", (44, 44), (1, 1), BLACK),
        ("c_fill,w_20,h_10,dpr_1.5", (30, 15), (5, 2), RED),
        ("a_90", (40, 40), (5, 5), BLUE),
        ("a_180", (40, 40), (5, 5), WHITE),
        ("a_-90", (40, 40), (5, 5), GREEN),
        ("a_hflip", (40, 40), (5, 5), GREEN),
        ("a_vflip.hflip", (40, 40), (5, 5), WHITE),
        ("c_crop,w_20,h_20,g_north_east/a_90/w_10", (10, 10), (5, 5), GREEN),
        ("if_w_gt_10/c_crop,w_20,h_20,g_south_west/if_end", (20, 20), (5, 5), BLUE),
        ("$size_10/c_crop,w_$size_mul_2,h_20,g_north_east", (20, 20), (5, 5), GREEN),
    ],
)
def test_sizes_and_places(
    tmp_path: Path, text: str, size: tuple[int, int], at: tuple[int, int], color: tuple[int, int, int]
) -> None:
    result = made(tmp_path, quarters(), text)

    assert (result.size, rgb(result, at)) == (size, color)


def test_a_picture_that_is_turned_a_little_has_transparent_corners(tmp_path: Path) -> None:
    result = made(tmp_path, flat(RED), "a_45")
    on_paper = made(tmp_path, flat(RED), "a_45", "jpg")

    assert result.size == (56, 56)
    assert (alpha(result, (1, 1)), alpha(result, (28, 28))) == (0, 255)
    assert min(rgb(on_paper, (1, 1))) > 240


def test_a_picture_that_lies_is_stood_up_for_a_standing_box(tmp_path: Path) -> None:
    wide = quarters(80, 40)

    right = made(tmp_path, wide, "c_fill,w_20,h_40,a_auto_right")
    left = made(tmp_path, wide, "c_fill,w_20,h_40,a_auto_left")
    same = made(tmp_path, wide, "c_fill,w_40,h_20,a_auto_right")

    assert [rgb(one, (2, 2)) for one in (right, left, same)] == [BLUE, GREEN, RED]


def test_a_photograph_is_held_as_its_exif_says(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = saved(quarters(80, 40), "PNG", exif=exif)

    assert made(tmp_path, photo, "w_40").size == (40, 80)
    assert made(tmp_path, photo, "a_ignore/w_40").size == (40, 20)


def test_the_interesting_part_is_kept(tmp_path: Path) -> None:
    picture = flat(WHITE, 200, 100)
    ImageDraw.Draw(picture).rectangle((160, 30, 190, 70), fill=RED)

    for text in ("c_fill,w_80,h_100,g_auto", "c_crop,w_80,h_100,g_auto:subject", "c_thumb,w_40,h_50,g_auto"):
        result = made(tmp_path, picture, text)
        assert RED in [color for _, color in result.convert("RGB").getcolors(9999) or []], text
    centered = made(tmp_path, picture, "c_fill,w_80,h_100,g_center").convert("RGB")
    assert RED not in [color for _, color in centered.getcolors(9999) or []]


def test_faces_that_a_client_marked_are_looked_at(tmp_path: Path) -> None:
    regions = Regions(faces=(Box(22, 2, 16, 16), Box(2, 22, 10, 10)), custom=(Box(0, 20, 20, 20),))

    def seen(text: str) -> Image.Image:
        return made(tmp_path, quarters(), text, regions=regions)

    assert rgb(seen("c_crop,w_10,h_10,g_face"), (5, 5)) == GREEN
    assert rgb(seen("c_fill,w_20,h_40,g_face"), (15, 5)) == GREEN
    assert rgb(seen("c_thumb,w_10,h_10,g_face"), (5, 3)) == GREEN
    assert seen("c_crop,g_face").size == (16, 16)
    assert seen("c_crop,g_faces").size == (36, 30)
    assert seen("c_crop,g_face,z_0.5").size == (32, 32)
    assert (seen("c_crop,g_custom").size, rgb(seen("c_crop,g_custom"), (0, 0))) == ((20, 20), BLUE)
    assert rgb(seen("c_crop,w_10,h_10,g_custom"), (5, 5)) == BLUE
    assert seen("c_thumb,w_30,h_30,g_face,z_0.7").size == (30, 30)


def test_a_marked_region_overrides_what_stands_out(tmp_path: Path) -> None:
    picture = flat(WHITE, 200, 100)
    picture.paste(RED, (160, 30, 190, 70))
    regions = Regions(custom=(Box(170, 40, 5, 5), Box(20, 20, 20, 20)))

    marked = made(tmp_path, picture, "c_crop,w_20,h_20,g_auto", regions=regions)
    ignored = made(tmp_path, picture, "c_crop,w_60,h_60,g_auto:none", regions=regions)

    assert marked.convert("RGB").getcolors() == [(400, WHITE)]
    assert RED in {color for _, color in ignored.convert("RGB").getcolors() or []}


def test_without_a_face_the_north_is_kept_and_with_center_the_middle(tmp_path: Path) -> None:
    picture = quarters(40, 120)

    north = made(tmp_path, picture, "c_fill,w_40,h_40,g_face")
    middle = made(tmp_path, picture, "c_fill,w_40,h_40,g_face:center")

    assert (rgb(north, (5, 35)), rgb(middle, (5, 35))) == (RED, BLUE)


def test_a_drawn_face_is_found(tmp_path: Path) -> None:
    picture = flat((40, 90, 160), 400, 200)
    pen = ImageDraw.Draw(picture)
    pen.ellipse((300, 60, 380, 170), fill=(224, 172, 140))
    for left in (318, 348):
        pen.ellipse((left, 95, left + 14, 105), fill=(30, 20, 20))

    result = made(tmp_path, picture, "c_crop,g_face")
    thumb = made(tmp_path, picture, "c_thumb,g_face,w_50,h_50")

    assert result.size == (80, 110)
    assert rgb(result, (40, 60)) == (224, 172, 140)
    assert rgb(thumb, (25, 30)) == (224, 172, 140)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([[1, 2, 3, 4], [5, 6, 7, 8]], (Box(1, 2, 3, 4), Box(5, 6, 7, 8))),
        ([1, 2, 3, 4], (Box(1, 2, 3, 4),)),
        ([], ()),
        (None, None),
    ],
)
def test_coordinates_become_regions(given: object, expected: object) -> None:
    assert regions_of(given, None).faces == expected


def test_padding_instead_of_a_bad_crop(tmp_path: Path) -> None:
    picture = flat(WHITE, 200, 50)
    for left in (0, 180):
        ImageDraw.Draw(picture).rectangle((left, 15, left + 19, 35), fill=RED)
    plain = flat(WHITE, 200, 50)
    ImageDraw.Draw(plain).rectangle((95, 20, 105, 30), fill=RED)

    padded = made(tmp_path, picture, "c_auto_pad,w_50,h_50,g_auto,b_black")
    filled = made(tmp_path, plain, "c_fill_pad,w_50,h_50,g_auto,b_black")

    assert rgb(padded, (25, 2)) == BLACK
    assert rgb(filled, (25, 2)) == WHITE


@pytest.mark.parametrize(
    ("background", "at", "color"),
    [
        ("b_rgb:0a141e", (5, 20), (10, 20, 30)),
        ("b_rgb:0a141e80", (5, 20), (10, 20, 30)),
        ("b_auto", (5, 20), BLUE),
        ("b_auto:border", (5, 20), BLUE),
        ("b_auto:predominant", (5, 20), RED),
        ("b_auto:border_contrast", (5, 20), WHITE),
        ("b_auto:predominant_contrast", (5, 20), WHITE),
        ("b_auto:predominant_gradient:2:horizontal", (0, 20), (253, 0, 2)),
        ("b_auto:predominant_gradient:2:horizontal", (79, 20), (2, 0, 253)),
        ("b_auto:predominant_gradient:2:palette_white_black", (0, 20), BLACK),
        ("b_auto:border_gradient:4", (0, 0), BLUE),
        ("b_blurred:100:-100", (5, 20), BLACK),
    ],
)
def test_backgrounds(
    tmp_path: Path, background: str, at: tuple[int, int], color: tuple[int, int, int]
) -> None:
    picture = flat(BLUE)
    picture.paste(RED, (2, 2, 38, 38))

    result = made(tmp_path, picture, f"c_pad,w_80,h_40,{background}")

    assert rgb(result, at) == color


def test_a_blurred_background_shows_the_picture_itself(tmp_path: Path) -> None:
    result = made(tmp_path, quarters(), "c_pad,w_120,h_40,b_blurred:50")

    assert rgb(result, (2, 2)) == RED
    assert rgb(result, (117, 2)) == GREEN


@pytest.mark.parametrize(
    ("background", "status", "message"),
    [
        ("b_blurred:0", 400, "Invalid background in transformation: blurred:0"),
        ("b_auto:nope", 400, "Invalid background in transformation: auto:nope"),
        ("b_auto:border_gradient:3", 400, "Invalid background in transformation: auto:border_gradient:3"),
        ("b_gen_fill", 501, "fake 'cloudinary' does not cover the background gen_fill"),
    ],
)
def test_backgrounds_that_cannot_be(tmp_path: Path, background: str, status: int, message: str) -> None:
    with pytest.raises(ProviderError) as refused:
        made(tmp_path, flat(RED), f"c_pad,w_80,h_40,{background}")

    assert (refused.value.status, refused.value.message) == (status, message)


def test_transparency_is_kept_or_filled(tmp_path: Path) -> None:
    glass = flat((255, 0, 0, 0))

    assert alpha(made(tmp_path, glass, "w_20"), (5, 5)) == 0
    assert rgb(made(tmp_path, glass, "b_blue"), (5, 5)) == BLUE
    assert min(rgb(made(tmp_path, glass, "w_20", "jpg"), (5, 5))) > 250
    assert alpha(made(tmp_path, flat(RED), "o_40"), (5, 5)) == 102


def test_borders_and_corners(tmp_path: Path) -> None:
    framed = made(tmp_path, flat(RED), "bo_5px_solid_blue")
    soft = made(tmp_path, flat(RED), "r_10")
    mixed = made(tmp_path, flat(RED), "r_15:0:15:0")
    ellipse = made(tmp_path, flat(RED, 80, 40), "r_max")
    both = made(tmp_path, flat(RED), "r_max,bo_5px_solid_blue")

    assert (framed.size, rgb(framed, (2, 25)), rgb(framed, (5, 5))) == ((50, 50), BLUE, RED)
    assert [alpha(soft, at) for at in ((0, 0), (39, 39), (10, 1), (20, 20))] == [0, 0, 255, 255]
    assert [alpha(mixed, at) for at in ((0, 0), (39, 0), (39, 39), (0, 39))] == [0, 255, 0, 255]
    assert [alpha(ellipse, at) for at in ((5, 5), (40, 1), (40, 20))] == [0, 255, 255]
    assert (rgb(both, (25, 2)), rgb(both, (25, 25)), alpha(both, (2, 2))) == (BLUE, RED, 0)


def test_effects_follow_the_component(tmp_path: Path) -> None:
    picture = flat(WHITE, 60, 40)
    picture.paste(RED, (20, 10, 40, 30))

    trimmed = made(tmp_path, picture, "e_trim,w_10")
    colored = made(tmp_path, flat(BLACK), "e_colorize:100,co_blue")
    region = made(tmp_path, quarters(), "e_pixelate_region:40,x_20,y_0,w_20,h_40")
    looped = made(tmp_path, flat(RED), "e_loop:2")

    assert (trimmed.size, rgb(trimmed, (5, 5))) == ((10, 10), RED)
    assert rgb(colored, (5, 5)) == BLUE
    assert rgb(region, (5, 5)) == RED
    assert rgb(region, (30, 5)) == rgb(region, (30, 35)) not in (GREEN, WHITE)
    assert rgb(looped, (5, 5)) == RED


@pytest.mark.parametrize("ending", ["gif", "webp"])
def test_an_animation_keeps_frames_times_and_loops(tmp_path: Path, ending: str) -> None:
    result = made(tmp_path, animation(RED, BLUE, WHITE), "w_20", ending)

    assert (result.size, getattr(result, "n_frames", 1)) == ((20, 10), 3)
    red, blue, white = colours_of(result)
    assert [_duration_ms(frame) for frame in ImageSequence.Iterator(result)] == [50, 100, 150]
    assert (red[0] > 240, blue[2] > 240, min(white) > 240, red[2] < 20) == (True, True, True, True)
    assert result.info["loop"] == 2


def _duration_ms(frame: Image.Image) -> int:
    frame.load()
    return int(frame.info["duration"])


def test_an_animation_can_be_slowed_down_and_repeated(tmp_path: Path) -> None:
    result = made(tmp_path, animation(RED, BLUE), "dl_200/e_loop:5", "gif")
    durations = [frame.info["duration"] for frame in ImageSequence.Iterator(result)]

    assert (durations, result.info["loop"]) == ([200, 200], 5)


def test_an_animation_goes_there_and_back_again(tmp_path: Path) -> None:
    result = made(tmp_path, animation(RED, BLUE), "e_boomerang", "gif")

    # The two blue frames in the middle are one in a GIF.
    assert [color[2] > 200 for color in colours_of(result)] == [False, True, False]


def test_an_animation_fades(tmp_path: Path) -> None:
    shades = [(shade, shade, shade) for shade in (255, 254, 253)]
    moving = animation(*shades, format_name="WEBP", duration=[100, 100, 100], lossless=True)

    inwards = made(tmp_path, moving, "e_fade:200", "webp")
    outwards = made(tmp_path, moving, "e_fade:-200", "webp")

    assert [round(color[0] / 64) for color in colours_of(inwards)] == [0, 2, 4]
    assert [round(color[0] / 64) for color in colours_of(outwards)] == [4, 2, 0]


def test_nothing_is_looked_for_in_an_animation(tmp_path: Path) -> None:
    frames = [flat(WHITE, 200, 100) for _ in range(2)]
    for number, frame in enumerate(frames):
        frame.paste(RED, (160, 30 + number, 190, 70))
    moving = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])

    result = made(tmp_path, moving, "c_fill,w_80,h_100,g_auto", "gif")

    assert RED not in {color for _, color in result.convert("RGB").getcolors(9999) or []}
    with pytest.raises(ProviderError, match="Invalid crop in transformation: fill_pad"):
        made(tmp_path, moving, "c_fill_pad,w_80,h_100,g_auto", "gif")


def test_too_long_a_chain_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProviderError, match="Transformation is too complex"):
        made(tmp_path, flat(RED, 5000, 4000), "/".join(["x_1"] * 80))


def test_colours_of_another_profile_become_those_of_the_web(tmp_path: Path) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"????").replace(b"bXYZ", b"rXYZ").replace(b"????", b"bXYZ")

    same, blue, broken = (
        made(tmp_path, saved(flat(RED), icc_profile=profile), "w_5") for profile in (srgb, swapped, b"broken")
    )

    assert [rgb(one, (2, 2)) for one in (same, blue, broken)] == [RED, BLUE, RED]
    assert "icc_profile" not in blue.info


def test_one_page_of_an_animation(tmp_path: Path) -> None:
    second = made(tmp_path, animation(RED, BLUE), "pg_2", "gif")

    assert (getattr(second, "n_frames", 1), rgb(second, (5, 5))) == (1, BLUE)
    assert rgb(made(tmp_path, animation(RED, BLUE), "", "jpg"), (5, 5))[0] > 240
    with pytest.raises(ProviderError, match="Invalid page number: 9"):
        made(tmp_path, animation(RED, BLUE), "pg_9", "png")


def test_pages_of_a_tiff_and_a_pdf(tmp_path: Path) -> None:
    pages = [flat(color, 60, 90) for color in (RED, BLUE)]
    tiff = saved(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    pdf = saved(pages[0], "PDF", save_all=True, append_images=pages[1:], resolution=72)

    drawn = made(tmp_path, pdf, "pg_2")
    fine = made(tmp_path, pdf, "pg_1,dn_72")

    assert rgb(made(tmp_path, tiff, "pg_2"), (5, 5)) == BLUE
    assert (drawn.size, rgb(drawn, (9, 9))[2] > 250) == ((126, 188), True)
    assert (fine.size, rgb(fine, (9, 9))[0] > 250) == ((60, 90), True)


def test_an_svg_is_drawn_as_large_as_it_is_shown(tmp_path: Path) -> None:
    svg = (
        b'<svg xmlns="http://www.w3.org/2000/svg" width="20" height="10"><rect width="10" height="10"/></svg>'
    )

    result = made(tmp_path, svg, "w_160")

    assert result.size == (160, 80)
    assert (alpha(result, (78, 40)), alpha(result, (82, 40))) == (255, 0)


@pytest.mark.parametrize(
    ("ending", "text", "mode"),
    [
        ("png", "fl_png8", "P"),
        ("png", "fl_lossy", "P"),
        ("png", "fl_png24", "RGB"),
        ("png", "fl_png32", "RGBA"),
        ("jpg", "cs_cmyk", "CMYK"),
        ("jpg", "fl_progressive", "RGB"),
        ("jp2", "fl_mono", "L"),
        ("tiff", "fl_group4", "1"),
        ("gif", "fl_lossy", "P"),
        ("bmp", "w_10", "RGB"),
        ("avif", "w_10", "RGB"),
        ("jp2", "w_10", "RGB"),
        ("ico", "w_10", "RGB"),
    ],
)
def test_formats_and_their_flags(tmp_path: Path, ending: str, text: str, mode: str) -> None:
    assert made(tmp_path, quarters(), text, ending).mode == mode


def test_an_icon_has_the_size_that_was_asked_for(tmp_path: Path) -> None:
    assert made(tmp_path, quarters(), "w_50", "ico").size == (50, 50)
    assert made(tmp_path, quarters(), "w_500", "ico").size == (256, 256)


def test_quality_density_and_chroma_are_written(tmp_path: Path) -> None:
    noise = Image.effect_noise((100, 100), 90).convert("RGB")

    sizes = []
    for value in (10, 95):
        made(tmp_path, noise, f"q_{value}", "jpg")
        sizes.append((tmp_path / "target").stat().st_size)
    dense = made(tmp_path, noise, "dn_300", "jpg")
    full, half = (made(tmp_path, quarters(), f"q_80:{kind}", "jpg") for kind in ("444", "420"))

    assert 3 * sizes[0] < sizes[1]
    usual = made(tmp_path, noise, "q_50", "jpg")
    assert (dense.info["dpi"], usual.info["dpi"]) == ((300, 300), (150, 150))
    assert [one.layer[0][1:3] for one in (full, half)] == [(1, 1), (2, 2)]  # type: ignore[attr-defined] # of JPEG


def test_sixteen_bits_become_eight(tmp_path: Path) -> None:
    deep = Image.new("I;16", (10, 10), 0x8000)

    assert rgb(made(tmp_path, deep, "w_5"), (2, 2)) == (128, 128, 128)


@pytest.mark.parametrize(
    ("content", "text", "ending", "status", "message"),
    [
        (b"no picture", "w_5", "png", 400, "Invalid image file"),
        (PLAIN[:60], "w_5", "png", 400, "Invalid image file"),
        (PLAIN, "w_5", "mp4", 400, "Invalid extension in transformation: mp4"),
        (PLAIN, "w_9000,h_9000", "png", 400, f"{GIANT} 81.00 Megapixels"),
        (PLAIN, "bo_5000px_solid_red", "png", 400, f"{GIANT} 100.80 Megapixels"),
        (PLAIN, "pg_name:a", "png", 501, f"{GAP} pages by 'name:a'"),
        (PLAIN, "fps_10", "png", 501, f"{GAP} the transformation parameter 'fps' on images"),
        (PLAIN, "fl_waveform", "png", 501, f"{GAP} the flag 'waveform' on images"),
        (PLAIN, "e_vectorize", "png", 501, f"{GAP} the effect vectorize"),
        (PLAIN, "c_scale,g_liquid,w_20", "png", 501, f"{GAP} the gravity 'liquid' on images"),
    ],
)
def test_what_cannot_be_done_has_a_name(
    tmp_path: Path, content: bytes, text: str, ending: str, status: int, message: str
) -> None:
    with pytest.raises(ProviderError) as refused:
        made(tmp_path, content, text, ending)

    assert (refused.value.status, refused.value.message) == (status, message)


def test_a_long_animation_of_large_frames_is_refused(tmp_path: Path) -> None:
    def frames() -> Iterator[Image.Image]:
        for number in range(1, 14):
            yield Image.new("L", (2000, 2000), number)

    large = saved(Image.new("L", (2000, 2000)), "GIF", save_all=True, append_images=frames())

    with pytest.raises(
        ProviderError, match=r"in all frames/pages is 50 Megapixels\. Requested 56\.00 Megapixels"
    ):
        made(tmp_path, large, "w_10", "gif")
