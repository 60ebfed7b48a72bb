"""What a fake is given and what it gives back."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from fakes.kit.addresses import Reach
from fakes.kit.bucket import Bucket
from fakes.kit.clock import SettableClock
from fakes.kit.errors import ProviderError
from fakes.kit.faults import Lasting
from fakes.kit.hosts import came_by_name
from fakes.kit.ids import Ids
from fakes.kit.journal import Journal
from fakes.kit.store import Store
from fakes.kit.webhooks import Webhooks

Timing = Literal["instant", "realistic"]
Deployments = Literal["alone", "agent"]


@dataclass(frozen=True, slots=True)
class FakeSettings:
    """Settings of the fakes' process, from the environment (`fakes.settings.load`).

    Attributes:
        public_urls: Origin of each fake as clients see it, by name.
        state_dir: Folder with one SQLite file per fake; None keeps state in memory.
        blobs_dir: Folder for stored files; None means a folder below `state_dir`.
        bucket: Bucket for stored files; the folder then holds copies of some.
        speech_dir: Folder with the catalogue of known speech, or None.
        api_url: Origin of the application, as the fakes reach it (events are sent there).
        redirect_bases: Origins of the application, as browsers see it (registered OAuth redirects).
        callback_hosts: Hosts that webhooks may be sent to.
        inside: Where this process itself serves other addresses: real host name, or host:port -> origin.
        deployments: `agent` leaves deployments to one who asks for them; `alone` makes their progress up.
        timing: `instant` adds no waits to what a fake does; `realistic` adds those of the provider.
    """

    public_urls: Mapping[str, str]
    state_dir: Path | None = None
    blobs_dir: Path | None = None
    bucket: Bucket | None = None
    speech_dir: Path | None = None
    seed: int = 1
    api_url: str = "http://127.0.0.1:8401"
    redirect_bases: tuple[str, ...] = ("http://127.0.0.1:8401",)
    callback_hosts: frozenset[str] = frozenset({"127.0.0.1", "localhost"})
    inside: Mapping[str, str] = field(default_factory=dict)
    deployments: Deployments = "alone"
    timing: Timing = "instant"

    @property
    def media(self) -> Reach:
        """Where media may be fetched from: where webhooks may go, and the fakes themselves."""
        own = {urlsplit(url).hostname or "" for url in self.public_urls.values()}
        return Reach(self.callback_hosts | own, self.inside)


@dataclass(slots=True)
class Kit:
    """The tools that one fake is given."""

    name: str
    settings: FakeSettings
    clock: SettableClock
    ids: Ids
    journal: Journal
    webhooks: Webhooks
    _store: Store | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """This fake's origin by its own port, as clients see it, without a trailing slash."""
        return self.settings.public_urls[self.name]

    def url_at(self, host: str) -> str:
        """Origin of one of the provider's hosts: by its name for a client that came by one, else `url`."""
        return f"https://{host}" if came_by_name.get() else self.url

    def open_store(self, schema: str) -> Store:
        """Open this fake's SQLite file (or memory) with these tables; call it once, in `build`."""
        folder = self.settings.state_dir
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        self._store = Store(folder / f"{self.name}.db" if folder else None, schema)
        return self._store

    @property
    def store(self) -> Store:
        """The store that `open_store` made."""
        if self._store is None:
            raise RuntimeError(f"fake '{self.name}' did not open its store")
        return self._store


class State(Protocol):
    """What a fake remembers. All rows live in the kit's store."""

    def populate(self) -> None:
        """Write the accounts that are always there into empty tables."""
        ...

    def load(self, document: Mapping[str, Any]) -> None:
        """Add the rows of a seed document.

        Raises:
            ValueError: The document is not of this fake's shape; the text names the field.
        """
        ...

    def summary(self) -> dict[str, Any]:
        """Counts and what else a person wants to see first."""
        ...

    def reset(self) -> None:
        """Drop what is kept outside of the store; its rows are restored by then."""
        ...


@dataclass(frozen=True, slots=True)
class Parts:
    """What `build(kit)` of a fake returns.

    Attributes:
        error_body: The provider's JSON (or text) for an error: `wire.error_body`.
        posts: What the platform received, newest last; None for a fake that is no platform.
        forget: Removes one of these posts with its media, by its id; tells whether there was one.
        before_load: Looks outside of the store for what a seed document names, before it is loaded; raises
            ValueError when that is not there.
        close: Called at shutdown.
        headers: Headers that the provider puts on every answer, given the request.
        controls: More routes of the control surface, below `/_fake/`.
        conditions: Who has the conditions that the fake's record names, by kind.
        secret_in_path: Finds, as its group 1, the token in paths that carry one; journal and logs get none.
    """

    state: State
    routes: Sequence[BaseRoute]
    error_body: Callable[[ProviderError], Any]
    posts: Callable[[], list[dict[str, Any]]] | None = None
    forget: Callable[[str], bool] | None = None
    before_load: Callable[[Mapping[str, Any]], Awaitable[None]] | None = None
    close: Callable[[], None] | None = None
    headers: Callable[[Request], Mapping[str, str]] | None = None
    controls: Sequence[Route] = ()
    conditions: Mapping[str, Lasting] = field(default_factory=dict)
    secret_in_path: re.Pattern[str] | None = None
