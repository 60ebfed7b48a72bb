"""The page of this fake is true: its commands run, its ids are those there are."""

import json
import re
import subprocess
from pathlib import Path

import httpx

from fakes.railway.state import seeding

PAGE = (Path(__file__).parents[3] / "docs/fakes/railway.md").read_text()


def test_the_commands_of_the_page_run(fake: httpx.Client) -> None:
    (script,) = (block for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) if "curl" in block)
    local = script.replace("http://127.0.0.1:8418", str(fake.base_url).rstrip("/"))

    ran = subprocess.run(
        ["bash", "-euc", local], capture_output=True, check=False, timeout=20, env={"PATH": "/usr/bin:/bin"}
    )

    assert ran.returncode == 0, ran.stderr
    last = json.loads(ran.stdout[ran.stdout.index(b'{"data"') :])
    assert last["data"]["deployment"]["status"] == "CRASHED"
    assert last["data"]["deployment"]["meta"]["commitMessage"] == "Add clips"


def test_the_ids_and_tokens_of_the_page_are_those_there_are() -> None:
    named = set(re.findall(r"`([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})`", PAGE))

    assert named == {
        seeding.ACCOUNT_TOKEN,
        seeding.WORKSPACE_TOKEN,
        seeding.PROJECT_TOKEN,
        seeding.PRODUCTION_TOKEN,
        seeding.STAGING_PROJECT_ID,
        seeding.STAGING_ENVIRONMENT_ID,
        seeding.PRODUCTION_PROJECT_ID,
        seeding.service_id("api"),
    }
