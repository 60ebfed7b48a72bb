"""Tells why tests that need Docker cannot run on this machine, if they cannot."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import yaml

CHECKOUT = Path(__file__).parents[1]
_ASK_WITHIN_S = 20


def base_images() -> list[str]:
    """Return the images that the stack is made of, without the one that is built here."""
    services = yaml.safe_load((CHECKOUT / "compose.yaml").read_text())["services"].values()
    named = {service["image"] for service in services if "build" not in service}
    built_on = re.findall(r"^ARG PYTHON_IMAGE=(\S+)", (CHECKOUT / "Dockerfile").read_text(), re.MULTILINE)
    return sorted({*named, *built_on})


@cache
def missing() -> str | None:
    """Return what is missing for Docker tests, in words with the next step; None if nothing is."""
    engine = _asked("version", "--format", "{{.Server.Version}}")
    if engine is not None:
        return f"no Docker engine answers ({engine}): start one, or set DOCKER_HOST"
    compose = _asked("compose", "version")
    if compose is not None:
        return f"Docker has no Compose v2 ({compose}): install docker-compose-plugin"
    images = [image for image in base_images() if _asked("image", "inspect", image) is not None]
    if images:
        commands = "; ".join(f"docker pull {image}" for image in images)
        return f"images are missing: {', '.join(images)}: get them with: {commands}"
    return None


def _asked(*arguments: str) -> str | None:
    """Run a command of Docker; return None if it succeeded, else the last line of what it said."""
    try:
        done = subprocess.run(
            ["docker", *arguments], capture_output=True, text=True, timeout=_ASK_WITHIN_S, check=False
        )
    except FileNotFoundError:
        return "the program 'docker' is not installed"
    except subprocess.TimeoutExpired:
        return f"no answer within {_ASK_WITHIN_S} s"
    if done.returncode == 0:
        return None
    return (done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1]
