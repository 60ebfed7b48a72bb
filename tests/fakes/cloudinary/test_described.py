import pytest

from fakes.cloudinary.transformation.described import Described, describe, write


@pytest.mark.parametrize(
    ("text", "described"),
    [
        ("", []),
        ("c_scale,w_100", [{"crop": "scale", "width": 100}]),
        ("c_scale,w_0.5/e_blur:300", [{"crop": "scale", "width": 0.5}, {"effect": "blur:300"}]),
        ("c_scale,w_100/jpg", [{"crop": "scale", "width": 100, "extension": "jpg"}]),
        ("c_scale,w_100/", [{"crop": "scale", "width": 100, "extension": "none"}]),
        ("fl_a,fl_b,q_auto:low", [{"flags": "a.b", "quality": "auto:low"}]),
        ("br_5m,vc_h264:main:3.1", [{"bit_rate": "5m", "video_codec": "h264:main:3.1"}]),
        ("$w_10/if_w_gt_100/t_small", [{"$w": 10}, {"if": "w_gt_100"}, {"transformation": "small"}]),
    ],
)
def test_components_have_long_names(text: str, described: list[Described]) -> None:
    assert describe(text) == described


def test_long_names_become_text_in_the_order_of_the_sdks() -> None:
    described: list[Described] = [{"width": 5, "$x": 2, "if": "w_gt_1", "crop": "fit"}, {"effect": "sepia"}]

    assert write(described) == "if_w_gt_1,$x_2,c_fit,w_5/e_sepia"
    with pytest.raises(LookupError):
        write([{"nope": 1}])
