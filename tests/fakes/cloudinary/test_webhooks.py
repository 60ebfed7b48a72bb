import json
from typing import Any

import cloudinary
from cloudinary import utils

from tests.fakes.cloudinary.conftest import SECRET, Cloud
from tests.fakes.receiver import Answer, Receiver
from tests.servers import wait_until


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
