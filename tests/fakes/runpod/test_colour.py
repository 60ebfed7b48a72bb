"""Colours are named as people name them: in the xkcd colour survey and in CSS.

Source: xkcd.com/color/rgb.txt (CC0) and www.w3.org/TR/css-color-4/#named-colors.
"""

import numpy as np
import pytest
from PIL import ImageColor

from fakes.runpod.models import colour

SURVEY = {
    # answers whose last word is one of our names ("dusty blue"), without those that name two colours
    "blue": "0c06f7 3778bf 107ab0 247afd 3c73a8 31668a 5684ae 0e87cc 4984b8 3b719f 7bc8f6 475f94 0d75f8"
    " 8ab8fe 276ab3 6488ea 004577 010fcc 658cbb 3b5b92 5a86ad 4e7496 448ee4 49759c 2c6fbb 5a7d9a"
    " 5b7c99 75bbfd 0504aa 00035b 95d0fc a2cffe 0165fc 0343df a2bffe 5170d7 030aa7 0652ff 040273"
    " 436bad",
    "green": "56ae57 69d84f 70b23f 61de2a 63b365 388004 009337 089404 699d4c 5c8b15 033500 15b01a 96f97b"
    " c7fdb5 01ff07 06470c 3f9b0b 02ab2e 8fff9f 4b5d16 b0ff9d 8eab12 677a04 0cff0c 88b378 74a662"
    " 658b38 0b4008 5ca904 76a973 5fa052 044a05 53fca1 2baf6a 028f1e 89fe05 0a481e 3d9973 33b864"
    " 39ad48 d1ffbd 667c3e 728639 7bb274",
    "purple": "952e8f 7e1e9c bf77f6 35063e be03fd b790d4 4b006e caa0ff bc13fe 825f87 916e99 a66fb5 a55af4"
    " 9e43a2 a442a0 9900fa 720058 aa23ff cb00f5 805b87 c071fe 84597e 895b7b",
    "pink": "ff81c0 ffd1df ff028d cb416b fe01b1 ffcfdc ffbacd d58a94 ffb7ce cb0162 fe7b7c d5869d fdb0c0"
    " de9dac ff63e9 e78ea5 f7879a f36196 cd7584 cc7a8b fe83cc d1768f ffb2d0 fe46a5 ff0789",
    "red": "e50000 840000 ff000d 9a0200 980002 ff474c 8f1402 d3494e bb3f3f d9544d f7022a ec2d01 b9484e"
    " c0022f af2f0d fe0002 db5856 9f2305 850e04",
    "orange": "f97306 ff5b00 c65102 fdaa48 ffa756 c04e01 d8863b ff964f dc4d01 f0833a f0944d c87606 fb7d07"
    " fe4b03 cd5909",
    "brown": "653700 341c02 ad8150 b1916e 876e4b 60460f 7f5112 836539 964e02 b2713d ab7e4c 885f01 411900"
    " 8b3103 886806 7b5804",
    "yellow": "ffff14 d5b60a fffe7a ffff84 fffd01 d2bd0a eedc5b fff917 fec615 fffe71 fdff38 fffe40 fdee73"
    " fafe4b feff7f d0c101 cdc50a bfac05 d5ab09 f1f33f ddd618",
    "cyan": "00ffff acfffc 0a888a 41fdfe",
    "grey": "929591 d8dcd6 363737 7d7f7c 95a3a6 978a84 6b7c85 59656d 6f828a",
    "white": "ffffff ffffe4",
    "black": "000000 070d0d",
}  # fmt: skip
NEARLY_WHITE = {"aliceblue", "lightcyan", "lightgoldenrodyellow", "lightyellow"}
"""CSS colours with a name of a hue that hardly any eye sees."""
BETWEEN = {
    "brown", "rosybrown", "sandybrown", "cadetblue", "powderblue", "slateblue", "mediumslateblue",
    "darkslateblue", "lightseagreen", "greenyellow", "orangered", "mediumvioletred", "palevioletred",
    "navajowhite",
}  # fmt: skip
"""CSS colours that others call by another name, of two that are near."""


def name(code: tuple[int, ...]) -> str:
    index = colour.names()[colour.codes(np.array(code, np.uint8))]
    return colour.COLOURS[int(index)]


@pytest.mark.parametrize("word", SURVEY)
def test_colours_are_called_as_in_the_survey(word: str) -> None:
    named = {digits: name(colour.rgb(digits)) for digits in SURVEY[word].split()}

    assert {digits: found for digits, found in named.items() if found != word} == {}


def test_colours_are_called_as_in_css() -> None:
    wrong: dict[str, str] = {}
    for known in ImageColor.colormap:
        words = [word for word in colour.COLOURS if known.replace("gray", "grey").endswith(word)]
        if words and known not in NEARLY_WHITE | BETWEEN:
            found = name(ImageColor.getrgb(known))
            wrong |= {} if found == words[0] else {known: found}

    assert wrong == {}


def test_every_shade_has_the_name_under_which_it_stands() -> None:
    wrong = {
        (word, digits): name(colour.rgb(digits))
        for word, line in colour.SHADES.items()
        for digits in line.split()
        if name(colour.rgb(digits)) != word
    }

    assert wrong == {}


def test_a_colour_between_shades_counts_for_both_and_more_for_the_nearer() -> None:
    shades = [digits for line in colour.SHADES.values() for digits in line.split()]
    between = colour.oklab(np.array([[245, 200, 16]]))  # between f0c020 and ffd700

    found = colour.palette(between, np.ones(1))

    likely = sorted(zip(found, shades, strict=True), reverse=True)[:2]
    assert {digits for _, digits in likely} == {"f0c020", "ffd700"}
    assert found.sum() == pytest.approx(1.0)


def test_lightness_runs_from_black_to_white() -> None:
    lab = colour.oklab(np.array([[0, 0, 0], [128, 128, 128], [255, 255, 255]]))

    assert lab[:, 0] == pytest.approx([0.0, 0.6, 1.0], abs=0.01)
    assert lab[:, 1:] == pytest.approx(np.zeros((3, 2)), abs=1e-4)
