"""Clients that call real host names, as they are written in programs, while no name is ever looked up."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx

from tests.fakes.serving import Served


class ToPorts(httpx.BaseTransport):
    """Sends what is for port 443 and port 80 of any host to two ports of this machine."""

    def __init__(self, secure_port: int, plain_port: int, verify: ssl.SSLContext) -> None:
        self._ports = {"https": secure_port, "http": plain_port}
        self._inner = httpx.HTTPTransport(verify=verify, trust_env=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        request.extensions = {**request.extensions, "sni_hostname": url.host}
        request.url = url.copy_with(host="127.0.0.1", port=self._ports[url.scheme])
        answer = self._inner.handle_request(request)
        request.url = url
        return answer

    def close(self) -> None:
        self._inner.close()


def trust(ca: Path) -> ssl.SSLContext:
    """Trusts this authority and no other; as strict as Python 3.13 is by default."""
    context = ssl.create_default_context(cafile=ca)
    context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def by_name(fakes: Served, verify: ssl.SSLContext | None = None) -> httpx.Client:
    """A client for which the real host names are those of these fakes."""
    verify = verify or trust(fakes.folder / "tls" / "ca.pem")
    return httpx.Client(transport=ToPorts(fakes.secure_port, fakes.plain_port, verify), timeout=20)
