import re
from fractions import Fraction

import pytest

from fakes.cloudinary import transformation
from fakes.cloudinary.errors import transformation_refused
from fakes.cloudinary.render.geometry import Size
from fakes.cloudinary.render.plan import Subject, plan
from fakes.cloudinary.transformation import (
    Border,
    Colour,
    Component,
    Corners,
    Effect,
    Layer,
    LayerSource,
    Lookup,
    PlainStep,
    Share,
    TextStyle,
)
from fakes.kit.errors import ProviderError

PICTURE = Subject(
    source=LayerSource("image", public_id="pictured"),
    size=Size(1200, 800),
    page_count=3,
    face_count=2,
    illustration_score=0.25,
    tags=("sale", "in_stock"),
    context={"title": "A, b", "offset": "12"},
    metadata={"price": 30, "sizes": ["s", "m"]},
)
VIDEO = Subject(size=Size(640, 360), duration_s=20.0)
LOGO = Subject(size=Size(100, 50), duration_s=4.0)


def planned(
    text: str, subject: Subject = PICTURE, names: Lookup = lambda _name: None
) -> tuple[PlainStep, ...]:
    """The steps of a transformation; everything but `none` is there as a layer."""

    def find(source: LayerSource) -> Subject:
        if source.name == "none":
            raise transformation_refused("Resource not found - none")
        return Subject() if source.kind == "text" else LOGO

    return plan(transformation.parse_text(text, names), subject, find).steps


def widths(text: str, subject: Subject = PICTURE) -> list[object]:
    return [step.width for step in planned(text, subject) if isinstance(step, Component)]


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("w_gt_1000", True),
        ("w_gt_1200", False),
        ("w_gte_1200", True),
        ("h_lt_800", False),
        ("h_lte_800", True),
        ("w_eq_1200", True),
        ("w_ne_1200", False),
        ("w_eq_1200_and_h_eq_1", False),
        ("w_eq_1_and_h_eq_1_or_ar_eq_3:2", True),
        ("ar_gt_0.65", True),
        ("ar_eq_1.5", True),
        ("iw_div_2_eq_600", True),
        ("w_mul_2_add_100_eq_2500", True),
        ("100_add_w_mul_2_eq_2500", True),
        ("w_sub_h_pow_2_lt_0", True),
        ("w_mod_7_eq_3", True),
        ("fc_eq_2", True),
        ("pc_gt_2", True),
        ("ils_gt_0.5", False),
        ("!sale!_in_tags", True),
        ("!sale:in_stock!_in_tags", True),
        ("!sale:old!_in_tags", False),
        ("!old!_nin_tags", True),
        ("ctx:!title!_eq_!A, b!".replace(",", "%252C"), False),
        ("ctx:!title!_ne_!!", True),
        ("ctx:!none!_eq_!!", True),
        ("ctx:!offset!_to_i_gt_10", True),
        ("md:!price!_lt_31", True),
        ("!m!_in_md:!sizes!", True),
        ("tags_ne_!x!", True),
    ],
)
def test_conditions_are_about_the_picture(condition: str, holds: bool) -> None:
    assert widths(f"if_{condition}/w_1/if_else/w_2/if_end") == [1 if holds else 2]


def test_conditions_can_be_about_the_length() -> None:
    assert widths("if_du_gt_10/w_1/if_end/so_15/if_du_lt_10/w_2/if_end/if_idu_eq_20/w_3/if_end", VIDEO) == [
        1, None, 2, 3,
    ]  # fmt: skip
    assert widths("e_accelerate:100/if_du_eq_10/w_1/if_end", VIDEO) == [None, 1]
    assert widths("du_50p/e_boomerang/e_loop:1/if_du_eq_40/w_1/if_end", VIDEO)[-1] == 1
    assert widths("fl_splice,l_video:logo/fl_layer_apply/if_du_eq_24/w_1/if_end", VIDEO) == [1]


def test_a_condition_sees_what_the_steps_before_it_made() -> None:
    text = "if_w_gt_1000/w_500/if_end/if_w_gt_1000/w_7/if_end/a_90/if_h_eq_500_and_iw_eq_1200/w_3/if_end"

    assert widths(text) == [500, None, 3]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("if_w_gt_1,w_1/w_2", [1, 2]),
        ("if_w_lt_1,w_1/w_2", [2]),
        ("if_w_lt_1,w_1/if_else,w_2/w_3", [2, 3]),
        ("if_w_gt_1,w_1/if_else,w_2/w_3", [1, 3]),
        ("if_w_gt_1/w_1/w_2/if_end/w_3", [1, 2, 3]),
        ("if_w_lt_1/w_1/w_2/if_end/w_3", [3]),
        ("if_w_lt_1,w_1/w_2/if_end/w_3", [3]),
        ("if_w_lt_1/w_1/w_2", []),
        ("if_w_lt_1/w_1/if_else/if_h_gt_1/w_2/if_else/w_3/if_end/if_end/w_4", [2, 4]),
        ("if_w_gt_1/if_h_lt_1,w_1/w_2/if_end", [2]),
    ],
)
def test_what_belongs_to_a_condition(text: str, expected: list[int]) -> None:
    assert widths(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$w_720/c_limit,w_$w_mul_2", Component(crop="limit", width=1440)),
        ("w_iw_div_7", Component(width=171)),
        ("w_0.5,h_ih", Component(width=Share(0.5), height=800)),
        ("$s_0.5/w_$s", Component(width=Share(0.5))),
        ("$a_9:16/ar_$a,w_10", Component(aspect=Fraction("0.5625"), width=10)),
        ("$x_10,$y_$x_add_5,w_$y", Component(width=15)),
        (
            "$fx_!blur!/e_$fx:$level".replace("$level", "300"),
            Component(effect=Effect("blur", 300, "", ("300",))),
        ),
        ("$l_200/e_blur:$l_div_2", Component(effect=Effect("blur", 100, "", ("100",)))),
        ("$r_10/r_$r:0", Component(radius=Corners(10, 0, 10, 0))),
        ("$c_!red!/bo_2px_solid_$(c)", Component(border=Border(2, Colour(255, 0, 0)))),
        ("$c_!rgb:00ff00!/b_$c", Component(background=Colour(0, 255, 0))),
        ("$g_!south!/g_$g,c_fill,w_1", Component(gravity="south", crop="fill", width=1)),
        ("x_w_mul_-0.1,y_-5", Component(x=-120, y=-5)),
        ("$o_ctx:!offset!_to_i/o_$o", Component(opacity=12)),
        ("$o_md:!price!/o_$o", Component(opacity=30)),
        ("$o_!12.7px!_to_i/o_$o", Component(opacity=12)),
        ("$o_ctx:!none!_to_f/o_$o", Component(opacity=0)),
        ("a_iw_div_100", Component(angle=("12",))),
    ],
)
def test_variables_and_sums_are_worked_out(text: str, expected: Component) -> None:
    assert planned(text) == (expected,)


def test_times_can_be_sums() -> None:
    assert planned("so_idu_sub_5", VIDEO) == (Component(start=15.0),)
    assert planned("$at_2.5/eo_$at_mul_2,so_$at", VIDEO) == (Component(start=2.5, end=5.0),)


def test_a_layer_has_steps_of_its_own_up_to_where_it_is_applied() -> None:
    text = (
        "w_600/l_brand:logo.png,w_120,r_max/e_sepia/l_text:Arial_20:Hi/fl_layer_apply,y_3"
        "/fl_layer_apply,g_north_east,x_24/w_5"
    )

    badge = Layer(
        LayerSource("text", "text", text="Hi", style=TextStyle("Arial", 20)),
        placing=Component(y=3, flags=("layer_apply",)),
    )
    assert planned(text) == (
        Component(width=600),
        Layer(
            LayerSource("image", public_id="brand/logo.png"),
            steps=(Component(width=120, radius=Corners()), Component(effect=Effect("sepia", 80)), badge),
            placing=Component(gravity="north_east", x=24, flags=("layer_apply",)),
        ),
        Component(width=5),
    )


def test_a_layer_that_is_never_applied_stands_in_its_component() -> None:
    text = "l_logo,w_120,g_south_east,x_5,o_50,e_multiply/u_private:back,so_1/w_5"

    assert planned(text) == (
        Layer(
            LayerSource("image", public_id="logo"),
            steps=(Component(width=120, opacity=50),),
            placing=Component(gravity="south_east", x=5, effect=Effect("multiply")),
        ),
        Layer(LayerSource("image", "private", "back"), is_under=True, placing=Component(start=1.0)),
        Component(width=5),
    )


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("video:a:b", LayerSource("video", public_id="a/b")),
        ("video:authenticated:a", LayerSource("video", "authenticated", "a")),
        ("audio:a", LayerSource("audio", public_id="a")),
        ("lut:a:b.3dl", LayerSource("lut", public_id="a/b.3dl")),
        ("fetch:aHR0cDovL2EuYi9jLnBuZw==", LayerSource("image", "fetch", url="http://a.b/c.png")),
        ("video:fetch:aHR0cDovL2EuYi9jLnBuZw", LayerSource("video", "fetch", url="http://a.b/c.png")),
        ("subtitles:a:b.srt", LayerSource("subtitles", public_id="a/b.srt")),
        (
            "subtitles:Arial_40_bold:b.srt",
            LayerSource("subtitles", public_id="b.srt", style=TextStyle("Arial", 40, "bold")),
        ),
        (
            "text:Arial_64_bold:GG%252C%2050%25%252Fwin%21",
            LayerSource("text", "text", text="GG, 50%/win!", style=TextStyle("Arial", 64, "bold")),
        ),
        ("text:a:style:Hi:you", LayerSource("text", "text", "a", text="style:Hi:you")),
        ("text:style", LayerSource("text", "text", "style")),
        (
            "text:Open%20Sans_30.5_black_oblique_strikethrough_justify_stroke_letter_spacing_-4_line_spacing_2"
            "_antialias_best_hinting_full:a",
            LayerSource(
                "text",
                "text",
                text="a",
                style=TextStyle(
                    "Open Sans",
                    30.5,
                    "black",
                    "oblique",
                    "strikethrough",
                    "justify",
                    has_stroke=True,
                    letter_spacing_px=-4,
                    line_spacing_px=2,
                    antialias="best",
                    hinting="full",
                ),
            ),
        ),
    ],
)
def test_where_layers_come_from(source: str, expected: LayerSource) -> None:
    (layer,) = planned(f"l_{source}/fl_layer_apply")

    assert isinstance(layer, Layer)
    assert layer.source == expected


def test_variables_reach_into_layers_and_their_words() -> None:
    text = (
        "$style_!Arial_12!/$who_!World!/$w_40/l_text:$style:Hello%20$(who)%20for%20$5,w_$w"
        "/fl_layer_apply,x_$w_mul_2"
    )

    (layer,) = planned(text)

    assert layer == Layer(
        LayerSource("text", "text", text="Hello World for $5", style=TextStyle("Arial", 12)),
        steps=(Component(width=40),),
        placing=Component(x=80, flags=("layer_apply",)),
    )


def test_within_a_layer_the_sizes_are_those_of_the_layer() -> None:
    (layer,) = planned("l_logo/w_iw_mul_2/if_w_eq_200/h_h_div_2/if_end/fl_layer_apply,x_w_div_2")

    assert isinstance(layer, Layer)
    assert layer.steps == (Component(width=200), Component(height=50))
    assert layer.placing.x == 600


def test_the_picture_as_it_is_can_be_laid_over_what_becomes_of_it() -> None:
    (first, grey, layer) = planned("w_600/$img_current/e_grayscale/l_$img,w_w_div_2/r_max/fl_layer_apply,x_9")

    assert (first, grey) == (Component(width=600), Component(effect=Effect("grayscale")))
    assert layer == Layer(
        LayerSource("image", public_id="pictured"),
        steps=(Component(width=600), Component(width=300), Component(radius=Corners())),
        placing=Component(x=9, flags=("layer_apply",)),
    )


def test_pictures_of_pictures_come_to_an_end() -> None:
    with pytest.raises(ProviderError, match="Transformation is too long"):
        planned("/".join(["w_9", *["$i_current/l_$i"] * 20]))


def test_splices_and_transitions() -> None:
    (spliced,) = planned("du_2,fl_splice,l_video:a/fl_layer_apply,so_0", VIDEO)
    (turned,) = planned("du_5,l_video:a/so_1/l_video:b,e_transition/fl_layer_apply/fl_layer_apply", VIDEO)

    assert isinstance(spliced, Layer)
    assert (spliced.is_splice, spliced.steps[0], spliced.placing.start) == (
        True,
        Component(length=2.0, flags=("splice",)),
        0.0,
    )
    assert isinstance(turned, Layer)
    (first,) = planned("du_3,so_0,fl_splice,l_video:a", VIDEO)
    assert isinstance(first, Layer)
    assert (first.placing.start, first.steps[0]) == (0.0, Component(length=3.0, flags=("splice",)))
    assert turned.transition is not None
    assert (turned.is_splice, turned.placing.length, turned.transition.source.public_id) == (True, 5.0, "b")


def test_named_transformations_stand_for_their_text() -> None:
    names = {"thumb": "c_fill,w_100/e_sepia", "small": "t_thumb/w_$w"}.get

    assert planned("$w_9/t_small,q_80", names=names) == (
        Component(crop="fill", width=100),
        Component(effect=Effect("sepia", 80)),
        Component(width=9),
        Component(quality=80),
    )
    assert planned(
        "if_w_lt_1,t_thumb/if_else,t_small.thumb", names=lambda name: "w_1" if name == "thumb" else "w_2"
    ) == (
        Component(width=2),
        Component(width=1),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("w_$nope", "Invalid width in transformation: $nope"),
        ("l_text:Arial_12:$(nope)", "Undefined variable $nope"),
        ("w_iw_div_0", "Invalid width in transformation: iw_div_0"),
        ("w_iw_sub_5000", "Invalid width in transformation: -3800"),
        ("$x_!abc!/w_$x_mul_2", "Invalid width in transformation: $x_mul_2"),
        ("if_du_gt_1/w_1/if_end", "Invalid condition in transformation: du_gt_1"),
        ("if_!x!_gt_1/w_1/if_end", "Invalid condition in transformation: !x!_gt_1"),
        ("$x_2_pow_9999", "Invalid assignment to $x: 2_pow_9999"),
        ("$x_!none!/l_$x", "Resource not found - none"),
        ("$x_!text:!/l_$(x)", "Invalid overlay in transformation: text:"),
        ("$c_!nope!/c_$c,w_1", "Invalid crop in transformation: nope"),
        ("if_w_gt_1/w_abc/if_end", "Invalid width in transformation: abc"),
        ("if_w_lt_1/w_abc/if_end", "Invalid width in transformation: abc"),
        ("if_w_lt_1/if_else/if_else/if_end", "Invalid transformation component - if_else"),
        ("l_a/if_w_gt_1/fl_layer_apply/if_end", "Invalid transformation component - if_end"),
        ("if_w_gt_1/l_a/if_end/fl_layer_apply", "Invalid transformation component - fl_layer_apply"),
        ("t_loop", "Transformation is nested too deeply"),
        ("t_wide", "Transformation is too long"),
    ],
)
def test_what_cannot_be_worked_out_is_refused(text: str, message: str) -> None:
    names = {"loop": "t_loop", "wide": "/".join(["t_wider"] * 20), "wider": "/".join(["w_1"] * 20)}.get

    with pytest.raises(ProviderError, match=f"^{re.escape(message)}$") as refused:
        planned(text, names=names)

    assert refused.value.status == 400
