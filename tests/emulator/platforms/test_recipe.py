"""How a Space is started, read out of its files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from emulator.errors import CheckFailed
from emulator.platforms.recipe import recipe

DOCKER = "---\nsdk: docker\n---\n"


def tree(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def of(folder: Path, dockerfile: str, **files: str) -> tuple[tuple[str, ...], str]:
    """Command and directory (below the tree) of a Docker Space."""
    at = tree(
        folder, {"README.md": DOCKER, "Dockerfile": dockerfile, "app.py": "", "src/app.py": "", **files}
    )
    found = recipe(at)
    return tuple(word.replace(str(folder), "TREE") for word in found.command), str(found.directory)[
        len(str(folder)) :
    ]


@pytest.mark.parametrize(
    ("dockerfile", "command", "directory"),
    [
        ('CMD ["python", "app.py"]', ("python", "app.py"), ""),
        ("CMD python app.py --port 7860", ("sh", "-c", "python app.py --port 7860"), ""),
        ('ENTRYPOINT ["python"]\nCMD ["app.py"]', ("python", "app.py"), ""),
        ('CMD ["a"]\nENTRYPOINT ["python"]', ("python",), ""),
        ('FROM a\nCMD ["a"]\nFROM b AS last\nCMD ["b"]', ("b",), ""),
        ("FROM a\ncmd b", ("sh", "-c", "b"), ""),
        ('# CMD ["no"]\nCMD ["python", \\\n  "app.py"]', ("python", "app.py"), ""),
        ('WORKDIR /app\nCOPY . .\nCMD ["python", "/app/app.py"]', ("python", "TREE/app.py"), ""),
        (
            'WORKDIR /app\nCOPY ./src /app\nCMD ["python", "/app/app.py"]',
            ("python", "TREE/src/app.py"),
            "/src",
        ),
        ('WORKDIR /app/\nCOPY src/ ./\nCMD ["python", "app.py"]', ("python", "app.py"), "/src"),
        ('ENV HOME=/home/user\nWORKDIR $HOME/app\nCOPY --chown=user . $HOME/app\nCMD ["a"]', ("a",), ""),
        ('WORKDIR /app\nCOPY --from=build /x /app\nCMD ["a"]', ("a",), ""),
        ('WORKDIR /app\nCOPY ../.. /app\nCMD ["a"]', ("a",), ""),
        ('WORKDIR /app\nCOPY ["src", "/app"]\nCMD ["a", "/application"]', ("a", "/application"), "/src"),
    ],
)
def test_a_dockerfile_is_read_as_far_as_the_start_needs_it(
    tmp_path: Path, dockerfile: str, command: tuple[str, ...], directory: str
) -> None:
    assert of(tmp_path, dockerfile) == (command, directory)


def test_variables_are_set_and_filled_in_and_runs_are_named(tmp_path: Path) -> None:
    text = 'ARG V=1\nENV A=${V}2 B="two words" PATH=/x:$PATH\nENV C three words\nRUN pip install .\nCMD ["a"]'

    found = recipe(tree(tmp_path, {"README.md": DOCKER, "Dockerfile": text}))

    assert found.env == {"V": "1", "A": "12", "B": "two words", "C": "three words"}
    assert found.skipped == ("RUN pip install .",)


@pytest.mark.parametrize(
    ("card", "command", "port"),
    [
        ("---\nsdk: gradio\n---\n", ("python", "app.py"), 7860),
        (
            '---\ntitle: A: b\nsdk: "gradio" # it is\napp_file: src/app.py\n---\n',
            ("python", "src/app.py"),
            7860,
        ),
        ("---\nsdk: streamlit\n---\n", ("python", "-m", "streamlit", "run", "app.py"), 7860),
        ("---\nsdk: static\n---\n", (), 7860),
        ("---\nsdk: docker\napp_port: 8501\n---\n", ("a",), 8501),
    ],
)
def test_the_card_says_what_kind_of_space_it_is(
    tmp_path: Path, card: str, command: tuple[str, ...], port: int
) -> None:
    files = {"README.md": card, "Dockerfile": 'CMD ["a"]', "app.py": "", "src/app.py": ""}

    found = recipe(tree(tmp_path, files))

    assert (found.command, found.port) == (command, port)


def test_a_command_is_moved_to_another_port_and_to_loopback(tmp_path: Path) -> None:
    text = 'CMD ["uvicorn", "app:v17860", "--host", "0.0.0.0", "--port=7860", "10.0.0.0.0"]'
    found = recipe(tree(tmp_path, {"README.md": DOCKER, "Dockerfile": text}))

    moved = found.at(7870)

    assert moved == ("uvicorn", "app:v17860", "--host", "127.0.0.1", "--port=7870", "10.0.0.0.0")


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "README.md says sdk ''; known are docker, static, gradio, streamlit"),
        ({"README.md": "sdk: docker\n"}, "README.md says sdk ''"),
        ({"README.md": DOCKER}, "there is no Dockerfile"),
        ({"README.md": DOCKER, "Dockerfile": "FROM a"}, "the Dockerfile has neither CMD nor ENTRYPOINT"),
        ({"README.md": DOCKER, "Dockerfile": "CMD [a]"}, "the Dockerfile has a list that is not one: [a]"),
        (
            {"README.md": DOCKER, "Dockerfile": "CMD [1]"},
            "the Dockerfile has a list that is not one of texts: [1]",
        ),
        (
            {"README.md": DOCKER, "Dockerfile": 'ENV A="b'},
            "the Dockerfile cannot be read: No closing quotation",
        ),
        (
            {"README.md": "---\nsdk: gradio\n---\n"},
            "README.md names the app_file 'app.py', which is not there",
        ),
        (
            {"README.md": f"---\nsdk: docker\napp_port: {'9' * 5000}\n---\n"},
            f"README.md says app_port '{'9' * 40}'; it must be",
        ),
        (
            {"README.md": "---\nsdk: docker\napp_port: 0\n---\n"},
            "README.md says app_port '0'; it must be a number from 1 to 65535",
        ),
    ],
)
def test_what_cannot_be_started_is_named(tmp_path: Path, files: Mapping[str, str], words: str) -> None:
    with pytest.raises(CheckFailed) as refused:
        recipe(tree(tmp_path, files))

    assert words in str(refused.value)
