import fcntl
import json
import os
import shutil
import ssl
import subprocess
import sys
import threading
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from fakes.kit import certificates
from fakes.kit.authority import LIFE_DAYS, RENEWED_BEFORE_DAYS, Certificate, certificate, publish
from tests.servers import wait_until

HOSTS = ("b.test", "a.test")
NOW_S = datetime.now(UTC).timestamp()
DAY_S = 86_400


def contents(found: Certificate) -> tuple[bytes, bytes, bytes]:
    return found.ca.read_bytes(), found.chain.read_bytes(), found.key.read_bytes()


def handshake(ca: Path, chain: Path, key: Path, host: str) -> None:
    """Shake hands in memory, as a strict client does that trusts `ca` only."""
    client_context = ssl.create_default_context(cafile=ca)
    client_context.verify_flags |= ssl.VERIFY_X509_STRICT
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(chain, key)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(to_client, to_server, server_hostname=host)
    server = server_context.wrap_bio(to_server, to_client, server_side=True)
    for side in (client, server, client, server):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue


def by_key(ca: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    known = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(known)


@pytest.mark.parametrize("host", HOSTS)
def test_a_client_that_trusts_the_authority_takes_the_server_for_each_host(tmp_path: Path, host: str) -> None:
    found = certificate(tmp_path / "tls", HOSTS, NOW_S)

    handshake(found.ca, found.chain, found.key, host)


@pytest.mark.parametrize("host", ["c.test", "127.0.0.1"])
def test_the_server_is_taken_for_no_other_host(tmp_path: Path, host: str) -> None:
    found = certificate(tmp_path / "tls", HOSTS, NOW_S)

    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        handshake(found.ca, found.chain, found.key, host)


@pytest.mark.parametrize(
    ("host", "name"),
    [("c.test", x509.DNSName("c.test")), ("127.0.0.1", x509.IPAddress(ip_address("127.0.0.1")))],
)
def test_even_with_its_key_the_authority_could_vouch_for_no_other_host(
    tmp_path: Path, host: str, name: x509.GeneralName
) -> None:
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name, life = certificates.named("ca"), certificates.life(NOW_S, 10)
    ca = certificates.authority(certificates.begun(ca_name, ca_name, ca_key.public_key(), life), HOSTS)
    signed_ca = ca.sign(ca_key, hashes.SHA256())
    begun = certificates.begun(certificates.named("other"), ca_name, key.public_key(), life)
    named = begun.add_extension(x509.SubjectAlternativeName([name]), critical=False)
    leaf = named.add_extension(by_key(signed_ca), critical=False).sign(ca_key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    (tmp_path / "ca.pem").write_bytes(signed_ca.public_bytes(pem))
    (tmp_path / "leaf.pem").write_bytes(leaf.public_bytes(pem))
    (tmp_path / "leaf.key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )

    with pytest.raises(ssl.SSLCertVerificationError, match=r"permitted subtree|excluded subtree"):
        handshake(tmp_path / "ca.pem", tmp_path / "leaf.pem", tmp_path / "leaf.key", host)


def test_only_its_owner_reads_the_key_and_the_authoritys_own_is_nowhere(tmp_path: Path) -> None:
    found = certificate(tmp_path / "tls", HOSTS, NOW_S)

    ca = x509.load_pem_x509_certificate(found.ca.read_bytes())
    keys = [path for path in (tmp_path / "tls").iterdir() if b"PRIVATE KEY" in path.read_bytes()]

    assert (found.key.stat().st_mode & 0o777, keys) == (0o600, [found.key])
    key = serialization.load_pem_private_key(found.key.read_bytes(), None)
    assert key.public_key() != ca.public_key()


def test_it_is_valid_for_clocks_that_are_a_day_slow(tmp_path: Path) -> None:
    ca = x509.load_pem_x509_certificate(certificate(tmp_path, HOSTS, NOW_S).ca.read_bytes())

    assert ca.not_valid_before_utc.timestamp() < NOW_S - DAY_S


def test_a_second_start_keeps_it_without_reading_x509(tmp_path: Path) -> None:
    first = contents(certificate(tmp_path, HOSTS, NOW_S))
    program = (
        "import sys; from pathlib import Path; from fakes.kit.authority import certificate;"
        f"certificate(Path({str(tmp_path)!r}), ('a.test', 'b.test'), {NOW_S + DAY_S});"
        "print('cryptography' in sys.modules)"
    )

    said = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)

    assert said.stdout == "False\n"
    assert contents(certificate(tmp_path, HOSTS, NOW_S + DAY_S)) == first


@pytest.mark.parametrize(
    ("hosts", "now_s"),
    [
        pytest.param(("a.test", "c.test"), NOW_S, id="other hosts"),
        pytest.param(HOSTS, NOW_S + (LIFE_DAYS - RENEWED_BEFORE_DAYS) * DAY_S, id="near its end"),
        pytest.param(HOSTS, NOW_S - 400 * DAY_S, id="made by a clock that was ahead"),
    ],
)
def test_it_is_made_anew_when_it_will_not_do(tmp_path: Path, hosts: tuple[str, ...], now_s: float) -> None:
    first = contents(certificate(tmp_path, HOSTS, NOW_S))

    second = contents(certificate(tmp_path, hosts, now_s))

    assert not set(first) & set(second)


@pytest.mark.parametrize("name", ["ca.pem", "server.pem", "server.key", "issued.json"])
def test_what_is_lost_is_made_anew(tmp_path: Path, name: str) -> None:
    first = contents(certificate(tmp_path, HOSTS, NOW_S))
    (tmp_path / name).unlink()

    second = certificate(tmp_path, HOSTS, NOW_S)

    assert not set(first) & set(contents(second))
    handshake(second.ca, second.chain, second.key, "a.test")


@pytest.mark.parametrize("text", ["", "[]", "{}", json.dumps({"hosts": 1, "expires_s": "x"})])
def test_what_is_told_of_it_wrongly_does_not_stop_a_start(tmp_path: Path, text: str) -> None:
    certificate(tmp_path, HOSTS, NOW_S)
    (tmp_path / "issued.json").write_text(text)

    found = certificate(tmp_path, HOSTS, NOW_S)

    handshake(found.ca, found.chain, found.key, "a.test")


def test_others_find_a_copy_that_follows_it(tmp_path: Path) -> None:
    copy = tmp_path / "shared" / "ca.pem"
    publish(certificate(tmp_path, HOSTS, NOW_S).ca, copy)
    first = copy.read_bytes()

    second = certificate(tmp_path, ("c.test",), NOW_S)
    publish(second.ca, copy)

    assert (copy.read_bytes(), copy.stat().st_mode & 0o777) == (second.ca.read_bytes(), 0o644)
    assert copy.read_bytes() != first
    assert sorted(path.name for path in copy.parent.iterdir()) == ["ca.pem", "python"]


def test_programs_that_ask_certifi_are_told_of_the_authority(tmp_path: Path) -> None:
    found = certificate(tmp_path, HOSTS, NOW_S)
    publish(found.ca, tmp_path / "shared" / "ca.pem")
    program = "import certifi; print(certifi.where()); print(certifi.contents())"
    env = {"PYTHONPATH": str(tmp_path / "shared" / "python")}

    said = subprocess.run(
        [sys.executable, "-c", program], env=env, check=True, capture_output=True, text=True
    )

    assert said.stdout == f"{tmp_path}/shared/ca.pem\n{found.ca.read_text()}\n"


def test_who_starts_while_another_makes_a_certificate_takes_that_one(tmp_path: Path) -> None:
    made = certificate(tmp_path / "made", HOSTS, NOW_S)
    folder = tmp_path / "tls"
    folder.mkdir()
    inode = folder.stat().st_ino
    found: list[tuple[bytes, bytes, bytes]] = []
    second = threading.Thread(target=lambda: found.append(contents(certificate(folder, HOSTS, NOW_S))))
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        second.start()
        wait_until(lambda: bool(found) or is_waited_for(inode), lambda: "the second to wait")
        shutil.copytree(made.ca.parent, folder, dirs_exist_ok=True)
    finally:
        os.close(descriptor)
    second.join(10)

    assert found == [contents(made)]


def is_waited_for(inode: int) -> bool:
    """Whether somebody waits for a lock on this file. Source: proc_locks(5)."""
    rows = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
    return any(row[1] == "->" and row[6].endswith(f":{inode}") for row in rows)


def test_a_copy_of_any_name_is_named_to_those_who_ask_certifi(tmp_path: Path) -> None:
    copy = tmp_path / 'an "odd" name.pem'
    publish(certificate(tmp_path / "tls", HOSTS, NOW_S).ca, copy)
    program = "import certifi; print(certifi.where())"

    said = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(tmp_path / "python")},
        check=True,
        capture_output=True,
        text=True,
    )

    assert said.stdout == f"{copy}\n"
