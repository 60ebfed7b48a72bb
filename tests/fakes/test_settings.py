import pytest

from fakes.settings import BadSetting, load


def test_a_bucket_is_read_from_its_address() -> None:
    found = load({"FAKES_PORTS": "cloudinary=0", "BLOBS_URL": "s3://k:s@127.0.0.1:9000/clips"})

    assert found.fakes.bucket is not None
    assert (found.fakes.bucket.endpoint, found.fakes.bucket.name) == ("127.0.0.1:9000", "clips")


def test_without_an_address_there_is_no_bucket() -> None:
    assert load({"FAKES_PORTS": "cloudinary=0", "BLOBS_URL": ""}).fakes.bucket is None


def test_an_address_that_cannot_be_used_says_what_to_write() -> None:
    with pytest.raises(BadSetting, match="BLOBS_URL cannot be used; write s3://KEY:SECRET@HOST:PORT/BUCKET"):
        load({"FAKES_PORTS": "cloudinary=0", "BLOBS_URL": "s3://clips"})


def test_the_timing_is_read_and_instant_by_default() -> None:
    given = {"FAKES_PORTS": "runpod=0"}

    timings = [load(given).fakes.timing, load(given | {"FAKES_TIMING": "realistic"}).fakes.timing]

    assert timings == ["instant", "realistic"]


def test_a_timing_that_does_not_exist_is_refused() -> None:
    with pytest.raises(BadSetting, match="FAKES_TIMING is 'slow'; write instant or realistic"):
        load({"FAKES_PORTS": "runpod=0", "FAKES_TIMING": "slow"})
