"""All that the fake remembers, in one SQLite file."""

from collections.abc import Callable, Mapping
from typing import Any

from fakes.kit import callbacks
from fakes.kit.documents import check_fields, rows, texts
from fakes.kit.kit import Kit
from fakes.kit.limits import Taken, Windows
from fakes.kit.oauth import SCHEMA as OAUTH_SCHEMA
from fakes.kit.oauth import Engine, Grant, Issued, SigningKey
from fakes.kit.refusals import Refusals
from fakes.twitch import oidc
from fakes.twitch.refusals import ON_COMMAND
from fakes.twitch.state import accounts, chat, clips, eventsub
from fakes.twitch.state.profile import PROFILE

SCHEMA = ";".join(
    (OAUTH_SCHEMA, accounts.SCHEMA, clips.SCHEMA, chat.SCHEMA, eventsub.SCHEMA, callbacks.SCHEMA)
)
POINTS_A_MINUTE = 800
_FIELDS = ("oauth", "users", "clips", "messages", "callbacks")


class State:
    """Accounts, clips, chat, subscriptions, grants and rate limits.

    Args:
        kit: The store is opened here.
    """

    def __init__(self, kit: Kit) -> None:
        kit.open_store(SCHEMA)
        folder = kit.settings.state_dir
        self.key = SigningKey(folder / "twitch-signing-key.pem" if folder else None)
        self.accounts = accounts.Accounts(kit)
        self.oauth = Engine(PROFILE, kit, identify=self.id_token, tell=self._disconnected)
        self._kit = kit
        self.clips = clips.Clips(kit, self.accounts)
        self.chat = chat.Chat(kit, self.accounts)
        self.eventsub = eventsub.EventSub(kit, self.accounts, self.oauth.ledger)
        self._tell: Callable[[str, accounts.User], None] | None = None
        self.refusals = Refusals(ON_COMMAND)
        self._windows = Windows(kit.clock)

    def populate(self) -> None:
        """Write what is always there."""
        self.oauth.populate()
        self.accounts.populate()
        self.eventsub.populate()

    def load(self, document: Mapping[str, Any]) -> None:
        """Add a seed document: `{"oauth", "users", "clips", "messages", "callbacks"}`, each optional.

        Raises:
            ValueError: A field is unknown or not usable.
        """
        check_fields(document, _FIELDS)
        self.oauth.load(document)
        self.accounts.load(rows(document, "users"))
        self.clips.load(rows(document, "clips"))
        self.chat.load(rows(document, "messages"))
        self.eventsub.load(texts(document, "callbacks"))

    def summary(self) -> dict[str, Any]:
        """Counts."""
        return {
            "oauth": self.oauth.summary(),
            "live": [user.login for user in self.accounts.live()],
            **self.chat.summary(),
            "subscriptions": self.eventsub.summary(),
        }

    def reset(self) -> None:
        """Forget the rate limits."""
        self._windows.clear()

    def user_of(self, grant: Grant) -> accounts.User | None:
        """The account that a token belongs to."""
        return self.accounts.by_login(grant.person.login) if grant.person else None

    def id_token(self, issued: Issued, code: str | None = None) -> str:
        """The signed id_token that goes with an access token, and with a code when both come at once."""
        user, now_s = self.user_of(issued.grant), self._kit.clock.now()
        return self.key.sign(oidc.id_claims(issued, code, user, self._kit.url_at(oidc.HOST), now_s))

    def when_disconnected(self, tell: Callable[[str, accounts.User], None]) -> None:
        """Call this with the client and the person, whenever somebody takes back an application's access."""
        self._tell = tell

    def _disconnected(self, grant: Grant) -> None:
        user = self.user_of(grant)
        if user is None or self.oauth.ledger.has_live_family(user.login, grant.client_id):
            return
        if self._tell is not None:
            self._tell(grant.client_id, user)

    def take_point(self, who: str) -> Taken:
        """Count one request of a client and user against the minute's points."""
        return self._windows.take(who, POINTS_A_MINUTE, 60.0)
