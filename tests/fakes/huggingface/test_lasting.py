"""Spaces outlive the process, and addresses are those by which the client came."""

from __future__ import annotations

from pathlib import Path

import httpx

from tests.fakes.byname import by_name
from tests.fakes.huggingface.conftest import API, SPACE, WRITE, committed, created, file, header, stage
from tests.fakes.serving import served


def test_spaces_and_files_are_there_after_another_start(tmp_path: Path) -> None:
    with (
        served("huggingface", folder=tmp_path) as fakes,
        httpx.Client(base_url=fakes.url("huggingface"), headers=WRITE, trust_env=False) as hub,
    ):
        created(hub)
        first = committed(hub, header(), file("Dockerfile", b"FROM scratch\n")).json()["commitOid"]

    with (
        served("huggingface", folder=tmp_path) as fakes,
        httpx.Client(base_url=fakes.url("huggingface"), headers=WRITE, trust_env=False) as hub,
    ):
        before = (stage(hub), hub.get(f"/spaces/{SPACE}/resolve/{first}/Dockerfile").text)
        second = committed(hub, header(), file("Dockerfile", b"FROM alpine\n")).json()["commitOid"]

    assert before == ("RUNNING", "FROM scratch\n")
    assert first != second


def test_who_came_by_the_real_name_is_told_real_addresses() -> None:
    with served("huggingface", by_name=True) as fakes, by_name(fakes) as hub:
        hub.headers.update(WRITE)
        hub.base_url = httpx.URL("https://huggingface.co")
        url = created(hub).json()["url"]
        commit = committed(hub, header(), file("Dockerfile")).json()["commitUrl"]
        batch = {"operation": "upload", "objects": [{"oid": "0" * 64, "size": 1}]}
        actions = hub.post(f"/spaces/{SPACE}.git/info/lfs/objects/batch", json=batch).json()["objects"][0][
            "actions"
        ]
        host = hub.get(API).json()["host"]

    assert url == f"https://huggingface.co/spaces/{SPACE}"
    assert commit.startswith(f"{url}/commit/")
    assert actions["upload"]["href"].startswith("https://huggingface.co/lfs-upload/")
    assert actions["verify"]["href"] == f"{url}.git/info/lfs/verify"
    assert host == "https://clipnet-staging-clipnet-api.hf.space"
