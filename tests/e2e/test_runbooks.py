"""Every command in docs/runbooks is run, in its order, against a real stack; what it prints is compared.

A block of `sh` must end with exit code 0, or with the one that it says (`sh exit=13`). A block of `text`
right after it is what it prints; numbers, ids, ages, sizes and paths may differ. `...` stands for any text.
"""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import redis.asyncio

from tests.emulator.project import free_base

pytestmark = pytest.mark.embedded("starts a stack of its own")

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "runbooks"
WITHIN_S = 240.0
_COMMAND = """\
#!/bin/sh
case " $* " in *" --stack qa "*) export CLIPNET_PORT_BASE={other} ;; esac
exec {python} -m emulator "$@"
"""
_COMMITS = """
git init -q -b develop
git config user.name Anna
git config user.email anna@clipnet.test
git add -A && git commit -qm First && git tag first && git branch main
git commit -q --allow-empty -m Second && git tag second
git switch -qc feature/banner && git commit -q --allow-empty -m "Show the banner"
git switch -qc broken develop
echo 'raise SystemExit("no such setting: BANNER")' > clipnet/api/__main__.py
git commit -qam "Forget a setting"
git switch -q develop
"""
_BLOCK = re.compile(r"^```(sh|text)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MASKS = (
    (r"\x1b\[[0-9;]*m", ""),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "N"),
    (r"\+[0-9a-f]{7}\b", "+N"),
    (r"\b[0-9a-f]{7,40}\b", "N"),
    (r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\b", "N"),
    (r"\b\d+(\.\d+)? (ms|s|min|h|d|B|KB|MB|GB)\b", "N"),
    (r"\d[\d,]*(\.\d+)*", "N"),
    (r"[ \t]+", " "),
    (r"/\S*/\.clipnet/", "/.clipnet/"),
)


@dataclass(frozen=True, slots=True)
class Block:
    """One block of commands, the exit code that it ends with, and what it prints, if that is said."""

    commands: str
    exit_code: int
    output: str | None
    line: int


def blocks(text: str) -> list[Block]:
    """Return the blocks of a runbook in their order."""
    found: list[Block] = []
    end = -1
    for match in _BLOCK.finditer(text):
        kind, says, body = match.groups()
        line = text.count("\n", 0, match.start()) + 1
        if kind == "sh":
            code = re.search(r"exit=(\d+)", says)
            found.append(Block(body, int(code[1]) if code else 0, None, line))
        elif found and not text[end : match.start()].strip():
            last = found.pop()
            found.append(Block(last.commands, last.exit_code, body, last.line))
        else:
            raise AssertionError(f"line {line}: output that follows no command")
        end = match.end()
    return found


def masked(text: str) -> list[str]:
    """Return the lines of an output without what differs from run to run."""
    for pattern, mark in _MASKS:
        text = re.sub(pattern, mark, text)
    return [line.strip() for line in text.splitlines() if line.strip()]


def fits(said: str, printed: str) -> bool:
    """Tell whether what was printed is what the runbook says; a line of `...` stands for any lines."""
    pattern = "".join(
        r"(?:[^\n]*\n)*?" if line == "..." else f"{'.*'.join(map(re.escape, line.split('...')))}\n"
        for line in masked(said)
    )
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in masked(printed))) is not None


@dataclass(frozen=True, slots=True)
class Scratch:
    """A project with a running stack, in which the commands of a runbook are run."""

    path: Path
    env: Mapping[str, str]

    def run(self, commands: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a block as a person types it; what it prints comes in one piece."""
        return subprocess.run(
            ["bash", "-eu", "-o", "pipefail", "-c", commands],
            cwd=self.path,
            env={**self.env, **more},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=WITHIN_S,
            check=False,
        )

    def must(self, commands: str) -> str:
        """Run something that must work, and return what it prints."""
        done = self.run(commands)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def url(self, name: str) -> str:
        """Return an address that `clipnet-emulate env` prints."""
        return self.must(f'eval "$(clipnet-emulate env)"; printf %s "${name}"')


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory, media_cache: Path) -> Iterator[Scratch]:
    path = tmp_path_factory.mktemp("project")
    programs = tmp_path_factory.mktemp("bin")
    command = programs / "clipnet-emulate"
    command.write_text(_COMMAND.format(python=shlex.quote(sys.executable), other=free_base()))
    command.chmod(0o755)
    env = {name: value for name, value in os.environ.items() if not name.startswith(("CLIPNET_", "GIT_"))}
    env |= {
        "PATH": f"{programs}:{env['PATH']}",
        "PYTHONPATH": str(ROOT),
        "LOGNAME": "anna",
        "CLIPNET_CACHE_DIR": str(media_cache),
        "CLIPNET_PORT_BASE": str(free_base()),
        "CLIPNET_FSYNC": "off",
    }
    found = Scratch(path, env)
    _make_repository(found)
    try:
        found.must("clipnet-emulate up -d")
        yield found
    finally:
        found.run("clipnet-emulate down --wipe; clipnet-emulate --stack qa down --wipe")


def _make_repository(scratch: Scratch) -> None:
    """Put ClipNET into a repository of somebody, with a second commit and one that cannot start."""
    for name in ("clipnet", "pyproject.toml"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, scratch.path / name)
    (scratch.path / ".gitignore").write_text("__pycache__/\n.clipnet/\n")
    scratch.must(_COMMITS)


def stuck(scratch: Scratch) -> Mapping[str, str]:
    """Leave a job whose time never comes."""
    asyncio.run(_add(scratch.url("REDIS_URL"), "stuck", "delayed"))
    return {}


def broken(scratch: Scratch) -> Mapping[str, str]:
    """Leave two jobs that have failed for good; the first one is to be retried by itself."""
    scratch.must("clipnet-emulate jobs clear")
    asyncio.run(_add(scratch.url("REDIS_URL"), "clip1", "failed"))
    asyncio.run(_add(scratch.url("REDIS_URL"), "clip2", "failed"))
    return {"JOB": "clip1-post_youtube"}


async def _add(redis_url: str, clip: str, state: str) -> None:
    """Add a job as BullMQ keeps it; its clip is nowhere, so that the worker has done with it at once."""
    now_ms = round(datetime.now(UTC).timestamp() * 1000)
    name, subject = (
        ("clip:process", "clip_process") if state == "delayed" else ("post:youtube", "post_youtube")
    )
    job_id, clip_id = f"{clip}-{subject}", str(uuid4())
    payload = f'{{"clip": "{clip_id}"' + (f', "post": "{uuid4()}"}}' if state == "failed" else "}")
    body: dict[Any, Any] = {
        "name": name,
        "data": payload,
        "opts": '{"attempts": 3}',
        "timestamp": now_ms - 3_600_000 * (2 if clip == "clip1" else 1),
    }
    if state == "failed":
        body |= {"atm": 3, "failedReason": "platform_unavailable: YouTube answered 503", "finishedOn": now_ms}
    async with redis.asyncio.from_url(redis_url) as client:
        await client.hset(f"bull:clipnet:{job_id}", mapping=body)
        score = now_ms if state == "failed" else (now_ms + 30 * 86_400_000) * 0x1000
        await client.zadd(f"bull:clipnet:{state}", {job_id: score})


def aged(scratch: Scratch) -> Mapping[str, str]:
    """Let everything old go, then leave one clip of last month."""
    scratch.must("clipnet-emulate prune --older-than 0s")
    asyncio.run(_add_clip(scratch.url("DATABASE_URL"), Path(scratch.url("MEDIA_DIR"))))
    return {}


async def _add_clip(database_url: str, media_dir: Path) -> None:
    clip, at = uuid4(), datetime.now(UTC) - timedelta(days=30)
    database = await asyncpg.connect(database_url)
    await database.execute(
        "INSERT INTO clips (id, title, state, source_kind, created_at, updated_at)"
        " VALUES ($1, 'Old forecast', 'ready', 'upload', $2, $2)",
        clip,
        at,
    )
    await database.execute(
        "INSERT INTO job_runs (job_id, name, clip_id, attempt, state, started_at, finished_at)"
        " VALUES ($2, 'clip:process', $1, 1, 'completed', $3, $3)",
        clip,
        f"{clip}-clip_process",
        at,
    )
    await database.close()
    (media_dir / "uploads" / str(clip)).mkdir(parents=True)
    (media_dir / "uploads" / str(clip) / "source.mp4").write_bytes(b"x" * 10_000)


def fresh(scratch: Scratch) -> Mapping[str, str]:
    """Begin with a new stack, no remote, and the branches as they were."""
    scratch.must("clipnet-emulate down --wipe; clipnet-emulate up -d")
    scratch.must("git remote remove emulate || true; git switch -qf develop; git reset -q --hard second")
    return {}


def deployed_twice(scratch: Scratch) -> Mapping[str, str]:
    """Let the second of two releases serve."""
    fresh(scratch)
    scratch.must(
        "clipnet-emulate deploy --no-smoke --ref first; clipnet-emulate deploy --no-smoke --ref second"
    )
    return {}


def with_remote(scratch: Scratch) -> Mapping[str, str]:
    """Begin with a new stack whose remote is there."""
    fresh(scratch)
    scratch.must("clipnet-emulate remote --add")
    return {}


STATES: Mapping[str, Callable[[Scratch], Mapping[str, str]]] = {
    "deploy": fresh,
    "rollback": deployed_twice,
    "promotion": with_remote,
    "stuck-jobs": stuck,
    "rerun-jobs": broken,
    "clean-up": aged,
}
"""Runbook -> what brings about the state that it is for, and returns the variables that it names."""


def test_every_runbook_is_run() -> None:
    assert {path.stem for path in FOLDER.glob("*.md")} == set(STATES)


@pytest.mark.parametrize("name", STATES)
def test_a_runbook_does_what_it_says(name: str, scratch: Scratch) -> None:
    steps = blocks((FOLDER / f"{name}.md").read_text())
    assert steps
    variables = STATES[name](scratch)

    for step in steps:
        done = scratch.run(step.commands, **variables)

        where = f"{name}.md:{step.line}: {step.commands}"
        assert done.returncode == step.exit_code, f"{where}\n{done.stdout}"
        if step.output is not None:
            assert fits(step.output, done.stdout), f"{where}\nsaid:\n{step.output}\nprinted:\n{done.stdout}"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.md")), ids=lambda path: path.stem)
def test_links_between_runbooks_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", path.read_text())

    assert [link for link in links if not (FOLDER / link).exists()] == []
