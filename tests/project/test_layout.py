"""The rules of the tree that are worth a test: arrows, the fakes' files, ambience, output."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes import FAKES

ROOT = Path(__file__).parents[2]
OURS = ("emulator", "fakes", "clipnet", "seed", "tests", "benchmarks")
MAY_IMPORT = {
    "emulator": {"emulator", "seed", "fakes"},
    "fakes": {"fakes"},
    "clipnet": {"clipnet"},
    "seed": {"seed"},
}
AMBIENT = {
    "datetime.now",
    "datetime.utcnow",
    "date.today",
    "random.random",
    "random.choice",
    "random.randint",
    "os.getcwd",
    "Path.cwd",
}
EDGES = ("emulator/cli/", "clipnet/clock.py")
"""Where a program meets the world: there these are read once, and handed in from there."""


def sources(folder: str) -> Iterator[tuple[str, ast.Module]]:
    for path in sorted((ROOT / folder).rglob("*.py")):
        yield str(path.relative_to(ROOT)), ast.parse(path.read_text())


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module


def imports_module(tree: ast.Module, name: str) -> bool:
    found = (node for node in ast.walk(tree) if isinstance(node, ast.Import))
    return any(alias.name == name for node in found for alias in node.names)


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_imports_point_one_way(folder: str) -> None:
    wrong = [
        f"{path}: {name}"
        for path, tree in sources(folder)
        for name in imported(tree)
        if name.split(".")[0] in OURS and name.split(".")[0] not in MAY_IMPORT[folder]
    ]

    assert wrong == []


def test_fakes_do_not_import_each_other_and_the_kit_imports_none() -> None:
    wrong = []
    for path, tree in sources("fakes"):
        own = Path(path).parts[1]
        others = {f"fakes.{name}" for name in FAKES if name != own}
        wrong += [f"{path}: {name}" for name in imported(tree) if ".".join(name.split(".")[:2]) in others]

    assert wrong == []


def test_the_kit_names_no_provider() -> None:
    named = [
        f"{path}: {name}"
        for path in sorted((ROOT / "fakes/kit").rglob("*.py"))
        for name in (*FAKES[:-1], "youtube")
        if name in path.read_text().lower()
    ]

    assert named == []


@pytest.mark.parametrize("name", FAKES)
def test_every_fake_is_the_same_five_files(name: str) -> None:
    present = {
        path.stem for path in (ROOT / "fakes" / name).iterdir() if not path.name.startswith("__pycache__")
    }

    assert {"__init__", "routes", "state", "wire", "errors"} <= present


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_nothing_reads_the_date_chance_or_working_folder_by_itself(folder: str) -> None:
    wrong = [
        f"{path}:{node.lineno} {called}"
        for path, tree in sources(folder)
        if not path.startswith(EDGES)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and (called := ast.unparse(node.func)) in AMBIENT
        if not called.startswith("random.")
        or imports_module(tree, "random")  # a seeded Random may bear the name
    ]

    assert wrong == []


@pytest.mark.parametrize("folder", OURS)
def test_no_file_is_named_for_nothing(folder: str) -> None:
    vague = {"utils", "helpers", "common", "misc", "base", "part2"}

    assert [path for path, _ in sources(folder) if Path(path).stem in vague] == []


def test_every_coverage_row_has_a_page_of_documentation() -> None:
    missing = [name for name in FAKES if not (ROOT / "docs/fakes" / f"{name}.md").exists()]

    assert missing == []


@pytest.mark.parametrize("folder", ["emulator", "fakes", "clipnet"])
def test_no_client_goes_through_a_proxy_or_trusts_whom_the_environment_says(folder: str) -> None:
    wrong = [
        f"{path}:{node.lineno}"
        for path, tree in sources(folder)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("httpx.Client", "httpx.AsyncClient")
        if "trust_env=False" not in {ast.unparse(keyword) for keyword in node.keywords}
    ]

    assert wrong == []
