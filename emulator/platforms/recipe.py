"""How a Space is started: read out of its README.md and its Dockerfile. Pure.

Nothing is built: what `RUN` would install has to be there already. The files lie where they are; what the
Dockerfile copies to its working directory is where the command runs.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from emulator.errors import CheckFailed

DEFAULT_PORT = 7860
_EVERYBODY = re.compile(r"(?<![\d.])0\.0\.0\.0(?![\d.])")
_SCALAR = re.compile(r"([A-Za-z_][\w-]*)\s*:\s*(.*?)\s*(?:\s#.*)?")
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_SERVERS: Mapping[str, tuple[str, ...]] = {
    "gradio": ("python",),
    "streamlit": ("python", "-m", "streamlit", "run"),
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to start.

    Attributes:
        command: Program and arguments; empty for a static Space, which needs none.
        directory: Where it runs.
        port: The port that it is expected to listen on.
        env: What the Dockerfile sets.
        skipped: What of the Dockerfile is not done.
    """

    command: tuple[str, ...]
    directory: Path
    port: int = DEFAULT_PORT
    env: Mapping[str, str] | None = None
    skipped: tuple[str, ...] = ()

    def at(self, port: int) -> tuple[str, ...]:
        """Return the command for another port, on this machine's loopback only."""
        expected = re.compile(rf"(?<!\d){self.port}(?!\d)")
        return tuple(
            expected.sub(str(port), _EVERYBODY.sub("127.0.0.1", word)) if number else word
            for number, word in enumerate(self.command)
        )


def recipe(tree: Path) -> Recipe:
    """Read how the Space in a folder is started.

    Raises:
        CheckFailed: It does not say, or names a file that is not there.
    """
    card = _card(tree / "README.md")
    sdk = card.get("sdk", "")
    if sdk == "static":
        return Recipe((), tree)
    if sdk == "docker":
        return _of_dockerfile(tree, _port(card.get("app_port", "")))
    if sdk not in _SERVERS:
        known = ", ".join(("docker", "static", *_SERVERS))
        raise CheckFailed(f"README.md says sdk '{sdk}'; known are {known}")
    file = card.get("app_file") or "app.py"
    if not (tree / file).is_file():
        raise CheckFailed(f"README.md names the app_file '{file}', which is not there")
    return Recipe((*_SERVERS[sdk], file), tree)


def _card(readme: Path) -> dict[str, str]:
    """The plain values between the two lines of dashes at the beginning."""
    lines = readme.read_text(errors="replace").splitlines() if readme.is_file() else []
    if not lines or lines[0].strip() != "---":
        return {}
    found: dict[str, str] = {}
    for line in lines[1:]:
        if line.strip() == "---":
            break
        if match := _SCALAR.fullmatch(line):
            found[match[1]] = match[2].strip("'\"")
    return found


def _port(text: str) -> int:
    if not text:
        return DEFAULT_PORT
    if len(text) > 5 or not text.isdecimal() or not 0 < int(text) < 65536:
        raise CheckFailed(f"README.md says app_port '{text[:40]}'; it must be a number from 1 to 65535")
    return int(text)


def _of_dockerfile(tree: Path, port: int) -> Recipe:
    file = tree / "Dockerfile"
    if not file.is_file():
        raise CheckFailed("there is no Dockerfile")
    reading = _Reading(tree)
    for word, rest in _instructions(file.read_text(errors="replace")):
        reading.take(word, rest)
    command = (*reading.entrypoint, *reading.command)
    if not command:
        raise CheckFailed("the Dockerfile has neither CMD nor ENTRYPOINT")
    return Recipe(
        tuple(reading.here(word) for word in command),
        reading.directory(),
        port,
        reading.env,
        tuple(reading.skipped),
    )


def _instructions(text: str) -> Iterator[tuple[str, str]]:
    """Instructions of a Dockerfile, in one line each (docs.docker.com/reference/dockerfile)."""
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    for line in re.sub(r"\\[ \t]*\n", " ", "\n".join(lines)).splitlines():
        word, _, rest = line.strip().partition(" ")
        if word:
            yield word.upper(), rest.strip()


class _Reading:
    """What has been read of a Dockerfile, of its last stage."""

    def __init__(self, tree: Path) -> None:
        self._tree = tree
        self._begin()

    def _begin(self) -> None:
        self.env: dict[str, str] = {}
        self.entrypoint: tuple[str, ...] = ()
        self.command: tuple[str, ...] = ()
        self.skipped: list[str] = []
        self._workdir = PurePosixPath("/")
        self._copied: dict[PurePosixPath, str] = {}

    def take(self, word: str, rest: str) -> None:
        """Read one instruction."""
        match word:
            case "FROM":
                self._begin()
            case "ENV" | "ARG":
                self._set(rest)
            case "WORKDIR":
                self._workdir /= self._filled(rest)
            case "COPY" | "ADD":
                self._copy(rest)
            case "CMD":
                self.command = _argv(rest)
            case "ENTRYPOINT":
                self.entrypoint, self.command = _argv(rest), ()
            case "RUN":
                self.skipped.append(f"RUN {rest}")

    def directory(self) -> Path:
        """The folder of the tree that is the working directory."""
        source = self._copied.get(self._workdir, ".")
        folder = (self._tree / source).resolve()
        is_inside = folder.is_relative_to(self._tree.resolve())
        return folder if is_inside and folder.is_dir() else self._tree

    def here(self, word: str) -> str:
        """A word of the command, as a path of the tree where it is one of the working directory."""
        if word != str(self._workdir) and not word.startswith(f"{self._workdir}/".replace("//", "/")):
            return word
        inner = self.directory() / PurePosixPath(word).relative_to(self._workdir)
        return str(inner) if inner.exists() else word

    def _set(self, rest: str) -> None:
        words = _words(rest)
        if words and "=" not in words[0]:  # the old form: ENV NAME some value
            words = [f"{words[0]}={rest.partition(' ')[2].strip()}"] if len(words) > 1 else []
        for name, _, value in (word.partition("=") for word in words):
            if name != "PATH":
                self.env[name] = self._filled(value)

    def _copy(self, rest: str) -> None:
        words = _argv(rest) if rest.startswith("[") else tuple(_words(rest))
        if any(word.startswith("--from") for word in words):
            return
        *sources, target = [word for word in words if not word.startswith("--")] or [""]
        if len(sources) == 1:
            self._copied[self._workdir / self._filled(target)] = sources[0].lstrip("/") or "."

    def _filled(self, text: str) -> str:
        return _VARIABLE.sub(lambda match: self.env.get(match[1] or match[2], ""), text)


def _argv(rest: str) -> tuple[str, ...]:
    """A command in one of its two forms."""
    if rest.startswith("["):
        try:
            found = json.loads(rest)
        except ValueError as error:
            raise CheckFailed(f"the Dockerfile has a list that is not one: {rest}") from error
        if isinstance(found, list) and all(isinstance(word, str) for word in found):
            return tuple(found)
        raise CheckFailed(f"the Dockerfile has a list that is not one of texts: {rest}")
    return ("sh", "-c", rest) if rest else ()


def _words(rest: str) -> Sequence[str]:
    try:
        return shlex.split(rest)
    except ValueError as error:
        raise CheckFailed(f"the Dockerfile cannot be read: {error}: {rest}") from error
