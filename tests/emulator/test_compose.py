from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from emulator import compose
from emulator.errors import ConfigurationRefused
from emulator.settings import Settings, load


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load({}, tmp_path)


def test_without_a_compose_file_of_ours_the_packaged_one_is_run(settings: Settings) -> None:
    (settings.project_dir / "compose.yaml").write_text("services: {web: {image: nginx}}\n")

    assert compose.find(settings) in (compose.PACKAGED, compose.IN_CHECKOUT)


def test_the_projects_own_is_run_if_it_is_one_of_ours(settings: Settings) -> None:
    own = settings.project_dir / "compose.yaml"
    own.write_text("services: {}\nx-clipnet: {environment: staging}\n")

    assert compose.find(settings) == own


def test_files_that_are_asked_for_are_laid_over_the_override_in_the_project(settings: Settings) -> None:
    texts = {
        "compose.override.yaml": "one: '1', two: '1'",
        "ci.yaml": "two: '2', three: '2'",
        "me.yaml": "three: '3'",
    }
    files = [settings.project_dir / name for name in texts]
    for file, text in zip(files, texts.values(), strict=True):
        file.write_text(f"services: {{api: {{environment: {{{text}}}}}}}")

    found = compose.read(replace(settings, overrides=tuple(files[1:])))

    environment = found.body["services"]["api"]["environment"]
    assert found.paths[1:] == tuple(files)
    assert found.override == {"services": {"api": {"environment": {"one": "1", "two": "2", "three": "3"}}}}
    assert (environment["two"], environment["APP_ENV"]) == ("2", "staging")


def test_an_override_in_the_project_changes_the_packaged_file(settings: Settings) -> None:
    (settings.project_dir / "compose.override.yaml").write_text(
        "services: {api: {environment: {EXTRA: '1'}, "
        "x-embedded: {command: [node, server.js], directory: ./my-api}}}"
    )

    found = compose.read(settings)

    api = found.body["services"]["api"]
    assert api["x-embedded"]["command"] == ["node", "server.js"]
    assert api["x-embedded"]["directory"] == str(settings.project_dir / "my-api")
    assert api["x-embedded"]["probe"] == {"http": "http://${API_ADDR:-api:8407}/ready"}
    assert (api["environment"]["EXTRA"], api["environment"]["APP_ENV"]) == ("1", "staging")


@pytest.mark.parametrize(
    ("base", "over", "merged"),
    [
        ({"a": 1, "b": {"c": 1}}, {"b": {"d": 2}}, {"a": 1, "b": {"c": 1, "d": 2}}),
        ({"environment": ["A=1", "B=2"]}, {"environment": {"B": "3"}}, {"environment": {"A": "1", "B": "3"}}),
        ({"environment": {"A": "1"}}, {"environment": ["B"]}, {"environment": {"A": "1", "B": None}}),
        ({"command": ["a", "b"]}, {"command": ["c"]}, {"command": ["c"]}),
        ({"ports": ["1:1"]}, {"ports": ["1:1", "2:2"]}, {"ports": ["1:1", "2:2"]}),
        (
            {"x-embedded": {"server": "redis", "probe": {"redis": "x"}}},
            {"x-embedded": {"probe": {"tcp": "y"}}},
            {"x-embedded": {"server": "redis", "probe": {"tcp": "y"}}},
        ),
        ({"depends_on": ["a"]}, {"depends_on": {"b": {}}}, {"depends_on": {"a": None, "b": {}}}),
    ],
)
def test_an_override_merges_as_compose_does(base: object, over: object, merged: object) -> None:
    assert compose.merge(base, over) == merged


def test_the_merge_tags_replace_and_remove(settings: Settings) -> None:
    project = settings.project_dir
    (project / "compose.yaml").write_text(
        "x-clipnet: {}\nservices: {a: {ports: ['1:1'], volumes: [v], labels: [x]}}\n"
    )
    (project / "compose.override.yaml").write_text(
        "services: {a: {ports: !override ['2:2'], volumes: !reset []}}\n"
    )

    service = compose.read(settings).body["services"]["a"]

    assert (service["ports"], service["volumes"], service["labels"]) == (["2:2"], None, ["x"])


@pytest.mark.parametrize(
    ("text", "words"),
    [("a: [", "is not valid YAML"), ("- a", "it holds no map"), ("services: [a]", "'services' is no map")],
)
def test_a_broken_file_is_named(settings: Settings, text: str, words: str) -> None:
    path = settings.project_dir / "broken.yaml"
    path.write_text(text)

    with pytest.raises(ConfigurationRefused, match=words):
        compose.read(replace(settings, compose_file=path))


def test_a_missing_file_is_named(settings: Settings) -> None:
    with pytest.raises(ConfigurationRefused, match=r"there is no file '.*nowhere\.yaml'"):
        compose.read(replace(settings, compose_file=settings.project_dir / "nowhere.yaml"))
