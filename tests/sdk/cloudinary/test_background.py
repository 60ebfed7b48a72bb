from __future__ import annotations

import cloudinary.api
import cloudinary.uploader
import pytest

from tests.fakes.cloudinary.conftest import image


@pytest.mark.usefixtures("fakes")
def test_what_is_done_behind_the_answer_is_told_to_those_who_poll() -> None:
    pending = cloudinary.uploader.upload(
        image(4, 4), public_id="staging_clips/a", notification_url="poll://*", **{"async": True}
    )
    uploaded = cloudinary.api.notifications(batch_id=pending["batch_id"], wait_seconds=10)["messages"]
    later = cloudinary.uploader.explicit(
        "staging_clips/a",
        type="upload",
        eager=[{"width": 2, "crop": "scale"}, {"width": 3, "crop": "scale"}],
        eager_async=True,
        eager_notification_url="poll://done",
    )
    made = cloudinary.api.notifications(channel="done", wait_seconds=10)["messages"]

    assert (pending["status"], pending["public_id"]) == ("pending", "staging_clips/a")
    assert [one["payload"]["notification_type"] for one in uploaded] == ["upload"]
    assert [one["status"] for one in later["eager"]] == ["processing", "processing"]
    assert [one["width"] for one in made[0]["payload"]["eager"]] == [2, 3]
    assert made[0]["payload"]["batch_id"] == later["batch_id"]
    assert [one["transformation"] for one in cloudinary.api.resource("staging_clips/a")["derived"]] == [
        "c_scale,w_2",
        "c_scale,w_3",
    ]
