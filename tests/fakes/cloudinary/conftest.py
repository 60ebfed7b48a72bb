"""A Cloudinary fake on a real socket, and small media to send to it."""

from __future__ import annotations

import hashlib
import io
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import imageio_ffmpeg
import pytest
from PIL import Image

from tests.fakes.serving import Served, served

KEY = "111222333444555"
SECRET = "stagingSecret_AbC-123"


@dataclass(frozen=True, slots=True)
class Cloud:
    """The fake, spoken to as a hand-made client would."""

    fakes: Served
    http: httpx.Client
    kind: str = "video"

    @property
    def url(self) -> str:
        return self.fakes.url("cloudinary")

    def signed(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters with timestamp, signature (SHA-1, version 1) and key."""
        whole = {"timestamp": str(int(self.fakes.clock.now())), **params}
        text = "&".join(f"{name}={value}" for name, value in sorted(whole.items()) if value != "")
        signature = hashlib.sha1((text + SECRET).encode()).hexdigest()
        return {**whole, "signature": signature, "api_key": KEY}

    def post(self, path: str, params: Mapping[str, Any], **more: Any) -> httpx.Response:
        """A signed call of the Upload API."""
        return self.http.post(f"{self.url}/v1_1/staging/{path}", data=self.signed(params), **more)

    def upload(
        self, content: bytes, path: str = "image/upload", filename: str = "clip.bin", **params: Any
    ) -> httpx.Response:
        """A signed upload of a file."""
        return self.post(path, params, files={"file": (filename, content)})

    def admin(self, method: str, path: str, **more: Any) -> httpx.Response:
        """A call of the Admin API."""
        return self.http.request(method, f"{self.url}/v1_1/staging/{path}", auth=(KEY, SECRET), **more)

    def get(self, path: str, **more: Any) -> httpx.Response:
        """Delivery from cloud `staging`."""
        return self.http.get(f"{self.url}/staging/{path}", **more)

    def control(self, path: str) -> Any:
        """An answer of the control surface."""
        return self.http.get(f"{self.url}/_fake/{path}").json()

    def files(self) -> list[str]:
        """All files in the blob folder, without those that are taken out and deleted behind."""
        root = self.fakes.folder / "blobs"
        found = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
        return sorted(str(path) for path in found if not path.match("incoming/dead-*/*"))


@pytest.fixture(scope="module")
def _fakes() -> Iterator[Served]:
    with served("cloudinary") as fakes:
        yield fakes


@pytest.fixture
def cloud(_fakes: Served) -> Iterator[Cloud]:
    with httpx.Client(trust_env=False, timeout=60) as http:
        http.post(f"{_fakes.url('cloudinary')}/_fake/reset").raise_for_status()
        yield Cloud(_fakes, http)


@pytest.fixture
def picture(cloud: Cloud, png: bytes) -> Cloud:
    cloud.upload(png, public_id="staging_clips/i").raise_for_status()
    return cloud


@pytest.fixture(scope="session")
def png() -> bytes:
    """A picture of 400 x 300."""
    return image(400, 300)


@pytest.fixture(scope="session")
def mp4(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A video of 320 x 180, 2 s, 30 frames per second, with a tone."""
    return video(tmp_path_factory.mktemp("media") / "clip.mp4")


def image(width: int, height: int, format_name: str = "PNG") -> bytes:
    """A picture with a gradient."""
    written = io.BytesIO()
    gradient = Image.radial_gradient("L").resize((width, height))
    Image.merge("RGB", (gradient, gradient.rotate(90).resize((width, height)), gradient)).save(
        written, format_name
    )
    return written.getvalue()


def video(target: Path, *options: str) -> bytes:
    """A test video; `options` are more arguments for FFmpeg's output."""
    arguments = ["-f", "lavfi", "-i", "testsrc=s=320x180:r=30:d=2", "-f", "lavfi", "-i", "sine=d=2"]
    arguments += ["-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", *options]
    program = imageio_ffmpeg.get_ffmpeg_exe()
    subprocess.run([program, "-v", "error", "-y", *arguments, str(target)], check=True, timeout=60)
    return target.read_bytes()
