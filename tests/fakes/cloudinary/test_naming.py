import pytest

from fakes.cloudinary.naming import Name, NamingOptions, base_name, check, choose, extension
from fakes.kit.errors import ProviderError


def letters(count: int) -> str:
    return "x" * count


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (NamingOptions(public_id="a/b"), Name("a/b", "a", "b")),
        (NamingOptions(public_id="b", folder="a"), Name("a/b", "a", "b")),
        (NamingOptions(public_id="b", asset_folder="a"), Name("b", "a", "b")),
        (NamingOptions(public_id="b", asset_folder="a", display_name="Best"), Name("b", "a", "Best")),
        (NamingOptions(folder="a"), Name("a/" + letters(20), "a", letters(20))),
        (NamingOptions(use_filename=True), Name("My_clip_" + letters(6), "", "My_clip_" + letters(6))),
        (NamingOptions(use_filename=True, unique_filename=False), Name("My_clip", "", "My_clip")),
        (
            NamingOptions(use_filename=True, unique_filename=False, filename_override="/tmp/o.mp4"),
            Name("o", "", "o"),
        ),
        (
            NamingOptions(public_id="b", asset_folder="a/c", use_asset_folder_as_public_id_prefix=True),
            Name("a/c/b", "a/c", "b"),
        ),
        (NamingOptions(public_id="b", use_filename_as_display_name=True), Name("b", "", "My clip")),
    ],
)
def test_names_follow_the_options(options: NamingOptions, expected: Name) -> None:
    assert choose(options, "some/dir/My clip.mp4", "video", letters) == expected


def test_a_raw_file_keeps_its_extension() -> None:
    assert choose(NamingOptions(), "words.txt", "raw", letters).public_id == letters(20) + ".txt"
    assert choose(NamingOptions(public_id="a"), "words.txt", "raw", letters).public_id == "a"


@pytest.mark.parametrize(
    "public_id",
    ["", " a", "a ", "/a", "a/", "a//b", "../a", "a/../b", "a/./b", "a?b", "a&b", "a#b", "a\\b", "a%b",
     "a<b>", "a\x00b", "a\nb", "x" * 256, "x" * 10_000],
)  # fmt: skip
def test_names_that_are_not_allowed(public_id: str) -> None:
    with pytest.raises(ProviderError) as refused:
        check(public_id)

    assert refused.value.status == 400
    assert len(refused.value.message) < 200


def test_file_names_may_hold_folders_of_any_system() -> None:
    assert [base_name(name) for name in ("a/b.c.mp4", "a\\b.mp4", ".env", "", None)] == [
        "b.c",
        "b",
        ".env",
        None,
        None,
    ]
    assert [extension(name) for name in ("a/b.MP4", "b", None)] == ["mp4", "", ""]
