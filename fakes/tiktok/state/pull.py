"""Fetches a video from an address, as TikTok does for PULL_FROM_URL."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from fakes.kit.addresses import Reach
from fakes.kit.spool import Spool
from fakes.tiktok.state.chunks import MAX_VIDEO_BYTES

_TIMEOUT_S = 30.0


class Puller:
    """Downloads in the background, only from hosts of this stack.

    Args:
        spool: Where the files go.
        media: Where videos may be fetched from: it stands for verified domains.
    """

    def __init__(self, spool: Spool, media: Reach) -> None:
        self._spool = spool
        self._media = media
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def allows(self, url: str) -> bool:
        """Whether an address lies below a verified prefix."""
        return self._media.allows(url)

    def start(self, name: str, urls: Mapping[str, str], then: Callable[[bool], Awaitable[None]]) -> None:
        """Fetch addresses, by the file that each goes into, then tell whether that worked.

        Nothing happens while what was started under this name is under way.
        """
        if name in self._tasks:
            return
        for file in urls:
            self._spool.delete(file)
        task = asyncio.get_running_loop().create_task(self._run(urls, then))
        self._tasks[name] = task
        task.add_done_callback(lambda done: self._ended(name, done))

    def stop(self) -> None:
        """Give up what is under way."""
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()

    def _ended(self, name: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(name) is task:
            del self._tasks[name]

    async def _run(self, urls: Mapping[str, str], then: Callable[[bool], Awaitable[None]]) -> None:
        for file, url in urls.items():
            if not await self._fetch(url, file):
                await then(False)
                return
        await then(True)

    async def _fetch(self, url: str, file: str) -> bool:
        import httpx  # late: 130 ms that most runs never pay

        size_bytes = 0
        async with httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=_TIMEOUT_S) as client:
            try:
                async with client.stream("GET", self._media.target(url)) as answer:
                    if answer.status_code != 200:
                        return False
                    async for piece in answer.aiter_bytes():
                        size_bytes += len(piece)
                        if size_bytes > MAX_VIDEO_BYTES:
                            return False
                        self._spool.append(file, piece)
            except (httpx.HTTPError, httpx.InvalidURL):
                return False
        return size_bytes > 0
