from pathlib import Path

import pytest

from fakes.settings import BadSetting, TlsSettings, load


def test_a_bucket_is_read_from_its_address() -> None:
    found = load({"FAKES_PORTS": "cloudinary=0", "BLOBS_URL": "s3://k:s@127.0.0.1:9000/clips"})

    assert found.fakes.bucket is not None
    assert (found.fakes.bucket.endpoint, found.fakes.bucket.name) == ("127.0.0.1:9000", "clips")


def test_the_key_of_a_bucket_may_come_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("k:s3cret\n")
    given = {"FAKES_PORTS": "cloudinary=0", "BLOBS_KEY_FILE": str(path)}

    with_file = load({**given, "BLOBS_URL": "s3://127.0.0.1:9000/clips"}).fakes.bucket
    with_value = load({**given, "BLOBS_KEY": "a:b", "BLOBS_URL": "s3://127.0.0.1:9000/clips"}).fakes.bucket
    in_address = load({**given, "BLOBS_URL": "s3://c:d@127.0.0.1:9000/clips"}).fakes.bucket

    buckets = (with_file, with_value, in_address)
    keys = [(bucket.access_key, bucket.secret_key) for bucket in buckets if bucket]
    assert keys == [("k", "s3cret"), ("a", "b"), ("c", "d")]


def test_the_key_of_a_bucket_may_have_any_characters(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("AKID:se/cr+et%2F@:\n")
    given = {"FAKES_PORTS": "cloudinary=0", "BLOBS_KEY_FILE": str(path)}

    found = load({**given, "BLOBS_URL": "s3://127.0.0.1:9000/clips"}).fakes.bucket

    assert found is not None
    assert (found.access_key, found.secret_key) == ("AKID", "se/cr+et%2F@:")


def test_a_file_of_a_key_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    given = {"FAKES_PORTS": "cloudinary=0", "BLOBS_URL": "s3://127.0.0.1:9000/clips"}

    with pytest.raises(
        BadSetting, match=r"BLOBS_KEY_FILE names '.*/away', which cannot be read: No such file"
    ):
        load({**given, "BLOBS_KEY_FILE": str(tmp_path / "away")})


@pytest.mark.parametrize("text", ["", "s3cret", "s3cret:", ":s3cret"])
def test_a_file_that_holds_no_key_and_secret_is_named_and_not_shown(tmp_path: Path, text: str) -> None:
    path = tmp_path / "key"
    path.write_text(text)
    given = {"FAKES_PORTS": "cloudinary=0", "BLOBS_URL": "s3://127.0.0.1:9000/clips"}

    with pytest.raises(BadSetting) as refused:
        load({**given, "BLOBS_KEY_FILE": str(path)})

    assert str(refused.value) == f"BLOBS_KEY_FILE names '{path}', which does not hold KEY:SECRET"


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


def test_real_host_names_are_not_served_unless_that_is_asked_for() -> None:
    assert load({"FAKES_PORTS": "x=0", "FAKES_TLS": "", "FAKES_TLS_PORT": "443"}).tls is None


def test_real_host_names_are_served_on_443_and_the_certificate_lies_with_the_state() -> None:
    found = load({"FAKES_PORTS": "x=0", "FAKES_TLS": "on", "FAKES_STATE_DIR": "/state"})

    assert found.tls == TlsSettings(Path("/state/tls"), port=443)


def test_all_about_tls_can_be_set() -> None:
    given = {"FAKES_TLS": "on", "FAKES_TLS_DIR": "/keys", "FAKES_CA_FILE": "/ca/ca.pem"}
    ports = {"FAKES_PORTS": "x=0", "FAKES_TLS_PORT": "8443", "FAKES_HTTP_PORT": "8080"}

    assert load(given | ports).tls == TlsSettings(Path("/keys"), Path("/ca/ca.pem"), 8443, 8080)


def test_who_trusts_the_authority_finds_it_also_while_tls_is_off() -> None:
    given = {"FAKES_PORTS": "x=0", "FAKES_TLS": "off", "FAKES_TLS_DIR": "/keys", "FAKES_CA_FILE": "/ca.pem"}

    assert load(given).tls == TlsSettings(Path("/keys"), Path("/ca.pem"), port=None)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"FAKES_TLS": "yes"}, "FAKES_TLS is 'yes'; write on or off"),
        ({"FAKES_TLS": "on"}, "FAKES_TLS_DIR is empty; write the folder of the certificate and its key"),
        (
            {"FAKES_TLS": "on", "FAKES_TLS_DIR": "/k", "FAKES_TLS_PORT": "https"},
            "FAKES_TLS_PORT is 'https'; write a number from 0 to 65535",
        ),
        (
            {"FAKES_TLS": "on", "FAKES_TLS_DIR": "/k", "FAKES_HTTP_PORT": "65536"},
            "FAKES_HTTP_PORT is '65536'; write a number from 0 to 65535",
        ),
    ],
)
def test_settings_of_tls_that_cannot_be_used_say_what_to_write(given: dict[str, str], said: str) -> None:
    with pytest.raises(BadSetting, match=f"^{said}$"):
        load({"FAKES_PORTS": "x=0", **given})


def test_others_may_know_a_fake_by_another_port() -> None:
    found = load({"FAKES_PORTS": "x=8416,runpod=8411", "FAKES_PUBLIC_PORTS": "x=19716"})

    assert dict(found.fakes.public_urls) == {"runpod": "http://127.0.0.1:8411", "x": "http://127.0.0.1:19716"}


def test_a_public_port_that_is_none_is_refused() -> None:
    with pytest.raises(BadSetting, match="FAKES_PUBLIC_PORTS gives 'a' as the port of 'x'"):
        load({"FAKES_PORTS": "x=8416", "FAKES_PUBLIC_PORTS": "x=a"})


def test_deployments_are_left_to_an_agent_where_there_is_one() -> None:
    alone, agent = (load({"FAKES_PORTS": "x=0", "FAKES_DEPLOYMENTS": value}) for value in ("", "agent"))

    assert (alone.fakes.deployments, agent.fakes.deployments) == ("alone", "agent")


def test_who_else_makes_deployments_real_is_refused() -> None:
    with pytest.raises(BadSetting) as refused:
        load({"FAKES_PORTS": "x=0", "FAKES_DEPLOYMENTS": "nobody"})

    assert str(refused.value) == "FAKES_DEPLOYMENTS is 'nobody'; write alone or agent"
