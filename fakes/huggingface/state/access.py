"""Which Spaces a token may see and change."""

from fakes.huggingface import errors
from fakes.huggingface.state.spaces import Space, Spaces
from fakes.huggingface.state.tokens import PRODUCTION_NAMESPACE, PRODUCTION_TOKEN, Token, Tokens
from fakes.kit.credentials import is_same
from fakes.kit.errors import ProviderError
from fakes.kit.refusals import Refusals


class Access:
    """The rules of tokens, and production as a tripwire.

    Args:
        tokens: All tokens.
        spaces: All Spaces.
        refusals: What is refused on command.
    """

    def __init__(self, tokens: Tokens, spaces: Spaces, refusals: Refusals) -> None:
        self._tokens = tokens
        self._spaces = spaces
        self._refusals = refusals

    def caller(self, token: str | None) -> Token | None:
        """Whose token this is; None without one.

        Raises:
            ProviderError: It is not known (401), or refused on command.
        """
        if token is None:
            return None
        if is_same(token, PRODUCTION_TOKEN):
            raise errors.invalid_credentials("production's token was used at Hugging Face")
        found = self._tokens.find(token)
        if found is None:
            raise errors.invalid_credentials()
        self._refusals.strike()
        return found

    def visible(self, caller: Token | None, space_id: str) -> Space:
        """A Space that the caller may see.

        Raises:
            ProviderError: There is none, or a hidden one (404; 401 without a token).
        """
        missing = errors.repository_hidden if caller is None else errors.repository_not_found
        if space_id.partition("/")[0].lower() == PRODUCTION_NAMESPACE:
            raise missing(f"production's Space '{space_id}' was asked for at Hugging Face")
        space = self._spaces.find(space_id)
        if space is None or (space.is_private and not (caller and caller.may_see(space.id))):
            raise missing()
        return space

    def writable(self, caller: Token | None, space_id: str) -> Space:
        """A Space that the caller may change.

        Raises:
            ProviderError: As for `visible`; no token (401), or one that does not allow it (403).
        """
        space = self.visible(caller, space_id)
        if caller is None:
            raise errors.unauthenticated()
        if not caller.may_write(space.id):
            raise _why_not(caller, space)
        return space


def _why_not(caller: Token, space: Space) -> ProviderError:
    if caller.role == "read":
        return errors.write_token_needed()
    return errors.scope_missing() if caller.user == space.namespace else errors.not_the_owner()
