from __future__ import annotations

import io
import time
import zipfile

import cloudinary.api
import cloudinary.uploader
import cloudinary.utils
import httpx
import pytest

from tests.fakes.cloudinary.conftest import image


def names(url: str) -> list[str]:
    answer = httpx.get(url)
    answer.raise_for_status()
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        return sorted(archive.namelist())


@pytest.mark.usefixtures("fakes")
def test_archives_are_created_and_downloaded() -> None:
    for name in ("a", "b"):
        cloudinary.uploader.upload(image(20, 10), public_id=f"staging_clips/{name}", tags=["t"])
    sizes = [{"width": 0.5, "crop": "scale"}, {"width": 2.0, "crop": "scale"}]

    made = cloudinary.uploader.create_archive(tags=["t"], target_public_id="staging_clips/one")
    zipped = cloudinary.uploader.create_zip(
        tags=["t"], transformations=sizes, target_tags=["raw"], target_public_id="staging_clips/two"
    )
    expires_at = int(time.time()) + 60

    assert (made["file_count"], zipped["file_count"], zipped["tags"]) == (2, 4, ["raw"])
    assert len(names(cloudinary.utils.download_zip_url(tags=["t"], transformations=sizes))) == 4
    assert names(cloudinary.utils.download_folder("staging_clips/", expires_at=expires_at)) == [
        "staging_clips/a.png", "staging_clips/b.png", "staging_clips/one.zip", "staging_clips/two.zip",
    ]  # fmt: skip
    assert names(cloudinary.utils.zip_download_url("t", width=4, crop="scale")) == [
        "staging_clips/a.png",
        "staging_clips/b.png",
    ]


@pytest.mark.usefixtures("fakes")
def test_private_files_are_downloaded_by_signed_addresses() -> None:
    content = image(4, 4)
    cloudinary.uploader.upload(content, public_id="staging_clips/p", type="private")

    url = cloudinary.utils.private_download_url("staging_clips/p", "png", type="private")

    assert httpx.get(url).content == content
    assert httpx.get(url.replace("format=png", "format=jpg")).status_code == 401


@pytest.mark.usefixtures("fakes")
def test_a_polled_notification_verifies() -> None:
    trigger = cloudinary.api.create_trigger("poll://live", "upload", uri_type="poll")
    cloudinary.uploader.upload(image(4, 4), public_id="staging_clips/p")

    messages = cloudinary.api.notifications(channel="live", wait_seconds=5)["messages"]
    acked = cloudinary.api.ack_notifications([one["receipt_handle"] for one in messages])

    assert [one["payload"]["notification_type"] for one in messages] == ["upload"]
    assert cloudinary.utils.verify_notification(messages[0])
    assert [one["status"] for one in acked["results"]] == ["acked"]
    assert cloudinary.api.notifications(channel="live", wait_seconds=0)["messages"] == []
    cloudinary.api.delete_trigger(trigger["id"])
