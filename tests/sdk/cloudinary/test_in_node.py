"""What an application in Node does with Cloudinary's SDK, from end to end: `node/cloudinary.test.js`."""

import re
from collections.abc import Mapping

import httpx
import pytest

from tests.fakes.cloudinary.conftest import image, video
from tests.fakes.serving import served
from tests.sdk import nodejs

SCRIPT = "cloudinary.test.js"
NAMES = re.findall(r'^test\("([^"]+)"', (nodejs.FOLDER / SCRIPT).read_text(), re.MULTILINE)
ACCOUNT = {"cloud": "sdk", "api_key": "123456789012345", "api_secret": "sdkSecret", "folder": None}
RESULT = re.compile(r"^(ok|not ok) \d+ - (.*?)(?: # .*)?$(.*?)(?=^(?:ok|not ok) \d+ - |\Z)", re.M | re.S)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, tuple[str, str]]:
    """What Node said of each test: `ok` or `not ok`, and why."""
    folder = tmp_path_factory.mktemp("node")
    (folder / "picture.png").write_bytes(image(400, 300))
    video(folder / "clip.mp4")
    with served("cloudinary") as fakes:
        origin, host = fakes.url("cloudinary"), fakes.host("cloudinary")
        seed = {"accounts": [ACCOUNT], "clouds": [{"name": "sdk", "oauth_tokens": ["sdk-oauth-token"]}]}
        httpx.put(f"{origin}/_fake/state", json=seed).raise_for_status()
        keys = f"{ACCOUNT['api_key']}:{ACCOUNT['api_secret']}"
        env = {
            "CLOUDINARY_URL": f"cloudinary://{keys}@sdk?upload_prefix={origin}&cname={host}",
            "ORIGIN": origin,
            "PICTURE": str(folder / "picture.png"),
            "CLIP": str(folder / "clip.mp4"),
            "SCRATCH": str(folder),
        }
        # The SDK leaves timers of a minute behind: Node is told not to wait for them.
        done = nodejs.node(["--test", "--test-force-exit", "--test-reporter=tap", SCRIPT], env, 120)
    lines = "\n".join(line.removeprefix("    ") for line in done.stdout.splitlines())
    return {name: (word, why) for word, name, why in RESULT.findall(lines)}


@pytest.mark.parametrize("name", NAMES)
def test_in_node(results: Mapping[str, tuple[str, str]], name: str) -> None:
    word, why = results.get(name, ("missing", f"Node ran only: {sorted(results)}"))

    assert word == "ok", why
