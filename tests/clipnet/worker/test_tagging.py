from __future__ import annotations

import pytest

from clipnet.worker.tagging import DEFAULT, Tag, choose_tags, choose_template, choose_title, shorten


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("One enemy left, what a clutch! Chat, did you see that?", "gaming"),
        ("Goal! What a strike in the last minute of the match.", "sports"),
        ("Put salt in the water and cook the pasta.", "cooking"),
        ("Esta canción es nueva, vamos a cantar juntos.", "music"),
        ("Tomorrow rain and wind, twelve degrees.", "news"),
        ("Hello.", "moment"),
    ],
)
def test_a_template_is_known_by_what_is_said(said: str, name: str) -> None:
    assert choose_template(said, ()).name == name


def test_a_template_is_known_by_what_is_seen() -> None:
    assert choose_template("", ["a guitar on a stage"]).name == "music"


def test_a_screen_of_one_colour_is_no_product() -> None:
    assert choose_template("", ["a yellow screen", "a dark blue screen"]) == DEFAULT


def test_the_owners_title_wins_then_words_then_pictures_then_the_file() -> None:
    said, seen = "it is over. More follows.", ["a red ball"]

    assert choose_title(" Mine ", said, seen, "a.mp4") == "Mine"
    assert choose_title("", said, seen, "a.mp4") == "It is over."
    assert choose_title("", "", seen, "a.mp4") == "A red ball"
    assert choose_title("", "", [], "my_first-clip.mp4") == "My first clip"
    assert choose_title("", "", [], None) == "Untitled clip"


def test_tags_say_where_they_come_from() -> None:
    template = choose_template("What a goal, what a goal for this team", ["a ball on grass"])

    tags = choose_tags(template, "What a goal, what a goal for this team", ["a ball on grass"])

    assert tags[:4] == (
        Tag("sports", "template"),
        Tag("highlight", "template"),
        Tag("ball", "caption"),
        Tag("grass", "caption"),
    )
    assert Tag("goal", "speech") in tags


def test_the_default_template_has_tags_too() -> None:
    assert choose_tags(DEFAULT, "", ()) == (Tag("clip", "template"), Tag("moment", "template"))


def test_long_text_is_cut_at_a_word() -> None:
    assert shorten("one two three four", 12) == "one two…"
    assert shorten("one", 12) == "one"
    assert len(shorten("x" * 100, 50)) == 50
