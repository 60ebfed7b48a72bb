"""All that the fake remembers, in one SQLite file."""

from collections.abc import Mapping
from typing import Any

from fakes.kit import callbacks
from fakes.kit.documents import check_fields, rows, texts
from fakes.kit.kit import Kit
from fakes.kit.limits import Taken, Windows
from fakes.kit.oauth import SCHEMA as OAUTH_SCHEMA
from fakes.kit.oauth import Engine
from fakes.kit.refusals import Refusals
from fakes.kit.snowflake import Snowflakes
from fakes.x.refusals import ON_COMMAND
from fakes.x.state import media, posts, users, webhooks
from fakes.x.state.posts import EPOCH_MS
from fakes.x.state.profile import PROFILE

SCHEMA = ";".join((OAUTH_SCHEMA, users.SCHEMA, posts.SCHEMA, media.SCHEMA, webhooks.SCHEMA, callbacks.SCHEMA))
WINDOW_S = 900.0
_FIELDS = ("oauth", "posts", "callbacks")


class State:
    """Accounts, posts, media, webhooks, grants and rate limits.

    Args:
        kit: The store is opened here.
    """

    def __init__(self, kit: Kit) -> None:
        kit.open_store(SCHEMA)
        self.ids = Snowflakes(kit.clock, EPOCH_MS)
        self.oauth = Engine(PROFILE, kit)
        self.users = users.Users(kit)
        self.media = media.MediaLibrary(kit, self.ids)
        self.posts = posts.Posts(kit, self.users, self.media, self.ids)
        self.webhooks = webhooks.ActivityWebhooks(kit, self.ids)
        self.refusals = Refusals(ON_COMMAND)
        self._windows = Windows(kit.clock)

    def populate(self) -> None:
        """Write what is always there."""
        self.oauth.populate()
        self.users.populate()
        self.webhooks.populate()

    def load(self, document: Mapping[str, Any]) -> None:
        """Add a seed document: `{"oauth", "posts", "callbacks"}`, each optional.

        Raises:
            ValueError: A field is unknown or not usable.
        """
        check_fields(document, _FIELDS)
        self.oauth.load(document)
        self.posts.load(rows(document, "posts"))
        self.webhooks.load(texts(document, "callbacks"))

    def summary(self) -> dict[str, Any]:
        """Counts."""
        counts = self.posts.summary() | self.media.summary() | self.webhooks.summary()
        return {"oauth": self.oauth.summary(), **counts}

    def reset(self) -> None:
        """Forget the rate limits."""
        self._windows.clear()

    def take(self, who: str, what: str, limit: int) -> Taken:
        """Count one request of a user or application against the quarter of an hour."""
        return self._windows.take(f"{what} {who}", limit, WINDOW_S)
