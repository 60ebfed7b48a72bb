"""Whatever is asked for, it is read or refused in the provider's words, and in bounded time."""

import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.cloudinary import address, transformation
from fakes.cloudinary.render.geometry import Size
from fakes.cloudinary.render.plan import Subject, plan
from fakes.cloudinary.transformation import expressions
from fakes.cloudinary.transformation.described import describe
from fakes.cloudinary.transformation.values import PARAMETERS
from fakes.kit.errors import ProviderError

PICTURE = Subject(
    size=Size(400, 300), duration_s=9.5, tags=("a",), context={"k": "1"}, metadata={"m": [1, "x"]}
)
_WORDS = """
    auto 10 0 -1 0.5 1e9 nan inf $x $(x) iw w_mul_2 iw_div_0 2_pow_999 9999999999999999999999 9:16 face south
    max 20p !a! !a:b! red rgb:f00 text:Arial_12:hi text:$x:$(y) video:a fetch:aHR0 layer_apply splice blur:300
    \u0663 end else w_gt_1 $x_eq_!a! fc_gt_0 ctx:!k! ref:!a! name n.n : _ %25 %2C 1-2 h264:high:3.1 500k jpg
"""
_VALUES = st.sampled_from(_WORDS.split())
_KEYS = st.sampled_from([*sorted(PARAMETERS), "if", "t", "l", "u", "$x", "$y", "zz", ""])
_PIECES = st.builds("{}_{}".format, _KEYS, st.one_of(_VALUES, st.text(max_size=8)))
_COMPONENTS = st.one_of(
    st.lists(_PIECES, min_size=1, max_size=4).map(",".join),
    st.sampled_from(
        ["if_else", "if_end", "if_w_gt_1", "l_a", "fl_layer_apply", "fl_splice,l_video:a", "t_name"]
    ),
)
CHAINS = st.lists(_COMPONENTS, max_size=12).map("/".join)


def names(name: str) -> str | None:
    return {"name": "w_5/t_n", "n": "if_w_gt_1,e_blur/$y_!Arial_1!", "loop": "t_loop/t_loop"}.get(name)


def worked_out(text: str) -> transformation.Plan:
    return plan(transformation.parse_text(text, names), PICTURE, lambda _source: PICTURE)


@settings(max_examples=400, deadline=None)
@given(st.one_of(CHAINS, st.text(max_size=80)))
def test_any_text_is_worked_out_or_refused(text: str) -> None:
    with contextlib.suppress(ProviderError):
        asked = transformation.parse_text(text, names)
        assert transformation.parse_text(asked.text, names) == asked
        assert asked.asks("fc") in (True, False)
        worked_out(text)
    describe(text)
    address.parse(text)


@given(CHAINS)
def test_escapes_are_made_uniform_once(text: str) -> None:
    uniform = transformation.canonical(text)

    assert transformation.canonical(uniform) == uniform
    assert transformation.split(uniform) == transformation.split(text)


@given(st.text(max_size=30))
def test_any_expression_is_one_or_none(text: str) -> None:
    with contextlib.suppress(ValueError):
        expressions.parse(text)


_LONG = 10_000


@pytest.mark.parametrize(
    "text",
    [
        "w_" + "9" * _LONG,
        "w_" + "0." + "9" * _LONG,
        "ar_" + "9" * _LONG + ":1",
        "ar_1e" + "9" * 9,
        "q_1e99",
        "e_blur:" + "1" * _LONG,
        "e_" + ":" * _LONG,
        "r_" + "1:" * _LONG,
        "a_" + "1." * _LONG,
        "br_" + "1" * _LONG + "k",
        "fps_" + "-" * _LONG,
        "so_" + "9" * _LONG + "p",
        "b_rgb:" + "f" * _LONG,
        "bo_" + "9" * _LONG + "px_solid_red",
        "co_" + "%25" * _LONG,
        "t_" + "a." * _LONG,
        "$x_" + "!" * _LONG,
        "$x_" + "1_add_" * _LONG + "1",
        "$" + "x" * _LONG + "_1",
        "if_" + "w_gt_1_and_" * _LONG + "w_gt_1",
        "if_" + "((" * _LONG,
        "l_text:Arial_12:" + "a" * _LONG,
        "l_text:Arial_12_" + "bold_" * _LONG + ":a",
        "l_fetch:" + "A" * _LONG,
        "l_" + "a:" * _LONG,
        "fl_" + "lossy." * _LONG,
        "c_fill," * _LONG + "w_1",
        "w_1/" * _LONG,
        "if_w_gt_1/" * _LONG,
        "if_w_gt_1/" * 250 + "if_end/" * 50,
        "l_a/" * 150 + "fl_layer_apply/" * 149,
        "t_loop",
        "$x_!" + "a" * 4000 + "!/" + "/".join("l_text:Arial_9:$(x)$(x)$(x)" for _ in range(60)),
        "$x_2/" + "$x_$x_mul_$x/" * 200,
        "/".join(f"$x{n}_!{'$(x)' * 50}!" for n in range(100)),
        "%2525" * _LONG,
        "\0/w_1",
    ],
    ids=lambda text: text[:16],
)
def test_what_is_too_much_is_refused_at_once(text: str) -> None:
    started = time.process_time()

    with contextlib.suppress(ProviderError):
        worked_out(text)
    address.parse(text)
    describe(text)

    assert time.process_time() - started < 5.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("w_1/" * 301, "Transformation is too long"),
        ("e_blur:" + "1" * 20_000, "Transformation is too long"),
        ("if_w_gt_1/" * 12, "Transformation is nested too deeply"),
        ("l_a/" * 12 + "fl_layer_apply/" * 12, "Transformation is nested too deeply"),
    ],
    ids=["components", "characters", "conditions", "layers"],
)
def test_limits_have_words(text: str, message: str) -> None:
    with pytest.raises(ProviderError) as refused:
        worked_out(text)

    assert (refused.value.status, refused.value.message) == (400, message)


def test_layers_that_close_in_a_row_are_no_deeper_than_one() -> None:
    assert len(worked_out("l_a/fl_layer_apply/" * 100).steps) == 100
    assert len(worked_out("if_w_gt_1/w_1/if_end/" * 20).steps) == 1
