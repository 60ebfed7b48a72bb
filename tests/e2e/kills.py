"""Clips on their way while a service dies: what to send, how to wait, and what must be true in the end."""

from __future__ import annotations

import json
import os
import signal
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import docker

from emulator.docker.project import Project, service_of
from emulator.testing.access import Clipnet

WITHIN_S = 120
OWNER = "sam@clipnet.test"
PLATFORMS = ("youtube", "tiktok")
_SLOW = {"whisper": ("runpod", "*staging-whisper*"), "upload": ("cloudinary", "*/upload*")}
_POSTS = "SELECT platform, external_id, state FROM posts WHERE clip_id::text = ANY ($1)"


@dataclass(frozen=True, slots=True)
class Sent:
    """Clips that are to be posted to each of the platforms, and what these had before."""

    ids: tuple[str, ...]
    before: tuple[tuple[str, str], ...]
    platforms: tuple[str, ...] = PLATFORMS


def service(clipnet: Clipnet, name: str) -> dict[str, Any]:
    """Return what the supervisor wrote down of a service."""
    found: dict[str, Any] = next(one for one in _state(clipnet)["services"] if one["name"] == name)
    return found


def _state(clipnet: Clipnet) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((clipnet.parts.state_dir / "state.json").read_text())
    return found


def kill(clipnet: Clipnet, name: str) -> int:
    """Kill a service and wait until the supervisor has another one running; return the old pid."""
    pid = int(service(clipnet, name)["pid"])
    if _state(clipnet)["runtime"] == "docker":
        _kill_container(clipnet, name)
    else:
        os.kill(pid, signal.SIGKILL)
    wait_for_another(clipnet, name, pid)
    return pid


def _kill_container(clipnet: Clipnet, name: str) -> None:
    with closing(docker.APIClient(version="auto")) as engine:
        project = Project(clipnet.parts.stack, clipnet.parts.state_dir)
        (container,) = (one for one in project.containers(engine) if service_of(one) == name)
        engine.kill(container["Id"])


def wait_for_another(clipnet: Clipnet, name: str, pid: int) -> None:
    """Wait until a service runs in another process than this one."""
    clipnet.wait_for(
        lambda: (
            service(clipnet, name)["pid"] not in (None, pid) and service(clipnet, name)["state"] == "running"
        ),
        f"'{name}' to run again",
        last_seen=lambda: str(service(clipnet, name)),
    )


def send_clips(clipnet: Clipnet, step: str) -> Sent:
    """Send two clips and wait until one of them is at a step, which takes long enough to be interrupted."""
    before = received(clipnet)
    client = clipnet.log_in(OWNER)
    if step in _SLOW:
        fake, path = _SLOW[step]
        clipnet.fake(fake).fault("latency", path=path, ms=1500, times=2)
    video = clipnet.video("forecast")
    clips = [clipnet.upload(client, video, publish_to=",".join(PLATFORMS)) for _ in range(2)]
    ids = tuple(str(clip["id"]) for clip in clips)

    def steps() -> list[str | None]:
        rows = clipnet.database.fetch("SELECT step FROM clips WHERE id::text = ANY ($1)", ids)
        return [row["step"] for row in rows]

    clipnet.wait_for(
        lambda: step in steps(),
        f"a clip to be at '{step}'",
        last_seen=lambda: str(steps()),
    )
    return Sent(ids, before)


def check_that_nothing_is_lost_or_posted_twice(clipnet: Clipnet, sent: Sent) -> None:
    """Wait for the ends of all clips and posts, and compare with what the platforms received."""
    client = clipnet.log_in(OWNER)
    for clip_id in sent.ids:
        clipnet.wait_until(client, clip_id, within_s=WITHIN_S)
    clipnet.wait_for(
        lambda: (
            [row["state"] for row in clipnet.database.fetch(_POSTS, sent.ids)]
            == ["posted"] * len(sent.ids) * len(sent.platforms)
        ),
        "all posts",
        WITHIN_S,
        lambda: str(clipnet.database.fetch(_POSTS, sent.ids)),
    )
    rows = clipnet.database.fetch(_POSTS, sent.ids)
    new = [post for post in received(clipnet) if post not in sent.before]
    assert sorted(new) == sorted((row["platform"], row["external_id"].rpartition(".")[2]) for row in rows)
    assert clipnet.queue.jobs("failed") == []


def received(clipnet: Clipnet) -> tuple[tuple[str, str], ...]:
    """Return platform and id of all that the platforms received."""
    return tuple((post["platform"], post["id"]) for name in PLATFORMS for post in clipnet.posts(name))
