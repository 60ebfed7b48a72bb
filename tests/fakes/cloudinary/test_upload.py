import base64
import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from fakes.cloudinary.errors import header_text
from tests.fakes.cloudinary.conftest import KEY, SECRET, Cloud, image, video

PART = 5 * 1024 * 1024


def error_of(answer: httpx.Response) -> tuple[int, str]:
    message = answer.json()["error"]["message"]
    assert answer.headers["X-Cld-Error"] == header_text(message)
    return answer.status_code, message


def test_a_video_is_answered_field_by_field(cloud: Cloud, mp4: bytes) -> None:
    answer = cloud.upload(
        mp4,
        "video/upload",
        "dir/My Clip.mp4",
        public_id="staging_clips/intro",
        tags="b,a",
        context="k=v|k2=a\\=b",
    ).json()

    version = answer["version"]
    assert list(answer) == [
        "asset_id", "public_id", "version", "version_id", "signature", "width", "height", "format",
        "resource_type", "created_at", "tags", "pages", "bytes", "type", "etag", "placeholder", "url",
        "secure_url", "playback_url", "asset_folder", "display_name", "context", "audio", "video", "is_audio",
        "frame_rate", "bit_rate", "duration", "rotation", "original_filename", "nb_frames", "api_key",
    ]  # fmt: skip
    text = f"public_id=staging_clips/intro&version={version}{SECRET}"
    assert answer["signature"] == hashlib.sha1(text.encode()).hexdigest()
    assert answer["etag"] == hashlib.md5(mp4).hexdigest()
    assert answer["url"] == f"{cloud.url}/staging/video/upload/v{version}/staging_clips/intro.mp4"
    assert answer["playback_url"].endswith(f"/video/upload/sp_auto/v{version}/staging_clips/intro.m3u8")
    expected = {
        "public_id": "staging_clips/intro",
        "width": 320,
        "height": 180,
        "format": "mp4",
        "tags": ["a", "b"],
        "bytes": len(mp4),
        "asset_folder": "staging_clips",
        "display_name": "intro",
        "context": {"custom": {"k": "v", "k2": "a=b"}},
        "is_audio": False,
        "frame_rate": 30.0,
        "duration": 2.0,
        "nb_frames": 60,
        "original_filename": "My Clip",
    }
    assert {name: answer[name] for name in expected} == expected
    assert answer["audio"]["codec"] == "aac"
    assert isinstance(answer["audio"]["bit_rate"], str)
    assert answer["video"]["dar"] == "16:9"


def test_a_silent_video_a_sound_and_a_raw_file_have_their_own_fields(cloud: Cloud, tmp_path: Path) -> None:
    silent = cloud.upload(
        video(tmp_path / "a.mp4", "-an"), "video/upload", public_id="staging_clips/a"
    ).json()
    sound = cloud.upload(video(tmp_path / "b.m4a", "-vn"), "video/upload", public_id="staging_clips/b").json()
    raw = cloud.upload(b"words", "raw/upload", "words.txt", folder="staging_clips").json()

    assert (silent["audio"], "is_audio" in silent) == ({}, False)
    assert (sound["video"], sound["is_audio"], sound["format"], "width" in sound) == ({}, True, "m4a", False)
    assert {"format", "width", "pages"}.isdisjoint(raw)
    assert raw["public_id"].endswith(".txt")
    assert raw["url"].endswith(raw["public_id"])


@pytest.mark.parametrize(
    ("content", "filename", "expected"),
    [(image(4, 3), "a.bin", "image"), (image(4, 3, "WEBP"), "a.mp4", "image"), (b"hello", "a.mp4", "raw")],
)
def test_auto_looks_at_the_bytes(cloud: Cloud, content: bytes, filename: str, expected: str) -> None:
    answer = cloud.upload(content, "auto/upload", filename, public_id="staging_clips/x")

    assert answer.json()["resource_type"] == expected


def test_auto_knows_a_video(cloud: Cloud, mp4: bytes) -> None:
    answer = cloud.upload(mp4, "auto/upload", "noname", public_id="staging_clips/x")

    assert (answer.json()["resource_type"], answer.json()["format"]) == ("video", "mp4")


def test_a_data_uri_is_a_file(cloud: Cloud, png: bytes) -> None:
    uri = "data:image/png;base64," + base64.b64encode(png).decode()

    as_field = cloud.post("image/upload", {"public_id": "staging_clips/a"}, files={"file": (None, uri)})
    as_form = cloud.http.post(
        f"{cloud.url}/v1_1/staging/image/upload",
        data={**cloud.signed({"public_id": "staging_clips/b"}), "file": uri},
    )
    as_json = cloud.http.post(
        f"{cloud.url}/v1_1/staging/image/upload",
        json={**cloud.signed({"public_id": "staging_clips/c"}), "file": uri},
    )

    md5 = hashlib.md5(png).hexdigest()
    assert [answer.json()["etag"] for answer in (as_field, as_form, as_json)] == [md5] * 3


def test_a_remote_file_comes_only_from_hosts_of_the_stack(cloud: Cloud, png: bytes) -> None:
    source = cloud.upload(png, public_id="staging_clips/source").json()["url"]

    copied = cloud.post("image/upload", {"public_id": "staging_clips/copy"}, files={"file": (None, source)})
    missing = cloud.post(
        "image/upload", {"public_id": "staging_clips/x"}, files={"file": (None, source + "x")}
    )
    outside = cloud.post(
        "image/upload", {"public_id": "staging_clips/x"}, files={"file": (None, "https://example.com/a.png")}
    )
    nonsense = cloud.post("image/upload", {"public_id": "staging_clips/x"}, files={"file": (None, "hello")})

    assert copied.json()["etag"] == hashlib.md5(png).hexdigest()
    assert copied.json()["original_filename"] == "source"
    assert error_of(missing)[1].startswith(f"Error in loading {source}x - 4")
    assert error_of(outside) == (
        400,
        "Error in loading https://example.com/a.png - ERR_DNS_FAIL 0",
    )
    assert error_of(nonsense) == (400, "Unsupported source URL: hello")


def test_basic_credentials_take_the_place_of_a_signature(cloud: Cloud, png: bytes) -> None:
    url = f"{cloud.url}/v1_1/staging/image/upload"
    files = {"file": ("a.png", png)}

    good = cloud.http.post(url, data={"public_id": "staging_clips/a"}, files=files, auth=(KEY, SECRET))
    bad = cloud.http.post(url, data={"public_id": "staging_clips/a"}, files=files, auth=(KEY, "wrong"))

    assert good.status_code == 200
    assert error_of(bad) == (401, "api_secret mismatch")


@pytest.mark.parametrize(
    ("changed", "status", "message"),
    [
        (
            {"signature": "0" * 40},
            401,
            "Invalid Signature {0}. String to sign - 'public_id=staging_clips/a&timestamp=",
        ),
        ({"api_key": ""}, 400, "Missing required parameter - api_key"),
        ({"api_key": "123"}, 401, "Unknown API key 123"),
        ({"signature": ""}, 400, "Missing required parameter - signature"),
        ({"timestamp": ""}, 400, "Missing required parameter - timestamp"),
        ({"timestamp": "soon"}, 400, "Invalid value for parameter timestamp: soon"),
        ({"timestamp": "9" * 400}, 400, "Invalid value for parameter timestamp: 9999"),
        (
            {"timestamp": "1700000000"},
            400,
            "Stale request - reported time is 2023-11-14 22:13:20 +0000 which is more than 1 hour ago",
        ),
        ({"signature": "", "api_key": ""}, 400, "Upload preset must be specified when using unsigned upload"),
        ({"signature": "", "api_key": "", "upload_preset": "p"}, 400, "Upload preset not found"),
    ],
)
def test_who_is_not_known_is_told_why(
    cloud: Cloud, png: bytes, changed: dict[str, str], status: int, message: str
) -> None:
    params = {**cloud.signed({"public_id": "staging_clips/a"}), **changed}

    answer = cloud.http.post(
        f"{cloud.url}/v1_1/staging/image/upload", data=params, files={"file": ("a.png", png)}
    )

    found_status, found = error_of(answer)
    assert found_status == status
    assert found.startswith(message.format("0" * 40))
    assert cloud.files() == []


def test_unknown_clouds_and_types_are_refused(cloud: Cloud) -> None:
    unknown = cloud.http.post(f"{cloud.url}/v1_1/nope/image/upload", data=cloud.signed({"public_id": "a"}))
    kind = cloud.post("sound/upload", {"public_id": "staging_clips/a"})

    assert error_of(unknown) == (401, "Invalid cloud_name nope")
    assert error_of(kind) == (400, "Invalid value for parameter resource_type: sound")


@pytest.mark.parametrize(
    ("path", "content", "message"),
    [
        ("image/upload", b"", "Empty file"),
        ("video/upload", b"just text\n" * 100, "Unsupported video format or file"),
        ("image/upload", b"just text", "Invalid image file"),
        ("image/upload", image(40, 30)[:200], "Invalid image file"),
        ("image/upload", b"II*\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00", "Invalid image file"),
        ("video/upload", image(40, 30), "Unsupported video format or file"),
        ("video/upload", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "Unsupported video format or file"),
        (
            "image/upload",
            image(6000, 5000),
            "Maximum image size is 25 Megapixels. Requested 30.00 Megapixels",
        ),
    ],
    ids=["empty", "text as video", "text", "cut image", "no size", "image as video", "playlist", "bomb"],
)
def test_what_is_not_media_is_refused_and_leaves_nothing(
    cloud: Cloud, path: str, content: bytes, message: str
) -> None:
    answer = cloud.upload(content, path, "clip.mp4", public_id="staging_clips/a")

    assert error_of(answer) == (400, message)
    assert cloud.files() == []
    assert cloud.control("state")["state"]["assets"] == 0


def test_a_truncated_video_is_refused(cloud: Cloud, mp4: bytes) -> None:
    answer = cloud.upload(mp4[: len(mp4) // 2], "video/upload", "a.mp4", public_id="staging_clips/a")

    assert error_of(answer) == (400, "Unsupported video format or file")


def test_no_file_and_a_broken_body_are_refused(cloud: Cloud) -> None:
    url = f"{cloud.url}/v1_1/staging/image/upload"
    no_file = cloud.post("image/upload", {"public_id": "staging_clips/a"})
    broken = cloud.http.post(
        url, content=b"nonsense", headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    cut = cloud.http.post(
        url,
        content=b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc',
        headers={"Content-Type": "multipart/form-data; boundary=x"},
    )
    no_boundary = cloud.http.post(url, content=b"a", headers={"Content-Type": "multipart/form-data"})
    no_json = cloud.http.post(url, content=b"{", headers={"Content-Type": "application/json"})

    assert error_of(no_file) == (400, "Missing required parameter - file")
    for answer in (broken, cut, no_boundary, no_json):
        assert error_of(answer)[1].startswith("Invalid request - ")
    assert cloud.files() == []


@pytest.mark.parametrize(
    "public_id", ["staging_clips/../x", "staging_clips/a\x00b", "staging_clips/" + "x" * 10_000]
)
def test_hostile_names_are_refused(cloud: Cloud, png: bytes, public_id: str) -> None:
    status, message = error_of(cloud.upload(png, public_id=public_id))

    assert status == 400
    assert message.startswith("public_id (staging_clips/")
    assert cloud.files() == []


def test_limits_and_allowed_formats(cloud: Cloud, png: bytes) -> None:
    refused = cloud.upload(png, public_id="staging_clips/a", allowed_formats="jpg,webp")
    allowed = cloud.upload(png, public_id="staging_clips/a", allowed_formats="jpg,png")

    assert error_of(refused) == (400, "Image file format png not allowed")
    assert allowed.status_code == 200


def test_a_feature_that_is_missing_says_so(cloud: Cloud, png: bytes) -> None:
    answer = cloud.upload(png, public_id="staging_clips/a", visual_search="1")

    assert error_of(answer) == (501, "fake 'cloudinary' does not cover the upload parameter 'visual_search'")


def test_overwriting_keeps_the_asset_and_changes_the_version(cloud: Cloud, png: bytes) -> None:
    first = cloud.upload(png, public_id="staging_clips/a").json()
    kept = cloud.upload(image(8, 8), public_id="staging_clips/a", overwrite="0").json()
    second = cloud.upload(image(8, 8), public_id="staging_clips/a").json()

    assert (kept["existing"], kept["etag"], kept["version"]) == (True, first["etag"], first["version"])
    assert second["overwritten"] is True
    assert second["asset_id"] == first["asset_id"]
    assert second["version"] > first["version"]
    assert (
        cloud.get(f"image/upload/v{first['version']}/staging_clips/a.png").headers["etag"]
        == f'"{second["etag"]}"'
    )


def test_two_uploads_that_race_for_one_name_leave_one_whole_asset(cloud: Cloud) -> None:
    contents = [image(10 + number, 10) for number in range(6)]

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda one: cloud.upload(one, public_id="staging_clips/a"), contents))

    assert [answer.status_code for answer in answers] == [200] * 6
    assert cloud.control("state")["state"]["assets"] == 1
    assert cloud.get("image/upload/staging_clips/a.png").content in contents


def test_eager_transformations_are_made_at_once_and_failures_told(cloud: Cloud, mp4: bytes) -> None:
    answer = cloud.upload(
        mp4, "video/upload", public_id="staging_clips/a", eager="c_scale,w_100|so_1,w_50/jpg|w_abc/m3u8"
    ).json()

    scaled, still, failed = answer["eager"]
    assert (scaled["transformation"], scaled["width"], scaled["height"], scaled["format"]) == (
        "c_scale,w_100", 100, 56, "mp4",
    )  # fmt: skip
    assert (still["format"], still["width"]) == ("jpg", 50)
    assert failed == {
        "transformation": "w_abc/m3u8",
        "status": "failed",
        "reason": "Invalid width in transformation: abc",
    }
    assert (
        cloud.http.get(still["url"]).content
        == cloud.get("video/upload/so_1,w_50/staging_clips/a.jpg").content
    )


def test_destroy_says_what_it_found_and_never_fails(cloud: Cloud, png: bytes) -> None:
    cloud.upload(png, public_id="staging_clips/a")

    results = [cloud.post("image/destroy", {"public_id": "staging_clips/a"}) for _ in range(2)]

    assert [answer.json() for answer in results] == [{"result": "ok"}, {"result": "not found"}]
    assert [answer.status_code for answer in results] == [200, 200]
    assert cloud.get("image/upload/staging_clips/a.png").status_code == 404
    assert error_of(cloud.post("image/destroy", {})) == (400, "Missing required parameter - public_id")


def test_rename_keeps_the_asset_id_and_refuses_a_taken_name(cloud: Cloud, png: bytes) -> None:
    first = cloud.upload(png, public_id="staging_clips/a").json()
    cloud.upload(image(5, 5), public_id="staging_clips/b")
    names = {"from_public_id": "staging_clips/a", "to_public_id": "staging_clips/b"}

    taken = cloud.post("image/rename", names)
    missing = cloud.post("image/rename", {**names, "from_public_id": "staging_clips/none"})
    renamed = cloud.post("image/rename", {**names, "overwrite": "1"}).json()

    assert error_of(taken) == (400, "to_public_id staging_clips/b already exists")
    assert error_of(missing) == (404, "Resource not found - staging_clips/none")
    assert (renamed["asset_id"], renamed["public_id"], renamed["etag"]) == (
        first["asset_id"], "staging_clips/b", first["etag"],
    )  # fmt: skip
    assert cloud.get("image/upload/staging_clips/b.png").content == png


def test_tags_and_context_of_many_assets(cloud: Cloud, png: bytes) -> None:
    for name in ("a", "b"):
        cloud.upload(png, public_id=f"staging_clips/{name}", tags="old")
    ids = "staging_clips/a,staging_clips/none,staging_clips/b"

    def tags() -> list[str]:
        found: list[str] = cloud.admin("GET", "resources/image/upload/staging_clips/a").json().get("tags", [])
        return found

    added = cloud.post("image/tags", {"command": "add", "tag": "x", "public_ids": ids})
    assert added.json() == {"public_ids": ["staging_clips/a", "staging_clips/b"]}
    assert tags() == ["old", "x"]
    cloud.post("image/tags", {"command": "remove", "tag": "old", "public_ids": ids})
    assert tags() == ["x"]
    cloud.post("image/tags", {"command": "replace", "tag": "y,z", "public_ids": ids})
    assert tags() == ["y", "z"]
    cloud.post("image/tags", {"command": "remove_all", "public_ids": ids})
    assert tags() == []
    cloud.post("image/context", {"command": "add", "context": "k=v", "public_ids": ids})
    detail = cloud.admin("GET", "resources/image/upload/staging_clips/a").json()
    assert detail["context"] == {"custom": {"k": "v"}}


def test_explicit_changes_labels_and_makes_eager_results(cloud: Cloud, png: bytes) -> None:
    cloud.upload(png, public_id="staging_clips/a")

    answer = cloud.post(
        "image/explicit", {"public_id": "staging_clips/a", "type": "upload", "tags": "t", "eager": "w_10"}
    )
    missing = cloud.post("image/explicit", {"public_id": "staging_clips/none", "type": "upload"})

    assert answer.json()["tags"] == ["t"]
    assert answer.json()["eager"][0]["width"] == 10
    assert error_of(missing) == (404, "Resource not found - staging_clips/none")


def send_part(
    cloud: Cloud, content: bytes, first: int, total: str, upload_id: str = "u1", **params: str
) -> httpx.Response:
    headers = {
        "X-Unique-Upload-Id": upload_id,
        "Content-Range": f"bytes {first}-{first + len(content) - 1}/{total}",
    }
    return cloud.post("raw/upload", params, files={"file": ("big.bin", content)}, headers=headers)


@pytest.mark.parametrize("unknown", ["{size}", "-1", "*"])
def test_parts_become_a_file_in_any_form_of_total_and_any_order(cloud: Cloud, unknown: str) -> None:
    content = bytes(range(256)) * (2 * PART // 256) + b"end"
    size = str(len(content))
    total = unknown.format(size=size)

    second = send_part(cloud, content[PART : 2 * PART], PART, total, folder="staging_clips")
    public_id = second.json()["public_id"]
    first = send_part(cloud, content[:PART], 0, total, folder="staging_clips", public_id=public_id)
    again = send_part(cloud, content[:PART], 0, total, folder="staging_clips", public_id=public_id)
    last = send_part(cloud, content[2 * PART :], 2 * PART, size, folder="staging_clips", public_id=public_id)
    repeated = send_part(
        cloud, content[2 * PART :], 2 * PART, size, folder="staging_clips", public_id=public_id
    )

    assert second.json() == {
        "done": False,
        "bytes": PART,
        "kind": "upload",
        "public_id": public_id,
        "resource_type": "raw",
    }
    assert [first.json()["bytes"], again.json()["bytes"]] == [2 * PART, 2 * PART]
    answer = last.json()
    assert (answer["done"], answer["public_id"], answer["bytes"]) == (True, public_id, len(content))
    assert answer["etag"] == hashlib.md5(content).hexdigest()
    assert (repeated.json()["asset_id"], repeated.json()["done"]) == (answer["asset_id"], True)
    assert len(cloud.files()) == 1


@pytest.mark.parametrize(
    ("size_bytes", "content_range", "message"),
    [
        (PART - 1, "bytes 0-5242878/20000000", "All parts except EOF-chunk must be larger than 5mb"),
        (PART - 1, "bytes 0-5242878/-1", "All parts except EOF-chunk must be larger than 5mb"),
        (10, "bytes 0-10/11", "Invalid Content-Range header: bytes 0-10/11"),
        (10, "bytes 5-14/12", "Invalid Content-Range header: bytes 5-14/12"),
        (10, "0-9/10", "Invalid Content-Range header: 0-9/10"),
        (PART, "bytes 0-5242879/3000000000", "File size too large. Got 3000000000. Maximum is 2147483648."),
    ],
)
def test_wrong_parts_are_refused(cloud: Cloud, size_bytes: int, content_range: str, message: str) -> None:
    answer = cloud.post(
        "raw/upload",
        {"public_id": "staging_clips/big"},
        files={"file": ("big.bin", bytes(size_bytes))},
        headers={"X-Unique-Upload-Id": "u2", "Content-Range": content_range},
    )

    assert error_of(answer) == (400, message)
    assert cloud.files() == []


def test_a_part_that_overlaps_another_is_refused(cloud: Cloud) -> None:
    send_part(cloud, bytes(PART), 0, "*", public_id="staging_clips/big")

    answer = send_part(cloud, bytes(PART), 100, "*", public_id="staging_clips/big")

    assert error_of(answer)[0] == 400


def test_a_whole_that_is_no_video_fails_with_the_last_part(cloud: Cloud) -> None:
    headers = {"X-Unique-Upload-Id": "u3", "Content-Range": "bytes 0-9/10"}

    answer = cloud.post(
        "video/upload",
        {"public_id": "staging_clips/v"},
        files={"file": ("v.mp4", bytes(10))},
        headers=headers,
    )

    assert error_of(answer) == (400, "Unsupported video format or file")
    assert cloud.files() == []


@pytest.mark.slow
def test_more_than_100_mb_in_one_request_are_refused(cloud: Cloud) -> None:
    size = 104_857_601

    answer = cloud.upload(bytes(size), "raw/upload", "big.bin", public_id="staging_clips/big")

    assert error_of(answer) == (400, f"File size too large. Got {size}. Maximum is 104857600.")
    assert cloud.files() == []


def test_a_rename_to_its_own_name_leaves_an_asset_what_was_derived_from_it(cloud: Cloud, png: bytes) -> None:
    cloud.upload(png, public_id="staging_clips/self", eager="w_10").raise_for_status()
    names = {"from_public_id": "staging_clips/self", "to_public_id": "staging_clips/self"}

    renamed = cloud.post("image/rename", {**names, "overwrite": "1"})

    assert renamed.status_code == 200
    shown = cloud.admin("GET", "resources/image/upload/staging_clips/self").json()
    assert [one["transformation"] for one in shown["derived"]] == ["w_10"]
