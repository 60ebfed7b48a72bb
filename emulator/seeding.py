"""Loads a seed into a running stack: rows into PostgreSQL, files into place, documents into the fakes.

What is loaded becomes the baseline that `reset` returns to: a copy of every table in a schema of the same
database, the fakes' own baselines, and links to the uploaded files.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator import tables
from emulator.errors import CheckFailed, ConfigurationRefused
from emulator.jobs import connect
from emulator.parts import Parts
from emulator.reset import fakes_client, link, replace_content, restore_uploads, stop_jobs
from emulator.statefolder import writing

if TYPE_CHECKING:
    import httpx
    from asyncpg import Connection
    from cryptography.fernet import Fernet

    from seed.clips import Asset, Places
    from seed.scenario import Scenario

NAMES = ("small", "none", "large")
_UPLOADS_AT_ONCE = 4
_ANEW = "once that is mended, load it anew with: clipnet-emulate up -d; clipnet-emulate seed"
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class SeedReport:
    """What was loaded: rows by table, files at Cloudinary, and how long each stage took in milliseconds."""

    name: str
    seed: int
    rows: Mapping[str, int]
    assets: int
    ms: float
    stages_ms: Mapping[str, float]


async def load(parts: Parts, name: str, seed: int = 1, progress: Progress = lambda _text: None) -> SeedReport:
    """Replace everything in the stack by a seed.

    Raises:
        ConfigurationRefused: There is no seed of this name, or the database has other tables than the seed.
        CheckFailed: A fake refused its document.
        StateFolderUnusable: The disk is full.
    """
    import asyncpg

    if name not in NAMES:
        raise ConfigurationRefused(f"there is no seed '{name}'", f"seeds: {', '.join(NAMES)}")
    clock = _Stages()
    if name != "none" and not _is_rendered(parts):
        progress("preparing the seed's videos (a few seconds, the first time only)")
    scenario = await asyncio.to_thread(scenario_of, parts, name, seed)
    assets = await asyncio.to_thread(_assets, parts, scenario)
    clock.mark("prepare")

    queue = connect(parts.redis_url)
    database = await asyncpg.connect(parts.database_url)
    http = fakes_client(timeout_s=60)
    try:
        await stop_jobs(queue)
        await queue.flushall(asynchronous=True)
        await asyncio.to_thread(_place_uploads, parts, scenario)
        await _place_assets(http, parts, assets)
        clock.mark("files")
        await _load_fakes(http, parts, scenario, assets)
        clock.mark("fakes")
        rows = await _load_rows(database, parts, scenario, progress)
        clock.mark("database")
        await queue.flushall(asynchronous=True)
    finally:
        await http.aclose()
        await database.close()
        await queue.aclose()
    return SeedReport(name, seed, rows, len(assets), round(sum(clock.ms.values()), 1), clock.ms)


def scenario_of(parts: Parts, name: str, seed: int) -> Scenario:
    """Return the rows and assets of a seed, rendering its videos when the cache does not hold them yet."""
    from seed import scenario
    from seed.words import words

    if name == "none":
        return scenario.none(seed)
    small = scenario.small(seed, words(seed, parts.cache_dir), rendered(parts), places_of(parts))
    return replace(small, name=name)


def _is_rendered(parts: Parts) -> bool:
    import imageio_ffmpeg

    from seed.media import is_rendered

    return is_rendered(parts.cache_dir, imageio_ffmpeg.get_ffmpeg_exe())


def rendered(parts: Parts) -> Any:
    """Return the rendered media of the seeds."""
    import imageio_ffmpeg

    from seed.media import render

    return render(parts.cache_dir, imageio_ffmpeg.get_ffmpeg_exe())


def places_of(parts: Parts) -> Places:
    """Return where browsers and the worker find this stack's Cloudinary."""
    from urllib.parse import parse_qs, urlsplit

    from seed.clips import Places

    url = urlsplit(parts.env["CLOUDINARY_URL"])
    query = parse_qs(url.query)
    sources = parts.seen_inside(query["upload_prefix"][0], "cloudinary")
    return Places(delivery=f"http://{query['cname'][0]}/{url.hostname}", sources=f"{sources}/{url.hostname}")


def _assets(parts: Parts, scenario: Scenario) -> tuple[Asset, ...]:
    if scenario.name == "none":
        return ()
    from seed import large

    return (*scenario.assets, *large.assets(rendered(parts), scenario.base))


async def _place_assets(http: httpx.AsyncClient, parts: Parts, assets: Sequence[Asset]) -> None:
    """Give the Cloudinary fake the bytes of assets that it does not have yet.

    The fake alone knows where bytes are kept and has the keys to it: nobody else needs them. Only a folder of
    this stack gets links instead, which cost nothing.
    """
    import httpx

    files = {asset.file.sha256: asset.file.path for asset in assets}
    if not files:
        return
    at_once = asyncio.Semaphore(_UPLOADS_AT_ONCE)
    url = f"{parts.fakes['cloudinary']}/_fake/blobs"

    async def put(sha256: str) -> None:
        async with at_once:
            content = await asyncio.to_thread(files[sha256].read_bytes)
            _check("cloudinary", await http.put(f"{url}/{sha256}", content=content))

    try:
        answer = _check("cloudinary", await http.post(url, json={"sha256": list(files)}))
        missing = {sha256: files[sha256] for sha256 in answer["missing"]}
        if answer["folder"] == str(parts.blobs_dir):
            await asyncio.to_thread(_link_assets, parts.blobs_dir, missing)
        else:
            await asyncio.gather(*map(put, missing))
    except httpx.TransportError as error:
        raise _unanswered("cloudinary", parts.fakes["cloudinary"], error) from error


def _link_assets(folder: Path, files: Mapping[str, Path]) -> None:
    for sha256, path in files.items():
        (folder / sha256[:2]).mkdir(parents=True, exist_ok=True)
        link(path, folder / sha256[:2] / sha256)


def _place_uploads(parts: Parts, scenario: Scenario) -> None:
    """Put uploads where the API keeps them."""
    baseline = parts.baseline_dir / "media"
    with writing(parts.state_dir):
        replace_content(baseline, baseline / "none", parts.state_dir / "tmp")
        for upload in scenario.uploads:
            target = baseline / upload.name
            target.parent.mkdir(parents=True, exist_ok=True)
            link(upload.file.path, target)
    restore_uploads(parts)


async def _load_fakes(
    http: httpx.AsyncClient, parts: Parts, scenario: Scenario, assets: Sequence[Asset]
) -> None:
    import httpx

    from seed.documents import documents

    wanted = documents(scenario, assets)

    async def put(name: str, url: str) -> None:
        try:
            answer = await http.put(f"{url}/_fake/state", json=wanted.get(name, {}))
        except httpx.TransportError as error:
            raise _unanswered(name, url, error) from error
        _check(name, answer)

    await asyncio.gather(*(put(name, url) for name, url in parts.fakes.items()))


def _unanswered(name: str, url: str, error: httpx.TransportError) -> CheckFailed:
    said = str(error) or type(error).__name__
    return CheckFailed(f"fake '{name}' at {url} does not answer: {said}", "see: clipnet-emulate status")


def _check(name: str, answer: httpx.Response) -> Any:
    """Return what a fake answered.

    Raises:
        CheckFailed: It refused.
    """
    if not answer.is_success:
        raise CheckFailed(f"fake '{name}' refused its seed: {answer.status_code} {answer.text}", _ANEW)
    return answer.json()


async def _load_rows(
    database: Connection, parts: Parts, scenario: Scenario, progress: Progress
) -> dict[str, int]:
    """Replace all rows in one transaction and keep a copy of them as the baseline."""
    import asyncpg

    await tables.prepare(database)
    known = await tables.read(database)
    sealed = _sealer(parts)
    counts: dict[str, int] = {}
    try:
        async with database.transaction():
            await database.execute(tables.deletion(known))
            for table, rows in scenario.tables.items():
                if rows:
                    columns = [field.name for field in fields(rows[0])]
                    records = [tuple(sealed(getattr(row, name)) for name in columns) for row in rows]
                    await database.copy_records_to_table(table, records=records, columns=columns)
                counts[table] = len(rows)
            if scenario.name == "large":
                await _load_many(database, parts, scenario, counts, progress)
            await database.execute(tables.numbering(known))
            await database.execute(tables.keeping(known))
            await database.execute(tables.restoration(await tables.read(database)))
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError) as error:
        raise ConfigurationRefused(
            f"the seed does not fit this database: {error}",
            "start without a seed: clipnet-emulate up --seed none",
        ) from error
    return counts


async def _load_many(
    database: Connection, parts: Parts, scenario: Scenario, counts: dict[str, int], progress: Progress
) -> None:
    """Add a million clips, batch by batch: a batch is in memory, never all of it."""
    from seed import large
    from seed.words import words

    if await database.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
        # Rows point to each other by construction: three million foreign keys need no look-up.
        await database.execute("SET LOCAL session_replication_role = replica")
    owners = [user.id for user in scenario.people.users]
    said = words(scenario.seed, parts.cache_dir)
    for batch in large.batches(scenario.seed, said, owners, places_of(parts), scenario.base):
        for table, rows in batch.tables.items():
            await database.copy_records_to_table(table, records=rows, columns=large.COLUMNS[table])
            counts[table] += len(rows)
        progress(f"{counts['clips']:,} clips")


def _sealer(parts: Parts) -> Callable[[Any], Any]:
    """Return what turns a value of a row into what the database takes: provider tokens are encrypted."""
    from cryptography.fernet import Fernet

    from seed.people import Sealed

    box: Fernet = Fernet(parts.env["TOKEN_KEY"])

    def sealed(value: Any) -> Any:
        return box.encrypt(value.text.encode()) if isinstance(value, Sealed) else value

    return sealed


class _Stages:
    """How long each stage of the work took."""

    def __init__(self) -> None:
        self.ms: dict[str, float] = {}
        self._last = time.perf_counter()

    def mark(self, stage: str) -> None:
        now = time.perf_counter()
        self.ms[stage] = round((now - self._last) * 1000, 1)
        self._last = now
