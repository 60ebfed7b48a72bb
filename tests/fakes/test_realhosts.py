"""The listener for real host names, called as a program that has them written in it does."""

import hashlib
import json
import re
import socket
import ssl
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import httpx
import pytest

from fakes import FAKES
from fakes.cloudinary.wire import addresses
from fakes.kit.fake import Fake, serving
from fakes.realhosts import CertificateUnusable, fake_of_host, prepare
from fakes.settings import TlsSettings
from tests.fakes.byname import by_name, trust
from tests.fakes.cloudinary.conftest import image
from tests.fakes.discord.conftest import BOT, CHANNEL
from tests.fakes.receiver import receiving
from tests.fakes.serving import Served, served, served_by_process
from tests.servers import wait_until

KEY, SECRET = "111222333444555", "stagingSecret_AbC-123"
API = "https://api.cloudinary.com/v1_1/staging"


@pytest.fixture(scope="module")
def fakes() -> Iterator[Served]:
    with served(*FAKES, by_name=True) as running:
        yield running


@pytest.fixture
def client(fakes: Served) -> Iterator[httpx.Client]:
    for app in fakes.apps.values():
        app.reset()
    with by_name(fakes) as one:
        yield one


def described(name: str) -> Fake:
    found: Fake = import_module(f"fakes.{name}").FAKE
    return found


def signed(**params: str) -> dict[str, str]:
    whole = {"timestamp": "2000000000", **params}
    text = "&".join(f"{name}={value}" for name, value in sorted(whole.items())) + SECRET
    return {**whole, "api_key": KEY, "signature": hashlib.sha1(text.encode()).hexdigest()}


def uploaded(client: httpx.Client, content: bytes, kind: str = "image") -> dict[str, str]:
    """Upload a file by name; the answer."""
    answer = client.post(
        f"{API}/{kind}/upload", data=signed(public_id="staging_clips/a"), files={"file": content}
    )
    body: dict[str, str] = answer.raise_for_status().json()
    return body


def test_no_host_belongs_to_two_fakes() -> None:
    names = [host.name for name in FAKES for host in described(name).hosts]

    assert sorted(names) == sorted(set(names))
    assert fake_of_host(FAKES).keys() == set(names)


@pytest.mark.parametrize("name", FAKES)
def test_every_host_is_named_on_the_page_of_its_fake(name: str) -> None:
    page = (Path(__file__).parents[2] / "docs" / "fakes" / f"{name}.md").read_text()

    assert [host.name for host in described(name).hosts if f"`{host.name}`" not in page] == []


@pytest.mark.parametrize("name", FAKES)
def test_every_endpoint_that_is_covered_belongs_to_a_host(name: str) -> None:
    fake = described(name)

    homeless = [
        row.path for row in fake.coverage if row.level != "absent" and not serving(fake.hosts, row.path)
    ]

    assert homeless == []


@pytest.mark.parametrize("name", FAKES)
def test_every_host_serves_something_that_is_covered_or_a_known_gap(name: str) -> None:
    fake = described(name)
    gaps = {"cdn.discordapp.com", "gateway.discord.gg", "upload.twitter.com", "staging-res.cloudinary.com"}

    idle = {host.name for host in fake.hosts}
    idle -= {host.name for row in fake.coverage for host in serving(fake.hosts, row.path)}

    assert idle <= gaps


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/v1_1/staging/image/upload", ["api.cloudinary.com"]),
        ("/staging/image/upload/a.png", ["res.cloudinary.com", "staging-res.cloudinary.com"]),
        ("/v1_10/a.png", ["res.cloudinary.com", "staging-res.cloudinary.com"]),
    ],
)
def test_a_path_belongs_to_the_host_with_the_longest_beginning(path: str, names: list[str]) -> None:
    assert [host.name for host in serving(described("cloudinary").hosts, path)] == names


@pytest.mark.parametrize("host", sorted(fake_of_host(FAKES)))
def test_every_host_is_served_by_its_fake_with_a_certificate_that_is_taken(
    fakes: Served, client: httpx.Client, host: str
) -> None:
    fake = fakes.apps[fake_of_host(FAKES)[host]]
    before = len(fake.kit.journal)

    client.get(f"https://{host}/not/covered/at/all")

    assert len(fake.kit.journal) == before + 1


def test_an_upload_by_name_gives_real_addresses_that_lead_back_here(client: httpx.Client) -> None:
    content = image(8, 6)

    body = uploaded(client, content)

    path = (
        re.escape("res.cloudinary.com/staging/image/upload/v") + "[0-9]+" + re.escape("/staging_clips/a.png")
    )
    assert re.fullmatch(f"https://{path}", body["secure_url"])
    assert re.fullmatch(f"http://{path}", body["url"])
    assert [client.get(body[name]).content for name in ("url", "secure_url")] == [content, content]


def test_a_public_id_that_is_an_address_keeps_its_own_scheme() -> None:
    by_port = "http://127.0.0.1:1/staging/image/fetch/v1/https://a.test/b.png"
    by_host = "https://res.cloudinary.com/staging/image/fetch/v1/https://a.test/b.png"

    assert addresses(by_port) == {"url": by_port, "secure_url": by_port}
    assert addresses(by_host) == {"url": by_host.replace("s:", ":", 1), "secure_url": by_host}


def test_the_same_asset_asked_for_by_port_has_the_address_that_the_port_gives(
    fakes: Served, client: httpx.Client
) -> None:
    uploaded(client, image(8, 6))
    path = "/v1_1/staging/resources/image/upload/staging_clips/a"

    by_port = httpx.get(fakes.url("cloudinary") + path, auth=(KEY, SECRET), trust_env=False).json()

    real = client.get(f"https://api.cloudinary.com{path}", auth=(KEY, SECRET)).json()
    assert by_port["url"] == by_port["secure_url"]
    assert by_port["url"] == real["secure_url"].replace("https://res.cloudinary.com", fakes.url("cloudinary"))


def test_a_client_that_idles_does_not_hold_up_the_end() -> None:
    with served("discord", by_name=True) as fakes:
        context = trust(fakes.folder / "tls" / "ca.pem")
        raw = socket.create_connection(("127.0.0.1", fakes.secure_port), timeout=10)
        secure = context.wrap_socket(raw, server_hostname="discord.com")
        status = status_of(secure, "discord.com")
        began_s = time.monotonic()
    took_s = time.monotonic() - began_s
    secure.close()

    assert (status, took_s < 0.9) == (200, True)  # a second is the grace of what is under way


@pytest.mark.slow
def test_a_fake_that_others_know_by_another_port_finds_itself_at_it() -> None:
    env = {"FAKES_PUBLIC_PORTS": "cloudinary=1"}
    with served_by_process("cloudinary", env=env) as fakes, httpx.Client(trust_env=False) as client:
        url = f"{fakes.url('cloudinary')}/v1_1/staging/image/upload"
        form = signed(public_id="staging_clips/a")
        first = client.post(url, data=form, files={"file": image(8, 6)}).raise_for_status().json()
        form = {"file": first["secure_url"], **signed(public_id="staging_clips/b")}
        second = client.post(url, data=form).raise_for_status().json()

    assert first["secure_url"].startswith("http://127.0.0.1:1/staging/image/upload/")
    assert second["etag"] == first["etag"]


def test_a_file_in_a_message_has_the_address_that_fits_who_reads_it(
    fakes: Served, client: httpx.Client
) -> None:
    path = f"/api/v10/channels/{CHANNEL}/messages"
    sent = client.post(
        f"https://discord.com{path}", files={"files[0]": ("a.txt", b"a", "text/plain")}, headers=BOT
    ).json()

    read = httpx.get(f"{fakes.url('discord')}{path}/{sent['id']}", headers=BOT, trust_env=False).json()

    ((by_host,), (by_port,)) = (sent["attachments"], read["attachments"])
    end = f"/attachments/{by_host['id']}/a.txt"
    assert (by_host["url"], by_port["url"]) == (
        f"https://cdn.discordapp.com{end}",
        f"{fakes.url('discord')}{end}",
    )


def test_the_private_cdn_of_a_cloud_delivers_by_its_name(client: httpx.Client) -> None:
    content = image(8, 6)
    uploaded(client, content)

    answer = client.get("https://staging-res.cloudinary.com/image/upload/v1/staging_clips/a.png")

    assert (answer.status_code, answer.content) == (200, content)


def test_what_is_told_later_of_a_call_by_name_has_real_addresses_too(client: httpx.Client) -> None:
    with receiving() as receiver:
        form = signed(public_id="staging_clips/told", notification_url=f"{receiver.url}/told")
        client.post(f"{API}/image/upload", data=form, files={"file": image(8, 6)}).raise_for_status()
        wait_until(lambda: bool(receiver.received), lambda: "the notification")
        told = json.loads(receiver.received[0].body)

    assert told["secure_url"].startswith("https://res.cloudinary.com/staging/image/upload/v")
    assert told["url"] == told["secure_url"].replace("https://", "http://")


def test_a_remote_file_at_a_real_name_is_fetched_from_the_fake_itself(client: httpx.Client) -> None:
    first = uploaded(client, image(8, 6))

    form = {"file": first["secure_url"], **signed(public_id="staging_clips/b")}
    second = client.post(f"{API}/image/upload", data=form).json()

    assert (second["etag"], second["public_id"]) == (first["etag"], "staging_clips/b")


def test_a_worker_fetches_media_at_a_real_name(client: httpx.Client) -> None:
    address = uploaded(client, image(8, 6))["secure_url"]
    key = {"Authorization": "Bearer rpa_staging_0000000000000000000000000000"}

    job = client.post(
        "https://api.runpod.ai/v2/staging-blip/runsync", json={"input": {"data_url": address}}, headers=key
    ).json()

    assert job["status"] == "COMPLETED"


def test_discovery_names_each_endpoint_at_its_host(client: httpx.Client) -> None:
    found = client.get("https://accounts.google.com/.well-known/openid-configuration").json()

    assert {name: value for name, value in found.items() if isinstance(value, str)} == {
        "issuer": "https://accounts.google.com",
        "authorization_endpoint": "https://accounts.google.com/o/oauth2/v2/auth",
        "device_authorization_endpoint": "https://oauth2.googleapis.com/device/code",
        "token_endpoint": "https://oauth2.googleapis.com/token",
        "userinfo_endpoint": "https://openidconnect.googleapis.com/v1/userinfo",
        "revocation_endpoint": "https://oauth2.googleapis.com/revoke",
        "jwks_uri": "https://www.googleapis.com/oauth2/v3/certs",
    }


def test_twitchs_issuer_is_its_id_server(client: httpx.Client) -> None:
    found = client.get("https://id.twitch.tv/oauth2/.well-known/openid-configuration").json()

    assert (found["issuer"], found["jwks_uri"]) == (
        "https://id.twitch.tv/oauth2",
        "https://id.twitch.tv/oauth2/keys",
    )


def test_a_host_that_nobody_stands_for_is_named(fakes: Served) -> None:
    anybody = ssl.create_default_context()
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
    with by_name(fakes, anybody) as client:
        answers = [client.get(f"{scheme}://api.clipnet.ai/health") for scheme in ("https", "http")]

    assert [answer.status_code for answer in answers] == [421, 421]
    assert answers[0].json()["error"].startswith("no fake stands for the host 'api.clipnet.ai'; there are ")


def test_nobody_who_looks_at_the_certificate_takes_it_for_another_host(client: httpx.Client) -> None:
    with pytest.raises(httpx.ConnectError, match=r"not valid for 'api\.clipnet\.ai'"):
        client.get("https://api.clipnet.ai/health")


def test_nobody_who_does_not_trust_the_authority_is_served(fakes: Served) -> None:
    with (
        by_name(fakes, ssl.create_default_context()) as client,
        pytest.raises(httpx.ConnectError, match=r"self-signed|self signed|unable to get local issuer"),
    ):
        client.get("https://discord.com/api/v10/gateway")


def test_what_another_host_of_the_provider_serves_is_refused_and_seen(
    fakes: Served, client: httpx.Client
) -> None:
    answer = client.get("https://accounts.google.com/youtube/v3/videos")

    assert answer.status_code == 404
    assert answer.json()["error"] == (
        "'accounts.google.com' does not serve /youtube/v3/videos; "
        "it belongs to 'www.googleapis.com' and 'youtube.googleapis.com'"
    )
    entry = fakes.apps["google"].kit.journal.find(trace_id=None, violations=False, limit=1)[0]
    assert (entry.path, entry.is_covered, entry.status) == ("/youtube/v3/videos", False, 404)


@pytest.mark.parametrize("path", ["/_fake/reset", "/%5Ffake/reset"])
@pytest.mark.parametrize("name", FAKES)
def test_no_real_host_leads_to_the_control_surface(
    fakes: Served, client: httpx.Client, name: str, path: str
) -> None:
    journal = fakes.apps[name].kit.journal

    answers = {host.name: client.post(f"https://{host.name}{path}") for host in described(name).hosts}

    assert {answer.status_code for answer in answers.values()} == {501}
    text = f"fake '{name}' does not cover POST /_fake/reset"
    assert {answer.json()["error"] for answer in answers.values()} == {text}
    kept = [(entry.path, entry.is_covered) for entry in journal.find()]
    assert kept == [("/_fake/reset", False)] * len(answers)


def test_no_upload_brings_what_a_control_surface_says(client: httpx.Client) -> None:
    form = {"file": "https://api.x.com/_fake/requests", **signed(public_id="staging_clips/spied")}

    answer = client.post(f"{API}/raw/upload", data=form)

    assert (answer.status_code, "ERR_DNS_FAIL" in answer.text) == (400, True)


def test_plain_http_is_sent_to_https(client: httpx.Client) -> None:
    answer = client.get("http://discord.com/api/v10/gateway?v=10")

    assert (answer.status_code, answer.headers["location"]) == (
        301,
        "https://discord.com/api/v10/gateway?v=10",
    )


def test_one_connection_serves_several_requests(fakes: Served) -> None:
    context = trust(fakes.folder / "tls" / "ca.pem")
    with (
        socket.create_connection(("127.0.0.1", fakes.secure_port), timeout=10) as raw,
        context.wrap_socket(raw, server_hostname="discord.com") as secure,
    ):
        statuses = [status_of(secure, host) for host in ("discord.com", "api.x.com", "DISCORD.COM.:443")]

    assert statuses == [200, 404, 200]


def status_of(secure: ssl.SSLSocket, host: str) -> int:
    secure.sendall(f"GET /api/v10/gateway HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    head = b""
    while b"\r\n\r\n" not in head:
        head += secure.recv(1)
    length = re.search(rb"content-length: (\d+)", head)
    assert length is not None
    rest = int(length[1])
    while rest:
        rest -= len(secure.recv(rest))
    return int(head.split()[1])


def test_the_protocol_is_http_1_1_in_tls_1_2_or_newer(fakes: Served) -> None:
    context = trust(fakes.folder / "tls" / "ca.pem")
    context.set_alpn_protocols(["h2", "http/1.1"])
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        socket.create_connection(("127.0.0.1", fakes.secure_port), timeout=10) as raw,
        context.wrap_socket(raw, server_hostname="discord.com") as secure,
    ):
        agreed = (secure.version(), secure.selected_alpn_protocol())

    assert agreed == ("TLSv1.2", "http/1.1")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated:DeprecationWarning")
def test_older_tls_is_refused(fakes: Served) -> None:
    context = trust(fakes.folder / "tls" / "ca.pem")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")

    with (
        socket.create_connection(("127.0.0.1", fakes.secure_port), timeout=10) as raw,
        pytest.raises(ssl.SSLError),
    ):
        context.wrap_socket(raw, server_hostname="discord.com")


@pytest.mark.parametrize(
    ("kind", "errors"),
    [("cut", (httpx.RemoteProtocolError, httpx.ReadError)), ("hang", (httpx.ReadTimeout,))],
)
def test_connections_that_are_cut_or_hang_do_so_over_tls(
    fakes: Served, client: httpx.Client, kind: str, errors: tuple[type[Exception], ...]
) -> None:
    fakes_url = f"{fakes.url('discord')}/_fake/faults"
    httpx.put(fakes_url, json={"kind": kind, "times": 1}, trust_env=False).raise_for_status()

    with pytest.raises(errors):
        client.get("https://discord.com/api/v10/gateway", timeout=1)

    assert client.get("https://discord.com/api/v10/gateway").status_code == 200


def test_a_large_answer_comes_whole_to_a_slow_reader(client: httpx.Client) -> None:
    content = b"\x89PNG" + bytes(range(256)) * 40_000
    body = uploaded(client, content, "raw")

    with client.stream("GET", body["secure_url"]) as answer:
        found = hashlib.sha256(b"".join(answer.iter_raw(1 << 12))).hexdigest()

    assert found == hashlib.sha256(content).hexdigest()


def test_a_certificate_that_cannot_be_read_says_what_to_do(fakes: Served) -> None:
    settings = TlsSettings(fakes.folder / "broken", port=0)
    listeners = prepare("127.0.0.1", settings, ["a.test"], 1_800_000_000)
    assert listeners is not None
    listeners.secure.close()
    (settings.folder / "server.pem").write_text("nonsense")

    with pytest.raises(CertificateUnusable, match=r"certificate in '.*/broken' cannot be used: .*; remove"):
        prepare("127.0.0.1", settings, ["a.test"], 1_800_000_000)


def test_without_a_port_only_the_authority_is_put_down(fakes: Served) -> None:
    shared = fakes.folder / "shared" / "ca.pem"

    listeners = prepare("127.0.0.1", TlsSettings(fakes.folder / "quiet", shared), ["a.test"], 1_800_000_000)

    assert listeners is None
    assert shared.read_bytes() == (fakes.folder / "quiet" / "ca.pem").read_bytes()


def test_a_place_for_the_authority_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file, no folder")
    shared = tmp_path / "taken" / "ca.pem"

    with pytest.raises(CertificateUnusable, match=r"put at '.*/taken/ca.pem', which FAKES_CA_FILE names: "):
        prepare("127.0.0.1", TlsSettings(tmp_path / "tls", shared), ["a.test"], 1_800_000_000)
