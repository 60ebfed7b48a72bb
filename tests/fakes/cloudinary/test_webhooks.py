import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cloudinary
import httpx
import pytest
from cloudinary import utils

from tests.fakes.cloudinary.conftest import KEY, SECRET, Cloud
from tests.fakes.receiver import Answer, Receiver
from tests.servers import wait_until

_ONE_ADDRESS = "Invalid request - exactly one of channel and batch_id must be given"


def told(cloud: Cloud, receiver: Receiver, count: int) -> list[dict[str, Any]]:
    """What was notified, once so many attempts have ended."""
    wait_until(
        lambda: len(cloud.control("webhooks")["attempts"]) >= count,
        lambda: f"{count} notifications, got {len(receiver.received)}",
    )
    return [json.loads(request.body) for request in receiver.received]


def test_an_upload_is_told_with_a_signature_that_the_sdk_accepts(
    cloud: Cloud, receiver: Receiver, png: bytes
) -> None:
    answer = cloud.upload(
        png, public_id="staging_clips/a", notification_url=receiver.url, eager="w_10"
    ).json()

    upload, eager = sorted(told(cloud, receiver, 2), key=lambda one: one["notification_type"], reverse=True)
    assert upload["notification_type"] == "upload"
    assert upload.items() >= {name: answer[name] for name in ("public_id", "etag", "asset_id", "url")}.items()
    assert upload["notification_context"]["triggered_by"] == {"source": "api", "id": "111222333444555"}
    assert eager["eager"][0]["transformation"] == "w_10"
    assert (eager["public_id"], eager["api_key"]) == ("staging_clips/a", KEY)
    cloudinary.config(api_secret=SECRET)
    for request in receiver.received:
        text = request.body.decode()
        timestamp, signature = int(request.headers["x-cld-timestamp"]), request.headers["x-cld-signature"]
        assert utils.verify_notification_signature(text, timestamp, signature)
        assert not utils.verify_notification_signature(text + " ", timestamp, signature)
    cloudinary.reset_config()


def test_renames_and_deletions_are_told(cloud: Cloud, receiver: Receiver, png: bytes) -> None:
    cloud.upload(png, public_id="staging_clips/a")
    names = {"from_public_id": "staging_clips/a", "to_public_id": "staging_clips/b"}

    cloud.post("image/rename", {**names, "notification_url": receiver.url})
    cloud.post("image/destroy", {"public_id": "staging_clips/b", "notification_url": receiver.url})

    kinds = {body["notification_type"]: body for body in told(cloud, receiver, 2)}
    assert kinds["rename"].items() >= names.items()
    assert kinds["delete"]["resources"][0]["public_id"] == "staging_clips/b"


def test_a_refused_notification_is_sent_again_after_minutes(
    cloud: Cloud, receiver: Receiver, png: bytes
) -> None:
    statuses = iter((500, 503, 200))
    receiver.answer = lambda _: Answer(next(statuses))
    cloud.upload(png, public_id="staging_clips/a", notification_url=receiver.url)

    told(cloud, receiver, 1)
    cloud.http.post(f"{cloud.url}/_fake/clock", json={"advance_s": 181})
    told(cloud, receiver, 2)
    cloud.http.post(f"{cloud.url}/_fake/clock", json={"advance_s": 361})
    told(cloud, receiver, 3)

    first, _, third = (request.headers["x-cld-timestamp"] for request in receiver.received)
    assert int(third) - int(first) >= 541


def test_a_notification_never_leaves_the_stack(cloud: Cloud, png: bytes) -> None:
    answer = cloud.upload(png, public_id="staging_clips/a", notification_url="https://example.com/hook")

    assert answer.status_code == 400
    assert "outside of this stack" in answer.json()["error"]["message"]
    assert cloud.control("state")["state"]["assets"] == 0


def test_a_notification_is_listed_and_sent_again_on_request(
    cloud: Cloud, receiver: Receiver, png: bytes
) -> None:
    cloud.upload(png, public_id="staging_clips/a", notification_url=receiver.url)
    told(cloud, receiver, 1)

    listed = cloud.control("webhooks")["deliveries"]
    answer = cloud.http.post(f"{cloud.url}/_fake/webhooks/{listed[0]['id']}/resend")
    missing = cloud.http.post(f"{cloud.url}/_fake/webhooks/99/resend")

    assert listed[0]["body"]["notification_type"] == "upload"
    assert (answer.json()["status"], len({one.body for one in receiver.received})) == (200, 1)
    assert len(receiver.received) == 2
    assert (missing.status_code, missing.json()["error"][:18]) == (400, "no delivery '99'; ")


def test_labels_that_change_are_told(cloud: Cloud, receiver: Receiver, png: bytes) -> None:
    cloud.upload(png, public_id="staging_clips/a", tags="old", context="a=1|b=2")
    named = {"public_ids": "staging_clips/a", "notification_url": receiver.url}

    cloud.post("image/tags", {"command": "replace", "tag": "new", **named})
    cloud.post("image/context", {"command": "add", "context": "b=3|c=4", **named})

    kinds = {body["notification_type"]: body for body in told(cloud, receiver, 2)}
    [tags] = kinds["resource_tags_changed"]["resources"]
    context = kinds["resource_context_changed"]["resources"]["staging_clips/a"]
    assert (tags["public_id"], tags["added"], tags["removed"]) == ("staging_clips/a", ["new"], ["old"])
    assert (context["added"], context["removed"]) == ([{"name": "c", "value": "4"}], [])
    assert context["updated"] == [{"name": "b", "previous_value": "2", "new_value": "3"}]


def test_what_a_script_changes_is_told(cloud: Cloud, receiver: Receiver, png: bytes) -> None:
    code = 'current_asset.update({tags: ["seen"]});'
    cloud.upload(png, public_id="staging_clips/a", on_success=code, notification_url=receiver.url)

    kinds = {body["notification_type"]: body for body in told(cloud, receiver, 2)}

    assert kinds["upload"]["tags"] == ["seen"]
    assert [one["added"] for one in kinds["resource_tags_changed"]["resources"]] == [["seen"]]


def test_relations_are_told(cloud: Cloud, receiver: Receiver, png: bytes) -> None:
    asset_id = cloud.upload(png, public_id="staging_clips/a").json()["asset_id"]
    cloud.upload(png, public_id="staging_clips/b")
    path, hook = "resources/related_assets/image/upload/staging_clips/a", {"notification_url": receiver.url}

    names = ["image/upload/staging_clips/b", "image/upload/none"]
    cloud.admin("POST", path, json={"assets_to_relate": names, **hook}).raise_for_status()
    cloud.admin("DELETE", path, json={"assets_to_unrelate": names[:1], **hook}).raise_for_status()

    kinds = {body["action_type"]: body for body in told(cloud, receiver, 2)}
    shown = ("notification_type", "asset_id", "total_failed", "total_success")
    assert [kinds["add"][name] for name in shown] == ["related_assets", asset_id, 1, 1]
    assert [kinds["delete"][name] for name in shown] == ["related_assets", asset_id, 0, 1]


def test_what_is_published_and_restored_is_told(cloud: Cloud, receiver: Receiver, png: bytes) -> None:
    cloud.upload(png, public_id="staging_clips/a", type="private", backup="1")
    named = {"public_ids": ["staging_clips/a"], "notification_url": receiver.url}

    cloud.admin("POST", "resources/image/publish_resources", json=named).raise_for_status()
    cloud.admin("POST", "resources/image/publish_resources", json=named).raise_for_status()
    cloud.admin("POST", "resources/image/upload/restore", json=named).raise_for_status()

    kinds = {body["notification_type"]: body["resources"] for body in told(cloud, receiver, 2)}
    assert set(kinds) == {"publish", "restore_asset_version"}
    for [one] in kinds.values():
        assert (one["public_id"], one["type"]) == ("staging_clips/a", "upload")
    assert len(receiver.received) == 2


@pytest.mark.parametrize(
    "call",
    [
        ("resources/related_assets/image/upload/staging_clips/a", {"assets_to_relate": ["image/upload/b"]}),
        ("resources/image/publish_resources", {"public_ids": ["staging_clips/a"]}),
        ("resources/image/upload/restore", {"public_ids": ["staging_clips/a"]}),
    ],
)
def test_the_admin_api_tells_nobody_outside(cloud: Cloud, png: bytes, call: tuple[str, Any]) -> None:
    cloud.upload(png, public_id="staging_clips/a")
    path, body = call

    answer = cloud.admin("POST", path, json={**body, "notification_url": "https://example.com/hook"})

    assert answer.status_code == 400
    assert "outside of this stack" in answer.json()["error"]["message"]


def test_asynchronous_work_is_told_when_it_is_done(cloud: Cloud, receiver: Receiver, png: bytes) -> None:
    options = {"notification_url": receiver.url, "async": "1"}
    good = cloud.upload(png, public_id="staging_clips/a", **options)
    bad = cloud.upload(b"text", public_id="staging_clips/b", **options)

    kinds = {body["notification_type"]: body for body in told(cloud, receiver, 2)}
    expected = {"status": "pending", "resource_type": "image", "type": "upload"}
    assert good.json().items() >= {**expected, "public_id": "staging_clips/a"}.items()
    assert kinds["upload"]["batch_id"] == good.json()["batch_id"]
    assert kinds["error"]["error"] == {"message": "Invalid image file"}
    assert kinds["error"]["batch_id"] == bad.json()["batch_id"]
    assert cloud.control("state")["state"]["assets"] == 1


def test_parts_are_put_together_behind_the_answer(cloud: Cloud, receiver: Receiver) -> None:
    def sent(name: str) -> dict[str, Any]:
        headers = {"X-Unique-Upload-Id": name, "Content-Range": "bytes 0-9/10"}
        params = {"public_id": f"staging_clips/{name}", "async": "1", "notification_url": receiver.url}
        files = {"file": (name, bytes(10))}
        kind = "raw" if name == "good" else "video"
        return dict(cloud.post(f"{kind}/upload", params, files=files, headers=headers).json())

    good, bad = sent("good"), sent("bad")

    kinds = {body["notification_type"]: body for body in told(cloud, receiver, 2)}
    assert (good["status"], good["done"], good["public_id"]) == ("pending", True, "staging_clips/good")
    assert (kinds["upload"]["batch_id"], kinds["upload"]["bytes"]) == (good["batch_id"], 10)
    assert (kinds["error"]["batch_id"], kinds["error"]["public_id"]) == (bad["batch_id"], "staging_clips/bad")
    assert kinds["error"]["error"]["message"] == "Unsupported video format or file"


def test_eager_transformations_are_made_behind_the_answer(
    cloud: Cloud, receiver: Receiver, png: bytes
) -> None:
    body = cloud.upload(
        png,
        public_id="staging_clips/a",
        eager="c_scale,w_10|c_scale,w_20/jpg|zz_1",
        eager_async="1",
        eager_notification_url=receiver.url,
    ).json()

    [eager] = told(cloud, receiver, 1)
    assert [one["status"] for one in body["eager"]] == ["processing", "processing", "failed"]
    assert (eager["notification_type"], eager["batch_id"]) == ("eager", body["batch_id"])
    assert [one.get("width") for one in eager["eager"]] == [10, 20, None]
    assert [one["url"] for one in eager["eager"][:2]] == [one["url"] for one in body["eager"][:2]]
    assert eager["eager"][2]["status"] == "failed"


def test_notifications_can_be_polled_and_are_gone_when_acknowledged(cloud: Cloud, png: bytes) -> None:
    def poll(**params: str) -> list[dict[str, Any]]:
        address = f"{cloud.url}/v2/notifications/staging/messages"
        answer = cloud.http.get(address, params={"wait_seconds": "0", **params}, auth=(KEY, SECRET))
        messages: list[dict[str, Any]] = answer.json()["messages"]
        return messages

    cloud.upload(png, public_id="staging_clips/a", notification_url="poll://orders poll://*", batch_id="b1")

    [message] = poll(channel="orders", visibility_timeout="60")
    assert (poll(channel="orders"), len(poll(batch_id="b1"))) == ([], 1)
    cloud.http.post(f"{cloud.url}/_fake/clock", json={"advance_s": 61})
    [again] = poll(channel="orders")
    acked = cloud.http.post(
        f"{cloud.url}/v2/notifications/staging/messages/ack",
        json={"receipt_handles": [again["receipt_handle"], "none"]},
        auth=(KEY, SECRET),
    )
    cloud.http.post(f"{cloud.url}/_fake/clock", json={"advance_s": 61})

    assert message["payload"] == again["payload"]
    assert message["payload"]["public_id"] == "staging_clips/a"
    assert [one["status"] for one in acked.json()["results"]] == ["acked", "not_found"]
    assert poll(channel="orders") == []


def test_a_poll_waits_for_the_next_notification(cloud: Cloud, png: bytes) -> None:
    address = f"{cloud.url}/v2/notifications/staging/messages"
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(
            httpx.get, address, params={"channel": "c", "wait_seconds": "30"}, auth=(KEY, SECRET), timeout=40
        )
        cloud.upload(png, public_id="staging_clips/a", notification_url="poll://c")
        messages = waiting.result(30).json()["messages"]

    assert [one["payload"]["notification_type"] for one in messages] == ["upload"]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({}, "Invalid request - exactly one of channel and batch_id must be given"),
        (
            {"channel": "a", "batch_id": "b"},
            "Invalid request - exactly one of channel and batch_id must be given",
        ),
        ({"channel": "a", "wait_seconds": "61"}, "Invalid value for parameter wait_seconds: 61"),
        (
            {"channel": "a", "max_messages": "9" * 5000},
            f"Invalid value for parameter max_messages: {'9' * 100}",
        ),
        ({"channel": "a", "max_messages": "0"}, "Invalid value for parameter max_messages: 0"),
    ],
)
def test_a_poll_that_is_refused(cloud: Cloud, params: dict[str, str], message: str) -> None:
    address = f"{cloud.url}/v2/notifications/staging/messages"

    answer = cloud.http.get(address, params=params, auth=(KEY, SECRET))
    unknown = cloud.http.get(address, params={"channel": "a"})

    assert (answer.status_code, answer.json()["error"]["message"]) == (400, message)
    assert answer.headers["x-cld-error"] == message
    assert unknown.status_code == 401
