"""Files come with commits or as large ones, and every commit can be read again."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import httpx
import pytest

from fakes.huggingface.state.ignoring import is_ignored, rules
from tests.fakes.huggingface.conftest import (
    API,
    READ,
    SPACE,
    Line,
    advance,
    committed,
    file,
    header,
    refusal,
)

PAGE = f"/spaces/{SPACE}"
LARGE = bytes(range(256)) * 4
LARGE_OID = hashlib.sha256(LARGE).hexdigest()
MEBI = 1 << 20


def preuploaded(hub: httpx.Client, path: str, content: bytes, **more: Any) -> dict[str, Any]:
    sample = base64.b64encode(content[:512]).decode()
    body = {"files": [{"path": path, "sample": sample, "size": len(content)}], **more}
    answer: dict[str, Any] = hub.post(f"{API}/preupload/main", json=body).json()["files"][0]
    return answer


def batched(hub: httpx.Client, oid: str = LARGE_OID, size: int = len(LARGE)) -> dict[str, Any]:
    body = {"operation": "upload", "transfers": ["basic"], "objects": [{"oid": oid, "size": size}]}
    answer: dict[str, Any] = hub.post(f"{PAGE}.git/info/lfs/objects/batch", json=body).json()["objects"][0]
    return answer


def large(path: str = "model.bin", oid: str = LARGE_OID) -> Line:
    return {"key": "lfsFile", "value": {"path": path, "algo": "sha256", "oid": oid}}


def text_of(hub: httpx.Client, path: str, revision: str = "main") -> str:
    answer = hub.get(f"{PAGE}/resolve/{revision}/{path}")
    answer.raise_for_status()
    return answer.text


def test_a_commit_is_answered_with_its_address(space: httpx.Client) -> None:
    answer = committed(space, header("Deploy", description="for a test"), file("a.txt", b"one")).json()

    oid = answer["commitOid"]
    assert answer == {
        "success": True,
        "commitOid": oid,
        "commitUrl": f"{space.base_url}{PAGE}/commit/{oid}",
        "hookOutput": "",
    }
    newest = space.get(f"{API}/commits/main").json()[0]
    assert (newest["id"], newest["title"], newest["message"]) == (oid, "Deploy", "for a test")
    assert (space.get(API).json()["sha"], text_of(space, "a.txt")) == (oid, "one")


def test_each_commit_has_the_files_of_its_time(space: httpx.Client) -> None:
    first = committed(space, header(), file("a.txt", b"one"), file("b/c.txt")).json()["commitOid"]
    second = committed(space, header(), file("a.txt", b"two"), file("b/d.txt")).json()["commitOid"]
    gone = (
        {"key": "deletedFile", "value": {"path": "a.txt"}},
        {"key": "deletedFolder", "value": {"path": "b/"}},
    )
    committed(space, header(), *gone)

    texts = [text_of(space, "a.txt", revision) for revision in (first, second[:7])]

    assert texts == ["one", "two"]
    assert refusal(space.get(f"{PAGE}/resolve/main/a.txt")) == (404, "EntryNotFound", "Entry not found")
    names = [one["rfilename"] for one in space.get(API).json()["siblings"]]
    assert [name for name in names if "/" in name] == []


def test_a_file_moves_within_one_commit(space: httpx.Client) -> None:
    committed(space, header(), file("a"))

    moved = committed(space, header(), {"key": "deletedFile", "value": {"path": "a"}}, file("a/b", b"in"))

    assert (moved.status_code, text_of(space, "a/b")) == (200, "in")


@pytest.mark.parametrize(
    ("lines", "status", "words"),
    [
        ([file("a")], 400, '"summary" is required in the header of a commit'),
        ([header(""), file("a")], 400, '"summary" is required'),
        ([header(), {"key": "paint", "value": {}}], 400, 'Line 2: "key" is not one that is known: paint'),
        ([header(), {"key": "file"}], 400, 'Line 2 of the commit must have "key" and "value"'),
        ([header(), file("../a")], 400, "Invalid path in repo: ../a"),
        ([header(), file("/a")], 400, "Invalid path in repo: /a"),
        ([header(), file("a//b")], 400, "Invalid path in repo: a//b"),
        ([header(), file("a" * 256)], 400, "Invalid path in repo: aaa"),
        ([header(), file("/".join("a" * 513))], 400, "Invalid path in repo: a/a"),
        ([header(), file("a\0b")], 400, "Invalid path in repo: a"),
        ([header(), file(".git/config")], 400, "Invalid path in repo: .git/config"),
        ([header(), file("a"), file("a/b")], 400, "Path 'a/b' conflicts with 'a'"),
        ([header(), file("a/b"), file("a")], 400, "Path 'a' conflicts with 'a/b'"),
        ([header(), {"key": "file", "value": {"path": "a"}}], 400, '"content" must be a string'),
        (
            [header(), {"key": "file", "value": {"path": "a", "content": "%", "encoding": "base64"}}],
            400,
            '"content" must be base64',
        ),
        ([header(), {"key": "deletedFile", "value": {"path": "nowhere"}}], 404, "Entry not found"),
        ([header(), large()], 400, "LFS pointer pointed to a file that does not exist"),
        ([header(), large(oid="AB")], 400, '"oid" must be a SHA-256 of 64 hex digits'),
        ([header(parentCommit="0" * 40), file("a")], 412, "A commit has happened since."),
        ([header(parentCommit=["a"]), file("a")], 412, "A commit has happened since."),
    ],
)
def test_a_bad_commit_changes_nothing(
    space: httpx.Client, lines: list[Line], status: int, words: str
) -> None:
    before = space.get(f"{API}/tree/main").json()

    refused = committed(space, *lines)

    assert (refused.status_code, words in refused.json()["error"]) == (status, True), refused.text
    assert space.get(f"{API}/tree/main").json() == before
    assert len(space.get(f"{API}/commits/main").json()) == 1


def test_a_commit_that_is_no_json_names_the_line(space: httpx.Client) -> None:
    refused = space.post(f"{API}/commit/main", content=b'{"key": "header", "value": {}}\n{')

    assert refusal(refused) == (400, None, "Line 2 of the commit is not valid JSON")


def test_a_file_that_is_too_long_for_a_commit_is_refused(space: httpx.Client) -> None:
    refused = committed(space, header(), file("long.txt", b"a" * (10 * MEBI + 1)))

    assert (refused.status_code, "larger than 10 MiB: long.txt" in refused.json()["error"]) == (400, True)


def test_commits_go_to_main_only(space: httpx.Client) -> None:
    other = committed(space, header(), file("a"), revision="develop")
    request = space.post(f"{API}/commit/main?create_pr=1", content=json.dumps(header()))

    assert refusal(other) == (404, "RevisionNotFound", "Invalid rev id: develop")
    assert request.status_code == 501


def test_a_commit_onto_the_newest_one_passes(space: httpx.Client) -> None:
    head = space.get(API).json()["sha"]

    assert committed(space, header(parentCommit=head), file("a")).status_code == 200


def test_the_hub_says_how_each_file_is_to_come(space: httpx.Client) -> None:
    committed(space, header(), file("a.txt", b"one"), file(".gitignore", b"*.log\n"))

    known = preuploaded(space, "a.txt", b"two")
    ignored = preuploaded(space, "debug.log", b"two")
    allowed = preuploaded(space, "debug.log", b"two", gitIgnore="*.tmp")
    binary = preuploaded(space, "model.bin", LARGE)

    git_oid = hashlib.sha1(b"blob 3\x00one", usedforsecurity=False).hexdigest()
    assert known == {"path": "a.txt", "uploadMode": "regular", "shouldIgnore": False, "oid": git_oid}
    assert [one["shouldIgnore"] for one in (ignored, allowed)] == [True, False]
    assert (binary["uploadMode"], binary["oid"]) == ("lfs", None)


@pytest.mark.parametrize("given", [{"sample": ""}, {"sample": "%", "size": 1}, {"sample": 1, "size": 1}])
def test_a_file_that_is_not_described_is_refused(space: httpx.Client, given: dict[str, Any]) -> None:
    refused = space.post(f"{API}/preupload/main", json={"files": [{"path": "a", **given}]})

    assert refused.status_code == 400


def test_a_large_file_is_uploaded_once(space: httpx.Client) -> None:
    announced = batched(space)
    actions = announced["actions"]

    put = httpx.put(actions["upload"]["href"], content=LARGE, trust_env=False)
    checked = space.post(actions["verify"]["href"], json={"oid": LARGE_OID, "size": len(LARGE)})
    committed(space, header(), large(), large("copy.bin"))

    assert (put.status_code, checked.status_code) == (200, 200)
    assert batched(space) == {"oid": LARGE_OID, "size": len(LARGE)}
    got = space.get(f"{PAGE}/resolve/main/copy.bin")
    assert (got.content, got.headers["etag"], got.headers["x-linked-size"]) == (
        LARGE,
        f'"{LARGE_OID}"',
        "1024",
    )
    entry = space.post(f"{API}/paths-info/main", json={"paths": ["model.bin"]}).json()[0]
    assert (entry["lfs"]["oid"], entry["lfs"]["pointerSize"], entry["size"]) == (LARGE_OID, 129, 1024)
    blobs = space.get(API, params={"blobs": True}).json()["siblings"]
    assert {"sha256": LARGE_OID, "size": 1024, "pointerSize": 129} in [one.get("lfs") for one in blobs]


@pytest.mark.parametrize("content", [b"another", LARGE[:-1], LARGE + b"more"])
def test_an_upload_that_is_not_what_was_announced_is_refused(space: httpx.Client, content: bytes) -> None:
    actions = batched(space)["actions"]

    put = httpx.put(actions["upload"]["href"], content=content, trust_env=False)

    assert (put.status_code, "does not match" in put.json()["error"]) == (400, True)
    checked = space.post(actions["verify"]["href"], json={"oid": LARGE_OID, "size": len(LARGE)})
    assert checked.status_code == 400
    again = httpx.put(actions["upload"]["href"], content=LARGE, trust_env=False)
    assert again.status_code == 200


def test_the_address_of_an_upload_does_not_hold_for_ever(space: httpx.Client) -> None:
    href = batched(space)["actions"]["upload"]["href"]

    advance(space, 3600)

    expired = httpx.put(href, content=LARGE, trust_env=False)
    unknown = httpx.put(f"{href}0", content=LARGE, trust_env=False)
    assert [refusal(one) for one in (expired, unknown)] == [(403, None, "Request has expired")] * 2


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"operation": "download", "objects": []}, '"operation" must be upload'),
        ({"operation": "upload", "objects": [{"oid": "a", "size": 1}]}, '"oid" must be a SHA-256'),
        ({"operation": "upload", "objects": [{"oid": LARGE_OID, "size": True}]}, '"size" must be a number'),
        ({"operation": "upload", "objects": [{"oid": LARGE_OID, "size": -1}]}, '"size" must be a number'),
        (
            {"operation": "upload", "objects": [{"oid": LARGE_OID, "size": 1 << 64}]},
            '"size" must be a number',
        ),
    ],
)
def test_a_bad_batch_is_refused(space: httpx.Client, body: dict[str, Any], words: str) -> None:
    refused = space.post(f"{PAGE}.git/info/lfs/objects/batch", json=body)

    assert (refused.status_code, words in refused.json()["error"]) == (400, True)


def test_a_reader_is_told_what_a_file_is_known_by(space: httpx.Client) -> None:
    committed(space, header(), file("a b.txt", b"one"))

    got = space.head(f"{PAGE}/resolve/main/a b.txt", headers=READ)

    git_oid = hashlib.sha1(b"blob 3\x00one", usedforsecurity=False).hexdigest()
    assert (got.status_code, got.headers["etag"], got.headers["content-length"]) == (200, f'"{git_oid}"', "3")
    assert got.headers["x-repo-commit"] == space.get(API).json()["sha"]


@pytest.mark.parametrize(
    ("pattern", "path", "is_left_out"),
    [
        ("*.log", "a.log", True),
        ("*.log", "deep/a.log", True),
        ("/a.log", "deep/a.log", False),
        ("deep/*.log", "deep/a.log", True),
        ("deep/*.log", "deep/er/a.log", False),
        ("deep/**/a.log", "deep/er/est/a.log", True),
        ("node_modules/", "web/node_modules/a/b.js", True),
        ("node_modules/", "node_modules", False),
        ("build", "build/a", True),
        ("?.txt", "a.txt", True),
        ("[!a].txt", "a.txt", False),
        ("[!a].txt", "b.txt", True),
        ("[a-c].txt", "b.txt", True),
        ("[[]a", "[a", True),
        ("[z-a]", "m", False),
        ("[!]", "a", False),
        ("**/**/a", "b/a", True),
        ("*.log\n!keep.log", "keep.log", False),
        ("# *.txt\n\n", "a.txt", False),
    ],
)
def test_a_gitignore_leaves_out_what_git_leaves_out(pattern: str, path: str, is_left_out: bool) -> None:
    assert is_ignored(path, rules(pattern)) is is_left_out
