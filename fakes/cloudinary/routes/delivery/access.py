"""Who may see an asset: signatures, tokens, access control, restricted types, strict transformations."""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import unquote

from starlette.requests import Request

from fakes.cloudinary import errors, tokens, wire
from fakes.cloudinary.address import Address
from fakes.cloudinary.routes.service import Service
from fakes.cloudinary.signatures import is_delivery_signed
from fakes.cloudinary.state import Account, Asset, Cloud
from fakes.cloudinary.transformation import Transformation, layers


class Access:
    """Decides on requests for one cloud.

    Args:
        service: The state, and the present.
        request: What was asked for.
        cloud: The cloud of the path.
    """

    def __init__(self, service: Service, request: Request, cloud: str) -> None:
        self._service = service
        self._request = request
        self._cloud = service.state.accounts.cloud(cloud)

    @property
    def cloud(self) -> Cloud:
        """The settings of the cloud."""
        return self._cloud

    def account(self) -> Account:
        """A key of the cloud.

        Raises:
            ProviderError: There is no such cloud, or it is production's (401).
        """
        account = self._service.state.accounts.of_cloud(self._cloud.name)
        if account is None:
            raise errors.delivery_cloud_unknown(self._cloud.name)
        if account.is_production:
            path = self._request.url.path
            raise errors.delivery_denied(
                violation=f"cloudinary: delivery of production was asked for: '{path}'"
            )
        return account

    def is_signed(self, where: Address) -> bool:
        """Whether the path carries the signature of one of the cloud's keys.

        Raises:
            ProviderError: It carries another one (401).
        """
        if where.signature is None:
            return False
        secrets = self._service.state.accounts.secrets(self._cloud.name)
        if not any(is_delivery_signed(where.signed_text, where.signature, one) for one in secrets):
            raise errors.delivery_denied()
        return True

    def check_type(self, type_: str, *, is_signed: bool) -> None:
        """Refuse a restricted delivery type without a signature.

        Raises:
            ProviderError: It is restricted (401).
        """
        if type_ in self._cloud.restricted_types and not (is_signed or self._has_token()):
            raise errors.delivery_denied()

    def check(self, asset: Asset, where: Address, *, is_signed: bool) -> None:
        """Refuse an asset that is not for everybody.

        Raises:
            ProviderError: It is not (401).
        """
        self.check_type(asset.type, is_signed=is_signed)
        is_hidden = asset.type == "authenticated" or (asset.type == "private" and not where.components)
        if is_hidden and not is_signed and not self._has_token():
            raise errors.delivery_denied()
        if self._needs_token(asset) and not self._has_token():
            raise errors.delivery_denied()

    def check_layers(self, asked: Transformation, *, is_signed: bool) -> None:
        """Refuse layers that are not for everybody without a signature.

        Source: cloudinary.com/documentation/transformation_reference (l_<image id>: delivery types).

        Raises:
            ProviderError: A layer is authenticated, or of a restricted type (401).
        """
        closed = {"authenticated", *self._cloud.restricted_types}
        named = {source.type for source in layers.sources(asked.steps)}
        if not is_signed and not closed.isdisjoint(named) and not self._has_token():
            raise errors.delivery_denied()

    def check_strict(self, asset: Asset, text: str, target: str, ending: str, *, is_signed: bool) -> None:
        """Refuse to make a derived asset that nobody allowed, where transformations are strict.

        Args:
            asset: The original.
            text: The transformation.
            target: The format that it is made in.
            ending: The extension in the path.
            is_signed: Whoever has a secret may ask for anything.

        Raises:
            ProviderError: It is not allowed (401).
        """
        if not self._cloud.is_strict or is_signed:
            return
        state = self._service.state
        is_made = state.assets.derived(asset, text, target) is not None
        if not is_made and not state.transformations.is_allowed(self._cloud.name, text, ending):
            raise errors.not_allowed_strict(f"{text}/{ending}")

    def _needs_token(self, asset: Asset) -> bool:
        """Whether rules, or the access mode, keep the asset from those without a token."""
        if not asset.access_control:
            return asset.type == "upload" and wire.access_mode(asset) == "authenticated"
        now_s = self._service.kit.clock.now()
        return not any(_is_open(rule, now_s) for rule in asset.access_control)

    def _has_token(self) -> bool:
        key = self._cloud.token_key
        text = self._request.query_params.get(tokens.NAME) or self._request.cookies.get(tokens.NAME)
        token = tokens.parse(text) if text else None
        if key is None or token is None:
            return False
        client = self._request.client
        now_s = self._service.kit.clock.now()
        return tokens.is_valid(token, key, self._paths(), now_s, client.host if client else None)

    def _paths(self) -> tuple[str, ...]:
        """The path as it was sent and decoded, each with the cloud and without."""
        raw: bytes = self._request.scope.get("raw_path") or self._request.scope["path"].encode()
        sent = raw.decode("latin-1").split("?")[0]
        prefix = f"/{self._cloud.name}/"
        spellings = [sent, unquote(sent)]
        spellings += ["/" + one.removeprefix(prefix) for one in spellings if one.startswith(prefix)]
        return tuple(dict.fromkeys(spellings))


def _is_open(rule: Mapping[str, str], now_s: float) -> bool:
    """Whether a rule lets everybody in at this time."""
    if rule.get("access_type") != "anonymous":
        return False
    start, end = (_unix_s(rule.get(name)) for name in ("start", "end"))
    return (start is None or start <= now_s) and (end is None or now_s < end)


def _unix_s(text: str | None) -> float | None:
    return datetime.fromisoformat(text).timestamp() if text else None
