import pytest

from fakes.cloudinary.address import Address, parse


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (
            "v1/staging_clips/intro.mp4",
            Address(None, (), "staging_clips/intro.mp4", None, "staging_clips/intro.mp4"),
        ),
        (
            "staging_clips/intro.mp4",
            Address(None, (), "staging_clips/intro.mp4", None, "staging_clips/intro.mp4"),
        ),
        (
            "w_100,c_fill/so_2/v17/a.jpg",
            Address(None, ("w_100,c_fill", "so_2"), "a.jpg", None, "w_100,c_fill/so_2/a.jpg"),
        ),
        ("s--Y0Peb9g---/so_2/v1/a.jpg", Address("Y0Peb9g-", ("so_2",), "a.jpg", None, "so_2/a.jpg")),
        (
            "s--NwO0YYwt--/v1/staging%20clips/%C3%A4%20b.mp4",
            Address("NwO0YYwt", (), "staging clips/ä b.mp4", None, "staging%20clips/%C3%A4%20b.mp4"),
        ),
        ("nope_xyz/v1/a.jpg", Address(None, (), "nope_xyz/v1/a.jpg", "nope_xyz", "nope_xyz/v1/a.jpg")),
        ("v2.jpg", Address(None, (), "v2.jpg", None, "v2.jpg")),
        ("w_1", Address(None, (), "w_1", None, "w_1")),
        ("", Address(None, (), "", None, "")),
    ],
)
def test_a_path_is_taken_apart(path: str, expected: Address) -> None:
    assert parse(path) == expected
