import pytest

from fakes.cloudinary.transformation.described import Described, describe


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
