"""The Cloudinary fake under load, beside the nearest Python peer: the S3 of `moto` server.

    python -m benchmarks.cloudinary [--uploads 10000] [--assets 100000] [--peer fake|moto] [--json]
    BLOBS_URL=s3://KEY:SECRET@127.0.0.1:9000/bench python -m benchmarks.cloudinary --peer fake   # in a bucket

- uploads: raw files of 10 kB over 16 connections and of 10 MB over 4; images of 10 kB, which the fake decodes
- delivery: a derived asset that was made before (moto: an object of the same bytes), over 16 connections,
  and a file of 10 MB over 4
- memory: of the server's process, before and after the uploads of 10 kB
- the server's own time on the CPU for one request: what a busy machine blurs least
- listing: a page of 10 among 100 and among many, one request after the other
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import os
import sys
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Protocol

from benchmarks.load import CONNECTIONS, send
from benchmarks.server import MB, Server, fake, message, running

KB = 1_000
_KEY, _SECRET = "111222333444555", "stagingSecret_AbC-123"
_LARGE_COUNT = 40
_DELIVERIES = 20_000
_IMAGES = 2_000
_LISTINGS = 300
_FEW = 100


def main(arguments: list[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cloudinary", description=__doc__)
    parser.add_argument("--uploads", type=int, default=10_000)
    parser.add_argument("--assets", type=int, default=100_000)
    parser.add_argument("--peer", choices=PEERS, default=None)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)

    names = [options.peer] if options.peer else list(PEERS)
    results = {name: measure(PEERS[name], options.uploads, options.assets) for name in names}
    if options.json:
        print(json.dumps(results, indent=2))
        return 0
    print(f"{'':<34}" + "".join(f"{name:>12}" for name in names))
    for row in dict.fromkeys(row for name in names for row in results[name]):
        cells = (results[name].get(row) for name in names)
        print(f"{row:<34}" + "".join(f"{'':>12}" if cell is None else f"{cell:12.1f}" for cell in cells))
    return 0


class Peer(Protocol):
    """A server to measure, and how its requests look."""

    def command(self, port: int) -> Sequence[str]:
        """What starts it."""
        ...

    def upload(self, name: str, content: bytes, *, is_image: bool = False) -> Sequence[bytes]:
        """A request that stores a file."""
        ...

    def delivery(self, name: str) -> Sequence[bytes]:
        """A request for what an image becomes."""
        ...

    def original(self, name: str) -> Sequence[bytes]:
        """A request for a file as it was uploaded."""
        ...

    def listing(self) -> Sequence[bytes]:
        """A request for the first page of ten."""
        ...

    def fill(self, server: Server, count: int) -> None:
        """Make ready, and store that many small assets in whatever way is quickest."""
        ...


def measure(peer: Peer, uploads: int, assets: int) -> dict[str, float]:
    """Return all figures of one peer by their names."""
    found: dict[str, float] = {}
    with running(peer.command) as server:
        peer.fill(server, 0)
        found["memory at the start, MB"] = server.memory_mb()
        content = os.urandom(10 * KB)
        small = loaded(server, "uploads of 10 kB", files(peer, "s", content, uploads))
        found[f"memory after {uploads} assets, MB"] = server.memory_mb()
        found |= small | loaded(server, "uploads of images of 10 kB", images(peer))
        large = files(peer, "l", os.urandom(10 * MB), _LARGE_COUNT)
        found |= loaded(server, "uploads of 10 MB", large, connections=4)
        original = [peer.original("l-0")] * _LARGE_COUNT
        found |= loaded(server, "deliveries of 10 MB", original, connections=4)
        found["memory at the end, MB"] = server.memory_mb()
        send(server.port, [peer.delivery("i-0")], 1)
        found |= loaded(server, "deliveries, cached", [peer.delivery("i-0")] * _DELIVERIES)
    for count in (_FEW, assets):
        with running(peer.command) as server:
            peer.fill(server, count)
            listed = send(server.port, [peer.listing()] * _LISTINGS, 1)
            found[f"a page among {count}, ms"] = listed.p50_ms
    return found


def loaded(
    server: Server, name: str, requests: Iterable[Sequence[bytes]], connections: int = CONNECTIONS
) -> dict[str, float]:
    """Send requests and return what that measured."""
    return server.loaded(name, partial(send, requests=requests, connections=connections))


def files(peer: Peer, prefix: str, content: bytes, count: int) -> Iterator[Sequence[bytes]]:
    """Make uploads, no two of the same bytes."""
    for number in range(count):
        yield peer.upload(f"{prefix}-{number}", number.to_bytes(8) + content[8:])


def images(peer: Peer) -> Iterator[Sequence[bytes]]:
    """Make uploads of a JPEG of about 10 kB; what follows its end tells one from the other."""
    from PIL import Image

    written = io.BytesIO()
    noise = Image.effect_noise((320, 180), 40)
    Image.merge("RGB", (noise, noise, noise)).save(written, "JPEG", quality=40)
    for number in range(_IMAGES):
        yield peer.upload(f"i-{number}", written.getvalue() + number.to_bytes(8), is_image=True)


class Fake:
    """The Cloudinary fake."""

    _login: Mapping[str, str] = {
        "Authorization": "Basic " + base64.b64encode(f"{_KEY}:{_SECRET}".encode()).decode()
    }

    def command(self, port: int) -> Sequence[str]:
        """The fakes' process with this one."""
        return fake("cloudinary", port)

    def upload(self, name: str, content: bytes, *, is_image: bool = False) -> Sequence[bytes]:
        """A form, as the SDKs send it."""
        head = f'--b\r\nContent-Disposition: form-data; name="public_id"\r\n\r\nstaging_clips/{name}\r\n'
        head += '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        kind = "image" if is_image else "raw"
        headers = {**self._login, "Content-Type": "multipart/form-data; boundary=b"}
        line = f"POST /v1_1/staging/{kind}/upload"
        return message(line, headers, head.encode(), content, b"\r\n--b--\r\n")

    def delivery(self, name: str) -> Sequence[bytes]:
        """A picture made smaller."""
        return message(f"GET /staging/image/upload/c_fill,h_90,w_160/staging_clips/{name}.jpg", {})

    def original(self, name: str) -> Sequence[bytes]:
        """A raw file."""
        return message(f"GET /staging/raw/upload/staging_clips/{name}", {})

    def listing(self) -> Sequence[bytes]:
        """The newest ten."""
        return message("GET /v1_1/staging/resources/raw?max_results=10", self._login)

    def fill(self, server: Server, count: int) -> None:
        """Seed, all with the same bytes."""
        content = b"benchmark"
        sha256 = hashlib.sha256(content).hexdigest()
        self._put(server, f"blobs/{sha256}", content)
        same = {"resource_type": "raw", "type": "upload", "bytes": len(content), "sha256": sha256}
        same |= {"etag": "0" * 32, "created_at": "2026-11-20T06:00:00Z", "tags": ["benchmark"]}
        assets = [{**same, "public_id": f"staging_clips/f-{number}"} for number in range(count)]
        self._put(server, "state", json.dumps({"assets": assets}).encode())

    def _put(self, server: Server, path: str, body: bytes) -> None:
        url = f"http://127.0.0.1:{server.port}/_fake/{path}"
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method="PUT")
        with urllib.request.urlopen(request, timeout=600) as answer:
            answer.read()


class Moto:
    """The S3 of `moto` server, which asks for a signature and does not check it."""

    _login: Mapping[str, str] = {
        "Authorization": "AWS4-HMAC-SHA256 Credential=a/20261121/us-east-1/s3/aws4_request,"
        " SignedHeaders=host, Signature=a"
    }

    def command(self, port: int) -> Sequence[str]:
        """Its process."""
        return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]

    def upload(self, name: str, content: bytes, *, is_image: bool = False) -> Sequence[bytes]:
        """A plain PUT."""
        return message(f"PUT /bench/{name}", self._login, content)

    def delivery(self, name: str) -> Sequence[bytes]:
        """The object: it has no transformations."""
        return message(f"GET /bench/{name}", self._login)

    def original(self, name: str) -> Sequence[bytes]:
        """The object."""
        return message(f"GET /bench/{name}", self._login)

    def listing(self) -> Sequence[bytes]:
        """The first ten."""
        return message("GET /bench?list-type=2&max-keys=10", self._login)

    def fill(self, server: Server, count: int) -> None:
        """Upload them: it has no other way in."""
        send(server.port, [message("PUT /bench", self._login)], 1)
        send(server.port, (self.upload(f"f-{number}", b"benchmark") for number in range(count)), CONNECTIONS)


PEERS: Mapping[str, Peer] = {"fake": Fake(), "moto": Moto()}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
