"""The real host names that this process's fakes stand for: their certificate and their listeners."""

import asyncio
import importlib
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from socket import socket

from fakes.kit.app import FakeApp
from fakes.kit.authority import certificate, publish
from fakes.kit.hosts import ByHost
from fakes.kit.server import listen, serve, tls_context
from fakes.settings import TlsSettings


class CertificateUnusable(Exception):
    """The certificate cannot be kept or used; the text says where it is and what to do."""


@dataclass(frozen=True, slots=True)
class Listeners:
    """Listening sockets for real host names, and what the secure one speaks."""

    secure: socket
    plain: socket | None
    tls: ssl.SSLContext

    async def serve(self, apps: Mapping[str, FakeApp], stop: asyncio.Event) -> None:
        """Serve fakes by host name until `stop` is set."""
        servers = [serve({self.secure: ByHost(apps, is_tls=True)}, stop, self.tls)]
        if self.plain is not None:
            servers.append(serve({self.plain: ByHost(apps, is_tls=False)}, stop))
        await asyncio.gather(*servers)


def fake_of_host(names: Iterable[str]) -> dict[str, str]:
    """Real host name -> fake, for these fakes."""
    return {host.name: name for name in names for host in importlib.import_module(f"fakes.{name}").FAKE.hosts}


def prepare(host: str, settings: TlsSettings, names: Iterable[str], now_s: float) -> Listeners | None:
    """Put down the certificate for these host names, and listen if that is wanted.

    Raises:
        CertificateUnusable: It cannot be written or read.
        OSError: A port is taken.
    """
    try:
        found = certificate(settings.folder, list(names), now_s)
        tls = tls_context(found.chain, found.key)
    except OSError as error:  # an error of ssl is one, too
        raise CertificateUnusable(
            f"the certificate in '{settings.folder}' cannot be used: {error}; "
            "remove that folder, or make it one that can be written, and start again"
        ) from error
    if settings.ca_file is not None:
        _publish(found.ca, settings.ca_file)
    if settings.port is None:
        return None
    plain = None if settings.http_port is None else listen(host, settings.http_port)
    return Listeners(listen(host, settings.port), plain, tls)


def _publish(ca: Path, path: Path) -> None:
    try:
        publish(ca, path)
    except OSError as error:
        raise CertificateUnusable(
            f"the authority's certificate cannot be put at '{path}', which FAKES_CA_FILE names: {error}; "
            "make its folder one that can be written, and start again"
        ) from error
