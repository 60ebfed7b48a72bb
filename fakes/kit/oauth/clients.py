"""Which client sent a request, and whether it is who it says."""

from fakes.kit.credentials import is_same
from fakes.kit.oauth.ledger import Ledger
from fakes.kit.oauth.profile import Profile, Reason, Stage
from fakes.kit.oauth.records import Client, TokenRequest

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


class Clients:
    """The applications that are registered at one provider.

    Args:
        profile: Where the provider looks for the client.
        ledger: Who there is.
    """

    def __init__(self, profile: Profile, ledger: Ledger) -> None:
        self._profile = profile
        self._ledger = ledger

    def register(self, client: Client) -> None:
        """Add a client, or replace the one of this id."""
        self._ledger.add_client(client)

    def of(self, request: TokenRequest, stage: Stage) -> Client:
        """The client that sent a request, with its secret checked.

        Raises:
            ProviderError: Unknown, production's, or a wrong secret.
        """
        self.trip(request, stage)
        named = self._named(request)
        for place in self._profile.client_places:
            if place not in named:
                continue
            client_id, secret = named[place]
            client = self.known(client_id, stage)
            if not is_same(secret, client.secret):
                raise self._profile.refusal(Reason.CLIENT_SECRET_WRONG, stage, client_id)
            return client
        public = self._ledger.client(named["body"][0]) if "body" in named else None
        if public is not None and public.is_public:
            return public
        raise self._profile.refusal(Reason.CLIENT_CREDENTIALS_MISSING, stage, self._profile.client_param)

    def known(self, client_id: str | None, stage: Stage) -> Client:
        """The client of this id, for endpoints that want no secret.

        Raises:
            ProviderError: No id, an unknown one, or production's.
        """
        if not client_id:
            raise self._profile.refusal(Reason.PARAMETER_MISSING, stage, self._profile.client_param)
        client = self._ledger.client(client_id)
        if client is None:
            raise self._profile.refusal(Reason.CLIENT_UNKNOWN, stage, client_id)
        if client.is_production:
            raise self._profile.refusal(Reason.CLIENT_PRODUCTION, stage, client_id)
        return client

    def asking(self, request: TokenRequest, grant_type: str) -> Client:
        """The client that asks for a token; a device need not always show a secret, but no wrong one.

        Raises:
            ProviderError: Unknown, production's, or a wrong secret.
        """
        device = self._profile.device
        shows_none = request.basic is None and not request.params.get("client_secret")
        if grant_type == DEVICE_CODE and device is not None and not device.needs_secret and shows_none:
            return self.known(request.params.get(self._profile.client_param), "token")
        return self.of(request, "token")

    def trip(self, request: TokenRequest, stage: Stage) -> None:
        """Refuse production's client wherever a request names it.

        Raises:
            ProviderError: It does.
        """
        for client_id, _ in self._named(request).values():
            client = self._ledger.client(client_id)
            if client is not None and client.is_production:
                raise self._profile.refusal(Reason.CLIENT_PRODUCTION, stage, client_id)

    def _named(self, request: TokenRequest) -> dict[str, tuple[str, str]]:
        """Id and secret of the client by the place where they stand."""
        named: dict[str, tuple[str, str]] = {}
        if request.basic is not None:
            named["basic"] = request.basic
        if client_id := request.params.get(self._profile.client_param):
            named["body"] = client_id, request.params.get("client_secret", "")
        return named
