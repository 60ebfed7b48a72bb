"""Every option of an upload that changes the answer or the stored asset."""

import io
import json
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.fakes.cloudinary.conftest import Cloud, image


def refusal(answer: httpx.Response) -> tuple[int, str]:
    message = answer.json()["error"]["message"]
    assert answer.headers["x-cld-error"] == message[:1000]
    return answer.status_code, message


def test_an_incoming_transformation_and_a_format_replace_the_original(cloud: Cloud, png: bytes) -> None:
    body = cloud.upload(
        png, filename="a.png", public_id="staging_clips/a", transformation="c_scale,w_40", format="jpg"
    ).json()

    stored = cloud.http.get(body["url"])
    assert (body["format"], body["width"], body["height"]) == ("jpg", 40, 30)
    assert body["original_extension"] == "png"
    assert Image.open(io.BytesIO(stored.content)).size == (40, 30)
    assert len(stored.content) == body["bytes"]


def test_a_format_is_what_allowed_formats_are_asked_about(cloud: Cloud, png: bytes) -> None:
    converted = cloud.upload(png, public_id="staging_clips/a", format="jpg", allowed_formats="jpg")
    refused = cloud.upload(png, public_id="staging_clips/b", format="webp", allowed_formats="jpg,png")

    assert converted.json()["format"] == "jpg"
    assert refusal(refused) == (400, "Image file format webp not allowed")


def test_a_video_is_cut_before_it_is_stored(cloud: Cloud, mp4: bytes) -> None:
    body = cloud.upload(
        mp4, "video/upload", public_id="staging_clips/v", transformation="du_1,so_0/c_scale,w_160"
    ).json()

    assert (body["width"], body["height"]) == (160, 90)
    assert body["duration"] == pytest.approx(1, abs=0.2)


def test_a_transformation_that_is_not_understood_stores_nothing(cloud: Cloud, png: bytes) -> None:
    answer = cloud.upload(png, public_id="staging_clips/a", transformation="zz_1")

    assert refusal(answer) == (400, "Invalid transformation component - zz_1")
    assert cloud.control("state")["state"]["assets"] == 0


def test_what_is_said_of_an_asset_comes_back(cloud: Cloud) -> None:
    rules = [{"access_type": "anonymous", "start": "2019-02-22 16:20:57 +0200"}, {"access_type": "token"}]
    body = cloud.upload(
        image(241, 51),
        public_id="staging_clips/a",
        moderation="manual",
        access_control=json.dumps(rules),
        face_coordinates="120,30,109,150|121,31,110,151",
        custom_coordinates="1,2,3,4",
        regions=json.dumps({"box": [[1, 2], [3, 4]]}),
        quality_override="auto:best",
        access_mode="authenticated",
        faces="1",
    ).json()

    assert [(one["kind"], one["status"]) for one in body["moderation"]] == [("manual", "pending")]
    assert body["access_control"] == [
        {"access_type": "anonymous", "start": "2019-02-22T14:20:57Z"},
        {"access_type": "token"},
    ]
    assert body["faces"] == [[120, 30, 109, 51], [121, 31, 110, 51]]
    assert body["coordinates"] == {"faces": body["faces"], "custom": [[1, 2, 3, 4]]}
    assert (body["regions"], body["quality_override"]) == ({"box": [[1, 2], [3, 4]]}, "auto:best")
    assert body["access_mode"] == "authenticated"


def test_analyses_have_their_shapes_and_come_only_when_asked_for(cloud: Cloud, png: bytes) -> None:
    names = ("colors", "phash", "faces", "quality_analysis", "image_metadata", "exif")
    plain = cloud.upload(png, public_id="staging_clips/a").json()
    looked = cloud.upload(png, public_id="staging_clips/a", **dict.fromkeys(names, "1")).json()

    assert not {*names, "predominant"} & plain.keys()
    assert looked["colors"][0][0].startswith("#")
    assert looked["predominant"].keys() == {"google", "cloudinary"}
    assert len(looked["phash"]) == 16
    assert isinstance(looked["quality_analysis"]["focus"], float)
    assert (looked["faces"], looked["grayscale"]) == ([], False)


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        ({"raw_convert": "illegal"}, 400, "Raw convert is invalid"),
        ({"categorization": "illegal"}, 400, "Categorization item illegal is not valid"),
        ({"detection": "illegal"}, 400, "Detection invalid model 'illegal'"),
        ({"background_removal": "illegal"}, 400, "Background removal is invalid"),
        ({"moderation": "illegal"}, 400, "Moderation illegal moderation is not valid"),
        ({"ocr": "illegal"}, 400, "Illegal value illegal for ocr"),
        ({"auto_tagging": "0.5"}, 400, "Must use categorization or detection with auto_tagging"),
        ({"ocr": "adv_ocr:document"}, 420, "You don't have an active subscription for OCR Text Detection"),
        ({"moderation": "manual|aws_rek"}, 420, "You don't have an active subscription for Rekognition"),
        ({"categorization": "google_tagging"}, 420, "You don't have an active subscription for Google"),
        ({"auto_transcription": "1"}, 501, "fake 'cloudinary' does not cover the upload parameter"),
        ({"access_control": "[7]"}, 400, "Invalid value for parameter access_control: [7]"),
        ({"access_control": '[{"access_type":"x"}]'}, 400, "Invalid value for parameter access_control"),
        ({"face_coordinates": "1,2,3"}, 400, "Invalid value for parameter face_coordinates: 1,2,3"),
        ({"regions": '{"a":[[1]]}'}, 400, "Invalid value for parameter regions"),
        ({"regions": "[" * 100_000}, 400, "Invalid value for parameter regions"),
        ({"responsive_breakpoints": '{"min_width":9,"max_width":3}'}, 400, "Invalid value for parameter"),
        ({"access_mode": "secret"}, 400, "Invalid value for parameter access_mode: secret"),
        ({"type": "fetch"}, 400, "Invalid value for parameter type: fetch"),
        ({"tags": ",".join(map(str, range(1001)))}, 400, "Invalid value for parameter tags: more than 1000"),
        ({"context": "k=" + "v" * 100_000}, 400, "Invalid value for parameter context: more than 100000"),
        ({"metadata": "\\" * 100_001}, 400, "Invalid value for parameter metadata: more than 100000"),
        ({"face_coordinates": "|" * 100}, 400, "Invalid value for parameter face_coordinates: more than"),
        ({"access_control": json.dumps([{"access_type": "token"}] * 101)}, 400, "Invalid value for param"),
        ({"regions": json.dumps({f"r{i}": [] for i in range(101)})}, 400, "Invalid value for parameter reg"),
        ({"eager": "|".join(["w_1"] * 101)}, 400, "Invalid value for parameter eager: more than 100"),
    ],
)
def test_what_cannot_be_done_is_refused_and_nothing_is_stored(
    cloud: Cloud, png: bytes, options: dict[str, str], status: int, message: str
) -> None:
    answer = cloud.upload(png, public_id="staging_clips/a", **options)

    assert refusal(answer)[0] == status
    assert refusal(answer)[1].startswith(message)
    assert cloud.control("state")["state"]["assets"] == 0


def test_responsive_breakpoints_are_widths_of_the_transformed_image(cloud: Cloud) -> None:
    asked = [
        {"create_derived": True, "transformation": "a_45", "format": "png", "min_width": 50},
        {"create_derived": False, "bytes_step": 1000},
    ]
    body = cloud.upload(
        image(241, 51), public_id="staging_clips/a", responsive_breakpoints=json.dumps(asked)
    ).json()

    turned, plain = body["responsive_breakpoints"]
    assert [one["width"] for one in turned["breakpoints"]] == [206, 50]
    assert (turned["transformation"], "transformation" in plain) == ("a_45", False)
    widths = [one["width"] for one in plain["breakpoints"]]
    assert (widths[0], widths[-1], widths) == (241, 50, sorted(widths, reverse=True))
    assert 3 <= len(widths) <= 20
    first = turned["breakpoints"][0]
    delivered = cloud.http.get(first["url"]).content
    assert (Image.open(io.BytesIO(delivered)).size, len(delivered)) == (
        (206, first["height"]),
        first["bytes"],
    )
    derived = cloud.admin("GET", "resources/image/upload/staging_clips/a").json()["derived"]
    assert {one["transformation"] for one in derived} == {"a_45/c_scale,w_206", "a_45/c_scale,w_50"}


def test_eval_changes_the_options(cloud: Cloud, png: bytes) -> None:
    code = (
        'if (resource_info["width"] < 450) { upload_options["quality_analysis"] = true };'
        ' upload_options["context"] = "width=" + resource_info["width"];'
        ' upload_options.tags = ["wide", resource_info.format]'
    )
    body = cloud.upload(png, public_id="staging_clips/a", eval=code).json()

    assert body["context"] == {"custom": {"width": "400"}}
    assert body["tags"] == ["png", "wide"]
    assert "focus" in body["quality_analysis"]


def test_eval_may_rename_and_convert(cloud: Cloud, png: bytes) -> None:
    code = 'upload_options.public_id = "staging_clips/wide"; upload_options.format = "jpg"'
    body = cloud.upload(png, eval=code).json()

    assert (body["public_id"], body["format"]) == ("staging_clips/wide", "jpg")


def test_eval_cannot_send_notifications_out_of_the_stack(cloud: Cloud, png: bytes) -> None:
    code = 'upload_options.notification_url = "https://example.com/hook"'
    answer = cloud.upload(png, public_id="staging_clips/a", eval=code)

    assert refusal(answer)[0] == 400
    assert "outside of this stack" in refusal(answer)[1]
    assert cloud.control("state")["state"]["assets"] == 0


def test_on_success_changes_the_asset(cloud: Cloud, png: bytes) -> None:
    code = 'current_asset.update({tags: ["autocaption"], context: {w: String(event.upload_info.width)}});'
    body = cloud.upload(png, public_id="staging_clips/a", on_success=code).json()

    stored = cloud.admin("GET", "resources/image/upload/staging_clips/a").json()
    assert body["tags"] == stored["tags"] == ["autocaption"]
    assert stored["context"] == {"custom": {"w": "400"}}


@pytest.mark.parametrize(
    "code",
    ["while (true) {}", "var a = []; while (true) a.push(new Array(99999))", "(", "nothing.there", "a()"],
)
def test_a_script_that_fails_or_never_ends_is_refused(cloud: Cloud, png: bytes, code: str) -> None:
    answer = cloud.upload(png, public_id="staging_clips/a", eval=code)

    status, message = refusal(answer)
    assert (status, message.startswith("Error in eval: ")) == (400, True)


def test_a_script_cannot_move_an_asset_out_of_its_folder(cloud: Cloud, png: bytes) -> None:
    code = 'current_asset.update({asset_folder: "prod_clips"});'
    answer = cloud.upload(png, public_id="staging_clips/a", on_success=code)

    assert answer.status_code == 403
    assert cloud.control("state")["violations"] == 1


def test_names_can_be_forgotten_and_made_unique(cloud: Cloud, png: bytes) -> None:
    options = {"asset_folder": "staging_clips", "display_name": "Intro", "unique_display_name": "1"}
    first = cloud.upload(png, public_id="staging_clips/a", **options).json()
    second = cloud.upload(
        png, filename="x.png", public_id="staging_clips/b", discard_original_filename="1", **options
    ).json()

    assert first["display_name"] == "Intro"
    assert second["display_name"].startswith("Intro_")
    assert "original_filename" not in second


def test_explicit_makes_names_unique_and_asks_for_moderation_once(cloud: Cloud, png: bytes) -> None:
    for name in "ab":
        cloud.upload(png, public_id=f"staging_clips/{name}", moderation="manual").raise_for_status()

    params = {"public_id": "staging_clips/b", "type": "upload", "moderation": "manual"}
    body = cloud.post("image/explicit", {**params, "display_name": "a", "unique_display_name": "1"}).json()

    assert body["display_name"].startswith("a_")
    assert [(one["kind"], one["status"]) for one in body["moderation"]] == [("manual", "pending")]


def test_clouds_with_fixed_folders_know_no_others(cloud: Cloud, png: bytes) -> None:
    document = {
        "accounts": [{"cloud": "old", "api_key": "7", "api_secret": "s", "folder": None}],
        "clouds": [{"name": "old", "folder_mode": "fixed"}],
    }
    before = cloud.control("state")["state"]
    cloud.http.put(f"{cloud.url}/_fake/state", json=document).raise_for_status()
    try:
        body = cloud.http.post(
            f"{cloud.url}/v1_1/old/image/upload",
            data={"public_id": "x", "folder": "a/b", "asset_folder": "c", "display_name": "d"},
            files={"file": ("x.png", png)},
            auth=("7", "s"),
        ).json()
    finally:
        cloud.http.put(f"{cloud.url}/_fake/state", json={}).raise_for_status()

    assert (body["public_id"], body["folder"]) == ("a/b/x", "a/b")
    assert not {"asset_folder", "display_name"} & body.keys()
    assert before["assets"] == 0


def test_addresses_of_authenticated_assets_are_signed(cloud: Cloud, png: bytes) -> None:
    body = cloud.upload(png, public_id="staging_clips/a", type="authenticated", eager="c_scale,w_10").json()

    for url in (body["url"], body["eager"][0]["url"]):
        assert "/s--" in url
        assert cloud.http.get(url).status_code == 200


def test_a_callback_is_a_redirect_unless_a_script_asks(cloud: Cloud, png: bytes) -> None:
    callback = "https://app.test/cors.html?a=1"
    options = {"public_id": "staging_clips/a", "callback": callback}
    params = cloud.signed(options)
    address = f"{cloud.url}/v1_1/staging/image/upload"
    redirected = cloud.http.post(address, data=params, files={"file": png})
    scripted = cloud.http.post(
        address, data=params, files={"file": png}, headers={"X-Requested-With": "XMLHttpRequest"}
    )

    assert redirected.status_code == 302
    assert redirected.headers["location"].startswith(callback + "&asset_id=")
    assert "&placeholder=false&" in redirected.headers["location"]
    assert scripted.json()["public_id"] == "staging_clips/a"


def test_a_delete_token_works_once_and_for_ten_minutes(cloud: Cloud, png: bytes) -> None:
    def token(name: str) -> Any:
        return cloud.upload(png, public_id=f"staging_clips/{name}", return_delete_token="1").json()[
            "delete_token"
        ]

    address = f"{cloud.url}/v1_1/staging/delete_by_token"
    first, second = token("a"), token("b")
    deleted = cloud.http.post(address, data={"token": first})
    again = cloud.http.post(address, data={"token": first})
    cloud.http.post(f"{cloud.url}/_fake/clock", json={"advance_s": 601})
    late = cloud.http.post(address.replace("delete", "image/delete"), data={"token": second})

    assert deleted.json() == {"result": "ok"}
    assert refusal(again) == refusal(late) == (400, "Invalid token")
    assert cloud.admin("GET", "resources/image/upload/staging_clips/b").status_code == 200


def test_a_delete_token_for_production_is_a_violation(cloud: Cloud) -> None:
    answer = cloud.http.post(f"{cloud.url}/v1_1/prod/delete_by_token", data={"token": "x"})

    assert refusal(answer) == (400, "Invalid token")
    assert cloud.control("state")["violations"] == 1


def test_a_preset_makes_unsigned_uploads_possible(cloud: Cloud, png: bytes) -> None:
    preset = {
        "name": "p",
        "unsigned": True,
        "folder": "staging_clips",
        "tags": "a",
        "return_delete_token": True,
    }
    cloud.admin("POST", "upload_presets", json=preset).raise_for_status()
    address = f"{cloud.url}/v1_1/staging/image/upload"
    body = cloud.http.post(
        address, data={"upload_preset": "p", "tags": "b", "public_id": "x"}, files={"file": png}
    ).json()
    again = cloud.http.post(
        address, data={"upload_preset": "p", "public_id": "x"}, files={"file": image(3, 3)}
    )

    assert (body["public_id"], body["tags"]) == ("staging_clips/x", ["a", "b"])
    assert ("api_key" in body, len(body["delete_token"])) == (False, 128)
    assert (again.json()["existing"], again.json()["etag"]) == (True, body["etag"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "Upload preset must be specified when using unsigned upload"),
        ({"upload_preset": "none"}, "Upload preset not found"),
        ({"upload_preset": "signed"}, "Upload preset must be whitelisted for unsigned uploads"),
        (
            {"upload_preset": "signed", "return_delete_token": "1"},
            "Return delete token parameter is not allowed when using unsigned upload. Only upload_preset,"
            "callback,public_id,folder,asset_folder,tags,context,metadata,face_coordinates,custom_coordinates,source,"
            "filename_override,manifest_transformation,manifest_json,template,template_vars,regions,"
            "public_id_prefix upload parameters are allowed.",
        ),
    ],
)
def test_unsigned_uploads_that_are_refused(
    cloud: Cloud, png: bytes, options: dict[str, str], message: str
) -> None:
    cloud.admin("POST", "upload_presets", json={"name": "signed", "folder": "staging_clips"})

    answer = cloud.http.post(f"{cloud.url}/v1_1/staging/image/upload", data=options, files={"file": png})

    assert refusal(answer) == (400, message)


def test_a_signed_upload_overrides_its_preset(cloud: Cloud, png: bytes) -> None:
    preset = {"name": "p", "folder": "staging_clips/preset", "format": "jpg", "tags": "a"}
    cloud.admin("POST", "upload_presets", json=preset).raise_for_status()

    body = cloud.upload(png, upload_preset="p", folder="staging_clips/own", public_id="x").json()

    assert (body["public_id"], body["format"], body["tags"]) == ("staging_clips/own/x", "jpg", ["a"])


def test_an_unsigned_upload_to_production_is_a_violation(cloud: Cloud, png: bytes) -> None:
    address = f"{cloud.url}/v1_1/prod/image/upload"
    answers = [
        cloud.http.post(address, data=options, files={"file": png})
        for options in ({}, {"upload_preset": "p"})
    ]

    assert [one.status_code for one in answers] == [400, 400]
    assert cloud.control("state")["violations"] == 2
