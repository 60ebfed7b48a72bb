"""Spaces are created, looked into, renamed and deleted; what the Hub refuses, it says in its words."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.fakes.huggingface.conftest import (
    API,
    DOCKER,
    FINE,
    READ,
    SPACE,
    USER,
    committed,
    created,
    file,
    header,
    refusal,
    seeded,
    stage,
)


@pytest.mark.parametrize(("token", "role"), [({}, "write"), (READ, "read"), (FINE, "fineGrained")])
def test_a_token_says_whose_it_is_and_what_it_may(
    hub: httpx.Client, token: dict[str, str], role: str
) -> None:
    answer = hub.get("/api/whoami-v2", headers=token).json()

    access = answer["auth"]["accessToken"]
    assert (answer["type"], answer["name"], access["role"]) == ("user", USER, role)
    if role == "fineGrained":
        scoped = access["fineGrained"]["scoped"]
        assert [one["entity"]["name"] for one in scoped] == [SPACE]


def test_a_new_space_has_a_first_commit_and_waits_for_its_application(hub: httpx.Client) -> None:
    answer = created(hub)

    assert answer.status_code == 200
    assert (answer.json()["url"], answer.json()["name"]) == (f"{hub.base_url}/spaces/{SPACE}", SPACE)
    body = hub.get(API).json()
    names = [one["rfilename"] for one in body["siblings"]]
    assert (body["id"], body["author"], body["sdk"], body["private"]) == (SPACE, USER, "docker", False)
    assert (names, body["cardData"]["sdk"]) == ([".gitattributes", "README.md"], "docker")
    assert body["runtime"]["stage"] == "NO_APP_FILE"
    assert [one["title"] for one in hub.get(f"{API}/commits/main").json()] == ["initial commit"]


def test_a_new_static_space_runs_at_once(hub: httpx.Client) -> None:
    created(hub, sdk="static")

    runtime = hub.get(f"{API}/runtime").json()

    assert (runtime["stage"], runtime["hardware"]) == ("RUNNING", {"current": None, "requested": None})


def test_a_new_space_takes_hardware_sleep_time_secrets_and_variables(hub: httpx.Client) -> None:
    more: dict[str, Any] = {
        "hardware": "t4-small",
        "sleepTimeSeconds": 600,
        "secrets": [{"key": "KEY", "value": "s", "description": "of the database"}],
        "variables": [{"key": "APP_ENV", "value": "staging"}],
    }

    created(hub, **more)

    runtime = hub.get(f"{API}/runtime").json()
    assert (runtime["hardware"]["requested"], runtime["gcTimeout"]) == ("t4-small", 600)
    secret = hub.get(f"{API}/secrets").json()["KEY"]
    assert (secret["description"], "value" in secret) == ("of the database", False)
    assert hub.get(f"{API}/variables").json()["APP_ENV"]["value"] == "staging"


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"name": "-a"}, 400, 'Invalid repo name: "-a"'),
        ({"name": "a--b"}, 400, "Invalid repo name"),
        ({"name": "a.git"}, 400, "Invalid repo name"),
        ({"name": "a" * 97}, 400, "Invalid repo name"),
        ({"name": None}, 400, "Invalid repo name"),
        ({"sdk": "shiny"}, 400, '"sdk" must be one of [gradio, docker, static, streamlit]'),
        ({"hardware": "abacus"}, 400, '"flavor" must be one of ['),
        ({"secrets": "KEY"}, 400, '"secrets" must be an array of objects'),
        ({"secrets": [{"key": "a b", "value": "c"}]}, 400, '"key" must match'),
        ({"secrets": [{"key": "A", "value": 1}]}, 400, '"value" must be a string'),
        ({"organization": "somebody"}, 403, 'create a space under the namespace "somebody"'),
        ({"type": "model"}, 501, "repositories of type 'model'"),
        ({"type": None}, 501, "repositories of type 'model'"),
    ],
)
def test_a_bad_new_space_is_refused_and_leaves_nothing(
    hub: httpx.Client, fields: dict[str, Any], status: int, words: str
) -> None:
    answer = created(hub, **{"name": "clipnet-api", **fields})

    assert answer.status_code == status
    assert words in answer.json()["error"]
    assert hub.get("/_fake/state").json()["state"]["spaces"] == {}


def test_a_name_that_is_taken_is_a_conflict_in_any_case(space: httpx.Client) -> None:
    answer = created(space, "Clipnet-API")

    assert refusal(answer) == (409, None, "You already created this space repo")
    assert answer.json()["url"].endswith(f"/spaces/{USER}/Clipnet-API")


def test_a_body_that_is_no_json_object_is_refused(hub: httpx.Client) -> None:
    answers = [hub.post("/api/repos/create", content=body) for body in (b"{", b"[1]")]

    assert [one.status_code for one in answers] == [400, 400]
    assert answers[0].json()["error"] == "The request body is not valid JSON"


def test_a_deleted_space_is_gone_with_all_it_had(space: httpx.Client) -> None:
    deleted = space.request("DELETE", "/api/repos/delete", json={"name": "clipnet-api", "type": "space"})

    assert deleted.status_code == 200
    assert refusal(space.get(API)) == (404, "RepoNotFound", "Repository not found")
    counts = space.get("/_fake/state").json()["state"]
    assert (counts["spaces"], counts["commits"]) == ({}, 0)


def test_a_renamed_space_keeps_what_it_has(space: httpx.Client) -> None:
    to = {"fromRepo": SPACE, "toRepo": f"{USER}/clipnet-next", "type": "space"}

    moved = space.post("/api/repos/move", json=to)

    body = space.get(f"/api/spaces/{USER}/clipnet-next").json()
    assert (moved.status_code, body["runtime"]["stage"]) == (200, "RUNNING")
    assert space.get(API).status_code == 404


@pytest.mark.parametrize(
    ("to", "status"), [(f"{USER}/other", 409), ("somebody/clipnet-api", 403), (f"{USER}/-", 400)]
)
def test_a_space_is_not_renamed_to_what_it_may_not_be(hub: httpx.Client, to: str, status: int) -> None:
    seeded(hub, {"spaces": [{"id": SPACE}, {"id": f"{USER}/other"}]})

    moved = hub.post("/api/repos/move", json={"fromRepo": SPACE, "toRepo": to, "type": "space"})

    assert (moved.status_code, hub.get(API).status_code) == (status, 200)


def test_spaces_are_listed_by_author_and_words_hidden_ones_left_out(hub: httpx.Client) -> None:
    ids = (SPACE, f"{USER}/web", "somebody/clipnet-api")
    hidden = {"id": "somebody/hidden", "private": True}
    seeded(hub, {"spaces": [*({"id": one} for one in ids), hidden]})

    def listed(**query: str) -> list[str]:
        return [one["id"] for one in hub.get("/api/spaces", params=query).json()]

    assert sorted(listed()) == sorted(ids)
    assert sorted(listed(author=USER)) == sorted(ids[:2])
    assert sorted(listed(search="api")) == sorted((ids[0], ids[2]))
    assert len(listed(limit="1")) == 1


def test_a_private_space_is_shown_again(space: httpx.Client) -> None:
    hidden = space.put(f"{API}/settings", json={"visibility": "private"}).json()["private"]
    anonymous = space.get(API, headers={"Authorization": ""}).status_code
    space.put(f"{API}/settings", json={"private": False})

    assert (hidden, anonymous, space.get(API).json()["private"]) == (True, 401, False)
    for body in ({"visibility": "sometimes"}, {"private": ["yes"]}, {}):
        refused = space.put(f"{API}/settings", json=body)
        assert refusal(refused) == (400, None, '"visibility" must be one of [public, private]')


def test_a_space_is_shown_with_what_was_asked_for_only(space: httpx.Client) -> None:
    body = space.get(API, params=[("expand", "sdk"), ("expand", "sha")]).json()

    assert set(body) == {"_id", "id", "sdk", "sha"}


def test_a_tree_has_folders_and_files(space: httpx.Client) -> None:
    committed(space, header(), file("app/main.py"), file("app/views/home.py"), file("a.txt"))

    def tree(path: str = "", **query: str) -> list[tuple[str, str]]:
        found = space.get(f"{API}/tree/main{path}", params=query).json()
        return [(one["type"], one["path"]) for one in found]

    assert tree("/app") == [("directory", "app/views"), ("file", "app/main.py")]
    top = [path for _, path in tree()]
    assert top == ["app", ".gitattributes", "Dockerfile", "README.md", "a.txt"]
    assert ("file", "app/views/home.py") in tree(recursive="true")
    assert refusal(space.get(f"{API}/tree/main/nowhere"))[:2] == (404, "EntryNotFound")


def test_paths_are_told_of_those_that_are_not_there_left_out(space: httpx.Client) -> None:
    committed(space, header(), file("app/main.py", b"print()\n"))

    asked = {"paths": ["app", "app/main.py", "nowhere"], "expand": "false"}
    found = space.post(f"{API}/paths-info/main", data=asked).json()

    assert [(one["type"], one["path"]) for one in found] == [("directory", "app"), ("file", "app/main.py")]
    assert found == space.post(f"{API}/paths-info/main", json=asked).json()


def test_a_card_is_told_as_json_has_it(space: httpx.Client) -> None:
    readme = b"---\nsdk: docker\ndate: 2026-11-21\n7: seven\n---\n"

    committed(space, header(), file("README.md", readme))

    assert space.get(API).json()["cardData"] == {"sdk": "docker", "date": "2026-11-21", "7": "seven"}


def test_there_is_one_branch(space: httpx.Client) -> None:
    head = space.get(API).json()["sha"]

    refs = space.get(f"{API}/refs").json()

    branch = {"name": "main", "ref": "refs/heads/main", "targetCommit": head}
    assert refs == {"branches": [branch], "converts": [], "tags": [], "pullRequests": []}


@pytest.mark.parametrize("revision", ["v2", "0" * 40, "ab", "*******"])
def test_an_unknown_revision_is_named(space: httpx.Client, revision: str) -> None:
    answer = space.get(f"{API}/revision/{revision}")

    assert refusal(answer) == (404, "RevisionNotFound", f"Invalid rev id: {revision}")


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        ("---\nsdk: docker\n---\n", 200, []),
        ("# no front matter\n", 200, []),
        ("---\nsdk: shiny\ncolorFrom: pale\n---\n", 400, ['"sdk" must be', '"colorFrom" must be']),
        ("---\napp_port: 70000\n---\n", 400, ['"app_port" must be']),
        ("---\nsdk: [\n---\n", 400, ["YAML metadata is invalid"]),
        ("---\n- a\n---\n", 400, ["YAML metadata must be an object"]),
        ("---\na: 2026-13-40\n---\n", 400, ["YAML metadata is invalid"]),
        ("---\na: .nan\n---\n", 400, ["YAML metadata is invalid"]),
        ("---\na: &b [*b]\n---\n", 400, ["YAML metadata is invalid"]),
        ("---\n? [a]\n: b\n---\n", 400, ["YAML metadata is invalid"]),
    ],
)
def test_front_matter_is_checked(hub: httpx.Client, content: str, status: int, said: list[str]) -> None:
    answer = hub.post("/api/validate-yaml", json={"content": content, "repoType": "space"})

    messages = [one["message"] for one in answer.json()["errors"]]
    assert answer.status_code == status
    assert [message.startswith(text) for message, text in zip(messages, said, strict=True)] == [True] * len(
        said
    )


def test_what_was_seeded_is_there_again_after_a_reset(space: httpx.Client) -> None:
    committed(space, header(), file("extra.txt"))
    space.request("DELETE", "/api/repos/delete", json={"name": "clipnet-api", "type": "space"})

    space.post("/_fake/reset")

    dockerfile = space.get(f"/spaces/{SPACE}/resolve/main/Dockerfile").text
    assert (stage(space), dockerfile) == ("RUNNING", DOCKER["Dockerfile"])


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"space": []}, "unknown field 'space'; known are tokens, spaces, build_s, start_s, outcome"),
        ({"build_s": -1}, "build_s is -1; it must be a number of seconds"),
        ({"start_s": "1"}, "start_s is '1'; it must be a number of seconds"),
        ({"outcome": "SLEEPING"}, "outcome is 'SLEEPING'; known are RUNNING, BUILD_ERROR, RUNTIME_ERROR"),
        ({"tokens": [{"token": "abc"}]}, "tokens[0].token is 'abc'; a token begins with hf_"),
        ({"tokens": [{"token": "hf_a", "user": "clipnet"}]}, "tokens[0].user is 'clipnet'"),
        ({"tokens": [{"token": "hf_a", "user": "b", "role": "root"}]}, "tokens[0].role is 'root'"),
        ({"tokens": [{"token": "hf_a", "user": "b", "scopes": "c"}]}, "tokens[0].scopes must be a list"),
        ({"spaces": [{"id": "clipnet/api"}]}, "spaces[0].id is 'clipnet/api'"),
        ({"spaces": [{"id": "alone"}]}, "spaces[0]: Invalid repo name"),
        ({"spaces": [{"id": "a/b"}, {"id": "A/B"}]}, "spaces[1].id is 'A/B'"),
        ({"spaces": [{"id": "a/b", "sdk": "shiny"}]}, 'spaces[0]: "sdk" must be one of'),
        ({"spaces": [{"id": "a/b", "files": {"../c": "d"}}]}, "spaces[0]: Invalid path in repo: ../c"),
        ({"spaces": [{"id": "a/b", "files": ["c"]}]}, "files must be an object of texts"),
    ],
)
def test_a_seed_document_of_another_shape_is_refused(
    space: httpx.Client, document: dict[str, Any], words: str
) -> None:
    refused = space.put("/_fake/state", json=document)

    assert (refused.status_code, words in refused.json()["error"]) == (400, True), refused.text
    assert stage(space) == "RUNNING"
