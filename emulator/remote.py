"""Makes the bare repository of a stack, `.clipnet/<stack>/repository.git`: what is pushed to it is deployed.

Its hook `proc-receive` runs before a branch moves and can say in its own words why it does not; objects of
the push are in the repository by then, so that the supervisor finds them.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import emulator
from emulator.errors import CheckFailed, ConfigurationRefused, PrerequisiteMissing
from emulator.statefolder import StateFolder, writing

BRANCHES = ("develop", "v*")
"""What is deployed when nothing else is said: the branch of staging, and versions."""
NAME = "emulate"
_KEY = "clipnet.deploy"
_OLDEST_GIT = (2, 29)
"""The first one that has the hook."""
_PATTERN = re.compile(r"[^\s~^:\\\x00-\x1f-][^\s~^:\\\x00-\x1f]*")
_WITHIN_S = 30.0

_HOOK = """\
#!/bin/sh
# Deploys what is pushed. Made by `clipnet-emulate remote`, which makes it anew.
python={python}
if [ ! -x "$python" ]; then
  echo "the Python that deploys, $python, is not there any more; make the remote anew with: {again}" >&2
  exit 1
fi
exec "$python" -c '
import sys
sys.path[0] = sys.argv[1]
try:
    from emulator.pushes import main
except ImportError as error:
    sys.exit(f"what deploys cannot be found any more ({{error}}); make the remote anew with: {again}")
main(sys.argv[2])
' {root} "$(pwd -P)"
"""


@dataclass(frozen=True, slots=True)
class Remote:
    """The repository that is pushed to."""

    path: Path
    branches: tuple[str, ...]
    """Patterns of the branches that are deployed."""


def make(folder: StateFolder, branches: Sequence[str], env: Mapping[str, str], interpreter: str) -> Remote:
    """Make the repository, or bring the one that is there up to date; what was pushed to it stays.

    Args:
        folder: Of the stack.
        branches: Patterns as in `v*`; none keeps those that it has, at first `BRANCHES`.
        env: The user's environment; what it says of repositories is left out.
        interpreter: The Python that its hook runs with.

    Raises:
        PrerequisiteMissing: There is no git, or an old one.
        ConfigurationRefused: A pattern cannot be one, or something else lies there.
    """
    for pattern in branches:
        if not _PATTERN.fullmatch(pattern) or ".." in pattern:
            raise ConfigurationRefused(
                f"'{pattern}' cannot be the pattern of a branch", "say a name, or a part of one as in v*"
            )
    git = _Git.found(env)
    folder.create()
    path = folder.path / "repository.git"
    if path.exists() and git.ask("-C", str(path), "rev-parse", "--is-bare-repository") != "true":
        raise ConfigurationRefused(
            f"'{path}' is there and is no bare repository", f"remove it: rm -r '{path}'"
        )
    with writing(path):
        git.tell("init", "--quiet", "--bare", "--template=", "--initial-branch=develop", str(path))
        for key, value in (("receive.procReceiveRefs", "refs/"), ("core.hooksPath", "hooks")):
            git.tell("-C", str(path), "config", "--replace-all", key, value)
        wanted = tuple(branches) or patterns(path, env) or BRANCHES
        git.ask("-C", str(path), "config", "--unset-all", _KEY)
        for pattern in wanted:
            git.tell("-C", str(path), "config", "--add", _KEY, pattern)
        _write_hook(path / "hooks" / "proc-receive", folder.path.name, interpreter)
    return Remote(path, wanted)


def patterns(repository: Path, env: Mapping[str, str]) -> tuple[str, ...]:
    """Return the patterns of the branches that a push deploys."""
    return tuple(_Git.found(env).ask("-C", str(repository), "config", "--get-all", _KEY).splitlines())


def add(remote: Remote, project: Path, name: str, env: Mapping[str, str]) -> bool:
    """Add the remote to the repository in a folder; tell whether it was not there already.

    Raises:
        ConfigurationRefused: The folder is in no repository, or the name is taken or cannot be one.
    """
    git = _Git.found(env)
    if not git.ask("-C", str(project), "rev-parse", "--git-dir"):
        raise ConfigurationRefused(
            f"'{project}' is in no git repository", "make it one: git init && git add . && git commit"
        )
    there = git.ask("-C", str(project), "remote", "get-url", "--", name)
    if there == str(remote.path):
        return False
    if there:
        raise ConfigurationRefused(
            f"the remote '{name}' is there already and leads to '{there}'",
            f"let it lead here with: git remote set-url {name} {shlex.quote(str(remote.path))}",
        )
    try:
        git.tell("-C", str(project), "remote", "add", "--", name, str(remote.path))
    except CheckFailed as error:
        raise ConfigurationRefused(
            f"'{name}' cannot name a remote: {error.what}", f"the usual one is: --add {NAME}"
        ) from error
    return True


@dataclass(frozen=True, slots=True)
class _Git:
    """Git as the user has it, told nothing of a repository by the environment."""

    program: str
    env: Mapping[str, str]

    @classmethod
    def found(cls, env: Mapping[str, str]) -> _Git:
        program = shutil.which("git", path=env.get("PATH"))
        if program is None:
            raise PrerequisiteMissing("git is not installed", "install git, or put it on the PATH")
        clean = {name: value for name, value in env.items() if not name.startswith("GIT_")}
        git = cls(program, {**clean, "LC_ALL": "C"})
        version = re.search(r"(\d+)\.(\d+)", git.ask("version"))
        if version is None or (int(version[1]), int(version[2])) < _OLDEST_GIT:
            raise PrerequisiteMissing(
                f"'{program}' is {git.ask('version') or 'no git'}: its pushes cannot be answered",
                "install git 2.29 or later",
            )
        return git

    def ask(self, *arguments: str) -> str:
        """Return what a command prints; nothing if it fails."""
        done = self._run(*arguments)
        return done.stdout.strip() if done.returncode == 0 else ""

    def tell(self, *arguments: str) -> None:
        """Run a command that must work.

        Raises:
            CheckFailed: It does not.
        """
        done = self._run(*arguments)
        if done.returncode != 0:
            raise CheckFailed(done.stderr.strip().removeprefix("fatal: ").removeprefix("error: "))

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.program, *arguments],
            env=dict(self.env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_WITHIN_S,
            check=False,
        )


def _write_hook(path: Path, stack: str, interpreter: str) -> None:
    again = "clipnet-emulate remote" if stack == "default" else f"clipnet-emulate --stack {stack} remote"
    root = str(Path(emulator.__file__).parents[1])
    text = _HOOK.format(python=shlex.quote(interpreter), again=again, root=shlex.quote(root))
    path.parent.mkdir(exist_ok=True)
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(text)
    fresh.chmod(0o755)
    fresh.rename(path)
