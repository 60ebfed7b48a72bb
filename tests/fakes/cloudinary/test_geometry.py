import pytest

from fakes.cloudinary import transformation
from fakes.cloudinary.render.geometry import Cut, Frame, Scale, Size, Step, final_size, steps
from fakes.kit.errors import ProviderError

WIDE = Size(1920, 1080)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("w_960", (Scale(960, 540),)),
        ("h_540", (Scale(960, 540),)),
        ("w_0.5", (Scale(960, 540),)),
        ("w_100,h_100", (Scale(100, 100),)),
        ("w_1920", ()),
        ("q_50", ()),
        ("c_fit,w_100,h_100", (Scale(100, 56),)),
        ("c_limit,w_4000,h_4000", ()),
        ("c_limit,w_192,h_4000", (Scale(192, 108),)),
        ("c_mfit,w_3840,h_10", ()),
        ("c_fill,w_1080,h_1920", (Scale(3413, 1920), Cut(1166, 0, 1080, 1920))),
        ("c_fill,w_100,h_100,g_west", (Scale(178, 100), Cut(0, 0, 100, 100))),
        ("c_fill,w_100,h_100,g_east", (Scale(178, 100), Cut(78, 0, 100, 100))),
        ("c_fill,ar_9:16", (Cut(656, 0, 608, 1080),)),
        ("c_lfill,w_4000,h_1080", ()),
        ("c_thumb,g_face,w_108,h_108", (Scale(192, 108), Cut(42, 0, 108, 108))),
        ("c_crop,w_100,h_50", (Cut(910, 515, 100, 50),)),
        ("c_crop,w_100,h_50,x_10,y_20", (Cut(10, 20, 100, 50),)),
        ("c_crop,w_100,h_50,g_south_east,x_10,y_20", (Cut(1810, 1010, 100, 50),)),
        ("c_crop,w_100,h_50,g_xy_center,x_100,y_100", (Cut(50, 75, 100, 50),)),
        ("c_crop,w_5000,h_50", (Cut(0, 515, 1920, 50),)),
        ("c_pad,w_1000,h_1000", (Scale(1000, 562), Frame(0, 219, 1000, 1000))),
        ("c_pad,w_1000,h_1000,g_north", (Scale(1000, 562), Frame(0, 0, 1000, 1000))),
        ("c_lpad,w_3000,h_3000", (Frame(540, 960, 3000, 3000),)),
        ("c_mpad,w_100,h_100", ()),
    ],
)
def test_crop_modes(text: str, expected: tuple[Step, ...]) -> None:
    component = transformation.parse_text(text).components[0]

    assert steps(component, WIDE) == expected


@pytest.mark.parametrize("text", ["w_101,h_75", "c_fill,w_101,h_75", "c_fit,w_101,h_75", "c_pad,w_101,h_75"])
def test_videos_have_even_sizes(text: str) -> None:
    component = transformation.parse_text(text).components[0]

    for step in steps(component, Size(641, 361), multiple=2):
        assert (step.width % 2, step.height % 2) == (0, 0)


def test_the_last_step_says_the_size() -> None:
    assert final_size((Scale(10, 20), Cut(0, 0, 5, 6)), WIDE) == Size(5, 6)
    assert final_size((), WIDE) == WIDE


def test_a_giant_is_refused_before_it_is_made() -> None:
    component = transformation.parse_text("w_100000").components[0]

    with pytest.raises(ProviderError, match="Maximum image size is 25 Megapixels"):
        steps(component, WIDE)
