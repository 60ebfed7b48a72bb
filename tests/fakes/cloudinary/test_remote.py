"""Files that are named by their address: seeded ones, those of this stack, and all others."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.fakes.cloudinary.conftest import Cloud
from tests.fakes.receiver import Answer, Receiver

LOGO = "https://cloudinary.com/images/old_logo.png"


@pytest.fixture
def seeded(cloud: Cloud, png: bytes, tmp_path: Path) -> Iterator[Cloud]:
    """A cloud that knows remote files by path and by address."""
    (tmp_path / "logo.png").write_bytes(png)
    digest = hashlib.sha256(png).hexdigest()
    cloud.upload(png, public_id="staging_clips/kept")
    document = {"remote": {LOGO: str(tmp_path / "logo.png"), "s3://bucket/a/b.png": digest}}
    cloud.http.put(f"{cloud.url}/_fake/state", json=document).raise_for_status()
    yield cloud
    cloud.http.put(f"{cloud.url}/_fake/state", json={}).raise_for_status()


def take(cloud: Cloud, url: str, **options: str) -> httpx.Response:
    return cloud.http.post(
        f"{cloud.url}/v1_1/staging/image/upload",
        data={**cloud.signed({"public_id": "staging_clips/r", **options}), "file": url},
    )


@pytest.mark.parametrize("url", [LOGO, "s3://bucket/a/b.png"])
def test_a_seeded_file_is_had_offline(seeded: Cloud, png: bytes, url: str) -> None:
    body = take(seeded, url).json()

    assert body["etag"] == hashlib.md5(png).hexdigest()
    assert body["original_filename"] == url.rpartition("/")[2].removesuffix(".png")


@pytest.mark.parametrize("url", ["https://example.com/a.png", "ftp://example.com/a", "gs://b/c", "http://[/"])
def test_what_is_elsewhere_does_not_exist(seeded: Cloud, url: str) -> None:
    answer = take(seeded, url)

    message = f"Error in loading {url} - ERR_DNS_FAIL 0"
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, message)
    assert answer.headers["x-cld-error"] == message


def test_redirects_are_followed_within_the_stack_only(cloud: Cloud, receiver: Receiver, png: bytes) -> None:
    def answer(path: str) -> Answer:
        match path:
            case "/a":
                return Answer(302, headers={"Location": "/b"})
            case "/b":
                return Answer(body=png)
            case "/loop":
                return Answer(301, headers={"Location": "/loop"})
        return Answer(302, headers={"Location": "http://169.254.169.254/latest"})

    receiver.answer = lambda request: answer(request.path)
    base = receiver.url.rstrip("/")
    taken, looped, out = (take(cloud, f"{base}/{name}") for name in ("a", "loop", "out"))

    assert taken.json()["width"] == 400
    assert looped.json()["error"]["message"].endswith("/loop - 310 Too many redirects")
    assert out.json()["error"]["message"].endswith("/out - ERR_DNS_FAIL 0")


def test_a_remote_file_that_is_too_large_is_not_read_to_its_end(seeded: Cloud, tmp_path: Path) -> None:
    with (tmp_path / "large.bin").open("wb") as large:
        large.truncate(200 << 20)
    document = {"remote": {"http://far.test/large.bin": str(tmp_path / "large.bin")}}
    seeded.http.put(f"{seeded.url}/_fake/state", json=document).raise_for_status()

    answer = take(seeded, "http://far.test/large.bin")

    assert answer.status_code == 400
    assert answer.json()["error"]["message"].endswith("Maximum is 104857600.")
    assert not [name for name in seeded.files() if "incoming" in name]


@pytest.mark.parametrize(
    ("remote", "message"),
    [
        ([], "'remote' is not an object"),
        ({"x": "/etc/hostname"}, "remote['x'] is '/etc/hostname'"),
        ({"http://x/": "relative.png"}, "remote['http://x/'] is 'relative.png'; there is no such file"),
        ({"http://x/": "0" * 64}, "the bytes of 1 assets are not stored"),
    ],
)
def test_a_map_that_is_wrong_is_refused(cloud: Cloud, remote: object, message: str) -> None:
    answer = cloud.http.put(f"{cloud.url}/_fake/state", json={"remote": remote})

    assert answer.status_code == 400
    assert answer.json()["error"].startswith(message)


def test_explicit_fetches_what_is_elsewhere(seeded: Cloud, png: bytes) -> None:
    document = {"accounts": [{"cloud": "free", "api_key": "7", "api_secret": "s", "folder": None}]}
    seeded_map = {"remote": {LOGO: _file(seeded, png)}}
    seeded.http.put(f"{seeded.url}/_fake/state", json=document | seeded_map).raise_for_status()

    answer = seeded.http.post(
        f"{seeded.url}/v1_1/free/image/explicit",
        data={"public_id": LOGO, "type": "fetch", "tags": "x"},
        auth=("7", "s"),
    ).json()

    assert (answer["public_id"], answer["type"], answer["tags"]) == (LOGO, "fetch", ["x"])
    assert answer["etag"] == hashlib.md5(png).hexdigest()


def _file(cloud: Cloud, content: bytes) -> str:
    path = cloud.fakes.folder / "remote.png"
    path.write_bytes(content)
    return str(path)
