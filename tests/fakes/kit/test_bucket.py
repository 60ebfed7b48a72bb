import pytest

from fakes.kit.bucket import Bucket, parse


def test_an_address_says_everything() -> None:
    found = parse("s3://key:s%2Fcret@localhost:9000/clips/staging/a?tls=1&region=eu-west-1")

    assert found == Bucket("localhost:9000", "clips", "staging/a/", "key", "s/cret", True, "eu-west-1")


def test_most_of_it_has_defaults() -> None:
    assert parse("s3://k:s@127.0.0.1/clips") == Bucket("127.0.0.1", "clips", "", "k", "s")


@pytest.mark.parametrize(
    "url",
    [
        "http://k:s@h/clips",
        "s3://h/clips",
        "s3://k@h/clips",
        "s3://k:s@h",
        "s3://k:s@h/No",
        "s3://k:s@h/clips?ssl=1",
        "s3://k:s@h:port/clips",
        "s3://k:s3cret@h:99999/clips",
        "s3://k:s3cret\N{ACCOUNT OF}@h/clips",
        "s3://k:s3cret/x@h:1/clips",
    ],
)
def test_another_form_is_refused_without_showing_the_secret(url: str) -> None:
    with pytest.raises(ValueError, match="write s3://KEY:SECRET@HOST:PORT/BUCKET") as refused:
        parse(url)

    assert url not in str(refused.value)
    assert "s3cret" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_the_secret_is_not_shown() -> None:
    assert "s3cret" not in repr(parse("s3://k:s3cret@h/clips"))
