import hashlib

import pytest

from fakes.cloudinary import signatures

SECRET = "stagingSecret_AbC-123"
NOTIFICATION = b'{"notification_type":"upload","public_id":"staging_clips/intro","version":1700000000}'
INTRO = {"public_id": "staging_clips/intro", "timestamp": "1700000000"}
TAGS = {"command": "add", "public_ids": "a,b", "tag": "t1", "timestamp": "1700000000"}
DOWNLOAD = {
    "expires_at": "1700003600",
    "format": "mp4",
    "public_id": "staging_clips/intro",
    "timestamp": "1700000000",
    "type": "upload",
}
ESCAPED = {
    "context": r"alt=a\|b\=c",
    "eager": "c_fill,w_100|sp_auto/m3u8",
    "folder": "staging_clips",
    "notification_url": "http://127.0.0.1:9/cb?a=1&b=2",
    "overwrite": "0",
    "tags": "clip,staging",
    "timestamp": "1700000000",
}


@pytest.mark.parametrize(
    ("params", "digest"),
    [
        (INTRO, "3af2bf03a8c1140ffb636d649ae67fa04ff07e0e"),
        (INTRO, "22db9008befde626f5b34ab20c4059c1dc2befccd013abb2fe13db7b7f421c1f"),
        (TAGS, "af306820a4200e6e39d3cb0d3312be6c47928fd3"),
        (DOWNLOAD, "1cea78898945655bbfc2ddee1220973ef36f51e3"),
        (ESCAPED, "8b4e6cd8c4a76c7f1e5c40109e18cb8e07d2392f"),
        (ESCAPED, "b2a0eb62cd7810cde7853a42a8033a8fd867dda8"),
    ],
)
def test_a_signature_is_accepted_in_both_versions_and_by_both_hashes(
    params: dict[str, str], digest: str
) -> None:
    assert signatures.is_signed(params, digest, SECRET)
    assert not signatures.is_signed(params, digest, SECRET + "x")
    assert not signatures.is_signed({**params, "more": "1"}, digest, SECRET)


def test_version_2_escapes_what_could_smuggle_a_parameter() -> None:
    text = signatures.string_to_sign(ESCAPED, 2)

    assert text == (
        r"context=alt=a\|b\=c&eager=c_fill,w_100|sp_auto/m3u8&folder=staging_clips"
        "&notification_url=http://127.0.0.1:9/cb?a=1%26b=2&overwrite=0&tags=clip,staging&timestamp=1700000000"
    )
    assert signatures.string_to_sign(ESCAPED, 1) == text.replace("%26", "&")


def test_empty_and_unsigned_parameters_are_left_out() -> None:
    params = {**INTRO, "file": "x", "api_key": "1", "signature": "s", "resource_type": "video", "tags": ""}

    assert signatures.string_to_sign(params) == "public_id=staging_clips/intro&timestamp=1700000000"


def test_tolerated_parameters_may_be_outside_of_the_signature() -> None:
    digest = hashlib.sha1(f"tag=a&timestamp=1{SECRET}".encode()).hexdigest()
    params = {"tag": "a", "timestamp": "1", "notification_url": "http://127.0.0.1/"}

    assert not signatures.is_signed(params, digest, SECRET)
    assert signatures.is_signed(params, digest, SECRET, tolerated=("notification_url",))


def test_an_answer_is_signed() -> None:
    signature = signatures.answer_signature("staging_clips/intro", 1700000000, SECRET)

    assert signature == "faabbaacb804e31d2074dd83e57d568ec0208fb6"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("staging_clips/intro.mp4", "FFU6dflx"),
        ("staging_clips/intro.mp4", "BKsn9GOK"),
        ("staging_clips/intro.mp4", "BKsn9GOKtueEfhc2tKLr1xNHdvl8txl8"),
        ("c_fill,h_720,w_1280/staging_clips/intro.mp4", "kegcuXjo"),
        ("so_2/staging_clips/intro.jpg", "Y0Peb9g-"),
        ("c_scale,w_640/staging_clips/intro.mp4", "Ink4Khn9"),
        ("staging%20clips/%C3%A4%20b.mp4", "NwO0YYwt"),
        ("abc.jpg", "j-GIADuh"),
    ],
)
def test_delivery_signatures_are_accepted_short_and_long(text: str, expected: str) -> None:
    assert signatures.is_delivery_signed(text, expected, SECRET)
    assert not signatures.is_delivery_signed(text + "x", expected, SECRET)


def test_notifications_are_signed_over_body_time_and_secret() -> None:
    sha1 = signatures.notification_signature(NOTIFICATION, "1700000001", SECRET)
    sha256 = signatures.notification_signature(NOTIFICATION, "1700000001", SECRET, algorithm="sha256")

    assert sha1 == "f3ff4259538ee7eef8a05950035ce3a96f48ed5c"
    assert sha256 == "05200dceba2ef8b4a52330d620425c72ac3b22117a0c8ac267b865dadd4cfed4"
