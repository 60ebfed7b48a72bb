from pathlib import Path

import pytest
from PIL import Image

from fakes.cloudinary.render import lettering, text
from fakes.cloudinary.render.text import Ink
from fakes.cloudinary.transformation import TextStyle
from fakes.cloudinary.vectors import font_file
from fakes.kit.errors import ProviderError
from tests.fakes.cloudinary.pictures import alpha, rgb

PLAIN = TextStyle("Arial", 40)


def inked(image: Image.Image) -> int:
    """How much of a picture is covered, in pixels."""
    return sum(value * count for value, count in enumerate(image.getchannel("A").histogram())) // 255


def test_letters_are_as_wide_as_those_of_arial() -> None:
    # 2048 units to the em: H 1479, e 1139, l 455, l 455, o 1139
    loose = text.draw("Hello", PLAIN, Ink(is_trimmed=False))

    assert loose.size[0] == round(40 * (1479 + 1139 + 455 + 455 + 1139) / 2048)


def test_a_text_is_cut_to_its_letters() -> None:
    tight = text.draw("Hello", PLAIN, Ink())
    loose = text.draw("Hello", PLAIN, Ink(is_trimmed=False))

    assert tight.getbbox() == (0, 0, *tight.size)
    assert tight.size < loose.size
    assert 26 <= tight.size[1] <= 32


@pytest.mark.parametrize("letters", ["Äßéñ", "€™“—½", "ΩΔ", "Жук", "İğşŁő"])
def test_letters_beyond_ascii_have_shapes_of_their_own(letters: str) -> None:
    shapes = {text.draw(letter, PLAIN, Ink()).tobytes() for letter in letters}

    assert len(shapes) == len(letters)
    assert text.draw("￿", PLAIN, Ink()).tobytes() not in shapes


def test_colours() -> None:
    made = text.draw("I", TextStyle("Arial", 80), Ink((255, 0, 0, 255), (0, 0, 255, 255)))

    assert rgb(made, (made.size[0] // 2, made.size[1] // 2)) == (255, 0, 0)
    spaced = text.draw("I I", TextStyle("Arial", 80), Ink((255, 0, 0, 255), (0, 0, 255, 255)))
    assert rgb(spaced, (spaced.size[0] // 2, spaced.size[1] // 2)) == (0, 0, 255)


def test_weights_and_slants_differ() -> None:
    looks = [TextStyle("Arial", 40, weight=weight) for weight in ("light", "normal", "bold", "black", "700")]
    light, normal, bold, black, numbered = (text.draw("Hamburg", look, Ink()) for look in looks)
    italic = text.draw("Hamburg", TextStyle("Arial", 40, style="italic"), Ink())

    assert inked(light) == inked(normal) < inked(bold) == inked(black) == inked(numbered)
    assert italic.tobytes() != normal.tobytes()


def test_lines_under_and_through() -> None:
    plain = text.draw("nnn", PLAIN, Ink())
    under = text.draw("nnn", TextStyle("Arial", 40, decoration="underline"), Ink())
    through = text.draw("nnn", TextStyle("Arial", 40, decoration="strikethrough"), Ink())

    assert under.size[1] > plain.size[1]
    assert alpha(under, (under.size[0] // 2, under.size[1] - 1)) == 255
    assert inked(plain) < inked(through)


def test_spacing() -> None:
    plain = text.draw("abcd", PLAIN, Ink(is_trimmed=False))
    wide = text.draw("abcd", TextStyle("Arial", 40, letter_spacing_px=10), Ink(is_trimmed=False))
    lines = text.draw("a\nb", PLAIN, Ink(is_trimmed=False))
    loose = text.draw("a\nb", TextStyle("Arial", 40, line_spacing_px=15), Ink(is_trimmed=False))

    assert wide.size[0] == plain.size[0] + 30
    assert loose.size[1] == lines.size[1] + 15
    assert lines.size[1] == 2 * plain.size[1]


def test_a_stroke_goes_around_the_letters() -> None:
    plain = text.draw("I", TextStyle("Arial", 80), Ink((255, 0, 0, 255)))
    made = text.draw("I", TextStyle("Arial", 80), Ink((255, 0, 0, 255), stroke_px=4, stroke=(0, 0, 255, 255)))

    assert (made.size[0] - plain.size[0], made.size[1] - plain.size[1]) == (8, 8)
    middle = made.size[1] // 2
    assert (rgb(made, (1, middle)), rgb(made, (made.size[0] // 2, middle))) == ((0, 0, 255), (255, 0, 0))


def test_words_wrap_into_the_room() -> None:
    words = "several words that need room"

    made = text.draw(words, PLAIN, Ink(wrap_px=200))
    one_line = text.draw(words, PLAIN, Ink())

    assert made.size[0] <= 200 < one_line.size[0]
    assert made.size[1] > 2 * one_line.size[1]


def test_a_word_without_room_is_broken() -> None:
    assert text.draw("Donaudampfschiff", PLAIN, Ink(wrap_px=100)).size[0] <= 100


def test_lines_beyond_the_height_end_in_dots() -> None:
    words = "one two three four five six seven eight"

    cut = text.draw(words, PLAIN, Ink(wrap_px=150, most_px=100))
    whole = text.draw(words, PLAIN, Ink(wrap_px=150))

    assert cut.size[1] <= 100 < whole.size[1]
    assert cut.size[0] <= 150


def test_lines_are_aligned() -> None:
    def left_of_last_line(align: str | None) -> int:
        made = text.draw("wide words\ni", TextStyle("Arial", 40, align=align), Ink())
        box = made.crop((0, made.size[1] - 20, *made.size)).getbbox()
        assert box is not None
        return box[0]

    left, center, right = (left_of_last_line(align) for align in ("left", "center", "right"))

    assert left < 6 < center < right
    assert left_of_last_line(None) == left


def test_justified_words_fill_the_line() -> None:
    made = text.draw("aa bb cc dd ee", TextStyle("Arial", 40, align="justify"), Ink(wrap_px=170))

    first_line = made.crop((0, 0, made.size[0], 28)).getbbox()

    assert first_line is not None
    assert first_line[2] >= 165


def test_a_font_of_ones_own() -> None:
    style = TextStyle("brand.ttf", 40)

    made = text.draw("Hello", style, Ink(), {"brand.ttf": font_file("Arimo-Italic[wght].ttf")})

    assert made.tobytes() == text.draw("Hello", TextStyle("Arial", 40, style="italic"), Ink()).tobytes()


@pytest.mark.parametrize(
    ("words", "style", "message"),
    [
        ("x", TextStyle("Nonesuch Sans", 20), "Unsupported font family Nonesuch Sans"),
        ("x" * 10_001, PLAIN, "Invalid text style in transformation: 40"),
        ("x", TextStyle("Arial", 9000), "Invalid text style in transformation: 9000"),
        (
            "x" * 5000,
            TextStyle("Arial", 100),
            "Maximum image size is 25 Megapixels. Requested 40.76 Megapixels",
        ),
    ],
)
def test_what_cannot_be_drawn(words: str, style: TextStyle, message: str) -> None:
    with pytest.raises(ProviderError) as refused:
        text.draw(words, style, Ink())

    assert (refused.value.status, refused.value.message) == (400, message)


def test_the_text_method_writes_a_png(tmp_path: Path) -> None:
    target = tmp_path / "text.png"
    asked = {"text": "Hi", "font_family": "Georgia", "font_size": "60", "font_color": "red"}
    asked |= {"background": "#0000ff", "font_weight": "bold", "text_align": "center"}

    size = lettering.write(target, asked)

    with Image.open(target) as made:
        assert (made.format, made.size) == ("PNG", (size.width, size.height))
        assert {rgb(made, (3, 20)), rgb(made, (made.size[0] - 20, 1))} == {(255, 0, 0), (0, 0, 255)}


@pytest.mark.parametrize(
    ("name", "value"),
    [("font_size", "big"), ("letter_spacing", "inf"), ("font_color", "nocolor"), ("opacity", "101")],
)
def test_values_of_the_text_method_are_checked(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(ProviderError) as refused:
        lettering.write(tmp_path / "text.png", {"text": "Hi", name: value})

    assert refused.value.message == f"Invalid value for parameter {name}: {value}"
