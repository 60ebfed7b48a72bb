import re

import pytest
from cloudinary.utils import cloudinary_url
from hypothesis import given
from hypothesis import strategies as st

from fakes.cloudinary.address import Address, Place, locate, parse, without_suffix


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (
            "v1/staging_clips/intro.mp4",
            Address(None, (), "staging_clips/intro.mp4", None, "staging_clips/intro.mp4", 1),
        ),
        (
            "staging_clips/intro.mp4",
            Address(None, (), "staging_clips/intro.mp4", None, "staging_clips/intro.mp4"),
        ),
        (
            "w_100,c_fill/so_2/v17/a.jpg",
            Address(None, ("w_100,c_fill", "so_2"), "a.jpg", None, "w_100,c_fill/so_2/a.jpg", 17),
        ),
        ("s--Y0Peb9g---/so_2/v1/a.jpg", Address("Y0Peb9g-", ("so_2",), "a.jpg", None, "so_2/a.jpg", 1)),
        (
            "s--NwO0YYwt--/v1/staging%20clips/%C3%A4%20b.mp4",
            Address("NwO0YYwt", (), "staging clips/ä b.mp4", None, "staging%20clips/%C3%A4%20b.mp4", 1),
        ),
        ("nope_xyz/v1/a.jpg", Address(None, (), "nope_xyz/v1/a.jpg", "nope_xyz", "nope_xyz/v1/a.jpg")),
        ("v1/a_b/c.jpg", Address(None, (), "a_b/c.jpg", None, "a_b/c.jpg", 1)),
        (
            "if_w_gt_100/w_50/if_else/w_5/if_end/v1/a/b.c.jpg",
            Address(
                None,
                ("if_w_gt_100", "w_50", "if_else", "w_5", "if_end"),
                "a/b.c.jpg",
                None,
                "if_w_gt_100/w_50/if_else/w_5/if_end/a/b.c.jpg",
                1,
            ),
        ),
        ("$w_720/w_$w/a.jpg", Address(None, ("$w_720", "w_$w"), "a.jpg", None, "$w_720/w_$w/a.jpg")),
        (
            "f_png/http://blah.com/w_1/v2/hello%3Fa%3Db",
            Address(
                None,
                ("f_png",),
                "http://blah.com/w_1/v2/hello?a=b",
                None,
                "f_png/http://blah.com/w_1/v2/hello%3Fa%3Db",
            ),
        ),
        ("https:/a.b/c", Address(None, (), "https://a.b/c", None, "https://a.b/c")),
        (
            "w_1%2Fh_2/a%2Fb.jpg",
            Address(None, ("w_1", "h_2"), "a/b.jpg", None, "w_1/h_2/a/b.jpg"),
        ),
        ("v2.jpg", Address(None, (), "v2.jpg", None, "v2.jpg")),
        ("w_1", Address(None, (), "w_1", None, "w_1")),
        ("v1", Address(None, (), "v1", None, "v1")),
        ("", Address(None, (), "", None, "")),
    ],
)
def test_a_path_is_taken_apart(path: str, expected: Address) -> None:
    assert parse(path) == expected


@pytest.mark.parametrize(
    ("path", "source", "suffix", "signed_text"),
    [
        ("abc/hello.jpg", "abc.jpg", "hello", "abc.jpg"),
        ("s--j-GIADuh--/abc/hello.jpg", "abc.jpg", "hello", "abc.jpg"),
        ("a_0/v1/folder/abc/hello%20you.jpg", "folder/abc.jpg", "hello you", "a_0/folder/abc.jpg"),
        ("notes.txt/hello", "notes.txt", "hello", "notes.txt"),
        ("abc.jpg", "abc.jpg", None, "abc.jpg"),
    ],
)
def test_a_suffix_for_search_engines_names_nothing(
    path: str, source: str, suffix: str | None, signed_text: str
) -> None:
    where = parse(path, has_suffix=True)

    assert (where.source, where.suffix, where.signed_text) == (source, suffix, signed_text)


def test_on_the_root_path_a_suffix_looks_like_a_folder() -> None:
    where = parse("a_0/test/hello.jpg")

    assert where.source == "test/hello.jpg"
    assert without_suffix(where) == parse("a_0/test/hello.jpg", has_suffix=True)
    assert without_suffix(parse("test.jpg")) is None


@pytest.mark.parametrize(
    ("path", "host", "expected"),
    [
        ("/c/image/upload/a.jpg", "", Place("c", "image", "upload", "a.jpg")),
        ("/c/video/private/s--x--/a/b", "res.x.test", Place("c", "video", "private", "s--x--/a/b")),
        ("/c/images/a/b.jpg", "", Place("c", "image", "upload", "a/b.jpg", has_suffix=True)),
        ("/c/private_images/a/b", "", Place("c", "image", "private", "a/b", has_suffix=True)),
        ("/c/authenticated_images/a/b", "", Place("c", "image", "authenticated", "a/b", has_suffix=True)),
        ("/c/videos/a/b", "", Place("c", "video", "upload", "a/b", has_suffix=True)),
        ("/c/authenticated_videos/a/b", "", Place("c", "video", "authenticated", "a/b", has_suffix=True)),
        ("/c/files/a/b", "", Place("c", "raw", "upload", "a/b", has_suffix=True)),
        ("/c/iu/w_1/a.jpg", "", Place("c", "image", "upload", "w_1/a.jpg")),
        ("/c/w_1/a.jpg", "", Place("c", "image", "upload", "w_1/a.jpg", has_suffix=None)),
        ("/image/upload/a.jpg", "", Place(None, "image", "upload", "a.jpg")),
        ("/image/upload/a.jpg", "my-cloud-res.x.test:80", Place("my-cloud", "image", "upload", "a.jpg")),
        ("/image/upload/a.jpg", "c-res-2.cloudinary.com", Place("c", "image", "upload", "a.jpg")),
        ("/a.jpg", "c-res.x.test", Place("c", "image", "upload", "a.jpg", has_suffix=None)),
        ("/c", "", None),
        ("/", "", None),
    ],
)
def test_the_first_pieces_say_where_to_look(path: str, host: str, expected: Place | None) -> None:
    assert locate(path, host) == expected


@pytest.mark.parametrize("is_private", [False, True])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"format": "jpg"},
        {"resource_type": "video", "format": "mp4", "version": 1700000000},
        {"type": "private", "format": "png", "width": 0.5, "crop": "scale"},
        {"type": "authenticated", "format": "png", "sign_url": True},
        {"format": "jpg", "sign_url": True, "long_url_signature": True, "angle": 20},
        {"format": "jpg", "use_root_path": True, "angle": 20},
        {"format": "jpg", "shorten": True},
        {"format": "jpg", "url_suffix": "hello", "sign_url": True, "angle": 20},
        {"resource_type": "raw", "url_suffix": "hello"},
    ],
)
@pytest.mark.parametrize("public_id", ["test", "folder/test", "a_b/test", "a b/ä+?%#", "x.y/z.w"])
def test_what_the_sdk_builds_is_understood(
    public_id: str, options: dict[str, object], is_private: bool
) -> None:
    api = {"cloud_name": "fakecloud", "api_secret": "s", "private_cdn": is_private, "secure": True}
    url, _ = cloudinary_url(public_id, **options, **api)
    host, path = re.match(r"https://([^/]+)(/.*)", url).groups()  # type: ignore[union-attr] # it is a URL

    place = locate(path, host)

    assert place is not None
    where = parse(place.rest, has_suffix=bool(place.has_suffix))
    ending = f".{options['format']}" if "format" in options else ""
    assert (place.cloud, place.resource_type, place.type) == (
        "fakecloud",
        options.get("resource_type", "image"),
        options.get("type", "upload"),
    )
    assert where.source == public_id + ending
    assert where.suffix == options.get("url_suffix")
    assert where.components == (
        ("a_20",) if "angle" in options else ("c_scale,w_0.5",) * ("width" in options)
    )
    assert where.unknown is None
    assert (where.signature is not None) is ("sign_url" in options)


@given(st.text(max_size=80), st.booleans())
def test_any_path_is_taken_apart(path: str, has_suffix: bool) -> None:
    locate("/" + path, path)
    where = parse(path, has_suffix=has_suffix)
    without_suffix(where)

    assert len(where.source) <= len(path) + 2
