"""Reads the settings of the fakes' process from its environment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast, get_args
from urllib.parse import quote

from fakes import FAKES
from fakes.kit.bucket import Bucket
from fakes.kit.bucket import parse as parse_bucket
from fakes.kit.kit import Deployments, FakeSettings, Timing


class BadSetting(ValueError):
    """A setting is not usable; the text names it, its value and what to write instead."""


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """How real host names are served.

    Attributes:
        folder: Where the certificate and its key are kept; nobody else needs to read it.
        ca_file: Where the authority's certificate is put for those who shall trust it, besides `folder`.
        port: Port of TLS; None serves nothing and only puts down the authority's certificate.
        http_port: Port of plain HTTP, or None.
    """

    folder: Path
    ca_file: Path | None = None
    port: int | None = None
    http_port: int | None = None


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where to listen (port by fake name, 0 for any free one) and what all fakes are told."""

    host: str
    public_host: str
    public_ports: Mapping[str, int]
    """Ports that others know the fakes by, where these are not the ports that they listen on."""
    ports: Mapping[str, int]
    fakes: FakeSettings
    tls: TlsSettings | None = None


def load(env: Mapping[str, str]) -> ServerSettings:
    """Read FAKES_*, BLOBS_DIR, BLOBS_URL with BLOBS_KEY or BLOBS_KEY_FILE, SPEECH_DIR and REDIRECT_URIS_BASE.

    Raises:
        BadSetting: A value cannot be used.
    """
    ports = _ports("FAKES_PORTS", env.get("FAKES_PORTS", ""))
    if not ports:
        raise BadSetting("FAKES_PORTS is empty; write for example cloudinary=8410,runpod=8411")
    public_ports = _ports("FAKES_PUBLIC_PORTS", env.get("FAKES_PUBLIC_PORTS", ""))
    public_host = env.get("FAKES_PUBLIC_HOST", "127.0.0.1")
    api_url = env.get("FAKES_API_URL", "http://127.0.0.1:8401")
    timing = _one_of(get_args(Timing), "FAKES_TIMING", env.get("FAKES_TIMING") or "instant")
    deployments = _one_of(get_args(Deployments), "FAKES_DEPLOYMENTS", env.get("FAKES_DEPLOYMENTS") or "alone")
    seed = env.get("FAKES_SEED", "1")
    if not seed.isdecimal():
        raise BadSetting(f"FAKES_SEED is '{seed}'; write a whole number")
    hosts = env.get("FAKES_CALLBACK_HOSTS", "127.0.0.1,localhost")
    fakes = FakeSettings(
        public_urls={
            name: f"http://{public_host}:{public_ports.get(name, port)}" for name, port in ports.items()
        },
        state_dir=_folder(env.get("FAKES_STATE_DIR")),
        blobs_dir=_folder(env.get("BLOBS_DIR")),
        bucket=_bucket(env.get("BLOBS_URL"), env),
        speech_dir=_folder(env.get("SPEECH_DIR")),
        seed=int(seed),
        api_url=api_url.rstrip("/"),
        redirect_bases=tuple(
            base.strip().rstrip("/") for base in env.get("REDIRECT_URIS_BASE", api_url).split(",")
        ),
        callback_hosts=frozenset(filter(None, (host.strip() for host in hosts.split(",")))),
        deployments=cast(Deployments, deployments),
        timing=cast(Timing, timing),
    )
    host = env.get("FAKES_HOST", "127.0.0.1")
    return ServerSettings(host, public_host, public_ports, ports, fakes, _tls(env))


def _tls(env: Mapping[str, str]) -> TlsSettings | None:
    """How real host names are served; who is told where the authority lies finds it there in any case."""
    switch, ca_file = (env.get("FAKES_TLS") or "off").lower(), _folder(env.get("FAKES_CA_FILE"))
    if switch not in ("on", "off"):
        raise BadSetting(f"FAKES_TLS is '{switch}'; write on or off")
    if switch == "off" and ca_file is None:
        return None
    state_dir = _folder(env.get("FAKES_STATE_DIR"))
    folder = _folder(env.get("FAKES_TLS_DIR")) or (state_dir / "tls" if state_dir else None)
    if folder is None:
        raise BadSetting("FAKES_TLS_DIR is empty; write the folder of the certificate and its key")
    if switch == "off":
        return TlsSettings(folder, ca_file)
    port = _port("FAKES_TLS_PORT", env.get("FAKES_TLS_PORT") or "443")
    http_port = env.get("FAKES_HTTP_PORT")
    return TlsSettings(folder, ca_file, port, _port("FAKES_HTTP_PORT", http_port) if http_port else None)


def _port(name: str, text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise BadSetting(f"{name} is '{text}'; write a number from 0 to 65535")
    return int(text)


def _one_of(words: Sequence[str], name: str, text: str) -> str:
    if text not in words:
        raise BadSetting(f"{name} is '{text}'; write {' or '.join(words)}")
    return text


def _folder(text: str | None) -> Path | None:
    return Path(text) if text else None


def _bucket(url: str | None, env: Mapping[str, str]) -> Bucket | None:
    if not url:
        return None
    if "@" not in url and (key := _blobs_key(env)):
        url = url.replace("://", f"://{quote(key, safe=':')}@", 1)
    try:
        return parse_bucket(url)
    except ValueError as error:
        raise BadSetting(f"BLOBS_URL cannot be used; {error}") from error


def _blobs_key(env: Mapping[str, str]) -> str:
    """Return `KEY:SECRET` of the bucket, if BLOBS_URL does not hold it."""
    key, path = env.get("BLOBS_KEY"), env.get("BLOBS_KEY_FILE")
    if key or not path:
        return key or ""
    try:
        found = Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise BadSetting(f"BLOBS_KEY_FILE names '{path}', which cannot be read: {why}") from error
    if not all(found.partition(":")):
        raise BadSetting(f"BLOBS_KEY_FILE names '{path}', which does not hold KEY:SECRET")
    return found


def _ports(setting: str, text: str) -> dict[str, int]:
    """`cloudinary=8410,runpod=8411` as a mapping; the order is that of `FAKES`."""
    found: dict[str, int] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, _, port = item.partition("=")
        if name not in FAKES:
            raise BadSetting(f"{setting} names '{name}'; known fakes are {', '.join(FAKES)}")
        if not port.isdecimal() or int(port) > 65535:
            raise BadSetting(
                f"{setting} gives '{port}' as the port of '{name}'; write a number from 0 to 65535"
            )
        found[name] = int(port)
    return {name: found[name] for name in FAKES if name in found}
