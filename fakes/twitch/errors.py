"""What Twitch answers when it refuses."""

from fakes.kit.errors import ProviderError

TOO_MANY = "Too Many Requests"
_ID = {"server": "id"}


def id_error(status: int, message: str) -> ProviderError:
    """An error of the id server, which sends status and message only."""
    return ProviderError(status, message, extra=_ID)


def invalid_refresh_token() -> ProviderError:
    """The refresh token is unknown, spent or revoked; here the id server does send `error`."""
    return ProviderError(400, "Invalid refresh token", extra={**_ID, "names_status": True})


def invalid_access_token() -> ProviderError:
    """The token to validate is unknown, expired or revoked (dev.twitch.tv: Validating Tokens)."""
    return id_error(401, "invalid access token")


def bad_request(message: str) -> ProviderError:
    """A parameter is missing or has a bad value."""
    return ProviderError(400, message)


def missing_parameter(name: str) -> ProviderError:
    """A required parameter is missing."""
    return ProviderError(400, f'Missing required parameter "{name}"')


def unauthorized(message: str) -> ProviderError:
    """The token is missing, wrong, of another client, or lacks a scope."""
    return ProviderError(401, message)


def client_mismatch() -> ProviderError:
    """The Client-Id header is not the client that the token was given to."""
    return ProviderError(401, "Client ID and OAuth token do not match")


def production_client(client_id: str) -> ProviderError:
    """Staging named production's client; its tokens are not here."""
    return ProviderError(
        401, "Invalid OAuth token", violation=f"production client '{client_id}' was named at Twitch"
    )


def user_token_needed() -> ProviderError:
    """The endpoint acts for a person, the token is an application's."""
    return ProviderError(401, "Missing User OAUTH Token")


def app_token_needed() -> ProviderError:
    """EventSub over webhooks is only for application tokens."""
    return ProviderError(401, "invalid transport and auth combination")


def wrong_sender() -> ProviderError:
    """Somebody else's token was used to send a message."""
    return ProviderError(
        401, "The ID in sender_id must match the user ID in the user access token."
    )  # guess: wording


def sender_not_permitted() -> ProviderError:
    """The sender may not write in this chat: banned, or the application has not been let in."""
    return ProviderError(
        403, "The sender is not permitted to send chat messages to the broadcaster's chat room."
    )


def message_too_large() -> ProviderError:
    """Over 500 characters."""
    return ProviderError(422, "The message is too large")


def clip_of_nobody() -> ProviderError:
    """No such broadcaster."""
    return ProviderError(400, "The broadcaster in the broadcaster_id query parameter was not found.")


def clip_forbidden() -> ProviderError:
    """The person may not clip this broadcaster."""
    return ProviderError(403, "User does not have permissions to Clip on this channel.")


def clip_disabled() -> ProviderError:
    """The broadcaster lets nobody clip, or only followers or subscribers."""
    return ProviderError(403, "Clips are disabled or restricted on this channel.")  # guess: wording


def clip_category() -> ProviderError:
    """What is streamed must not be clipped."""
    return bad_request("The broadcaster's category is not clippable.")  # guess: wording


def clip_title() -> ProviderError:
    """AutoMod does not let the title pass."""
    return bad_request("The title did not pass AutoMod.")  # guess: wording


def not_live() -> ProviderError:
    """Clips are cut from a running broadcast."""
    return ProviderError(404, "Clipping is not possible for an offline channel.")


def subscription_exists() -> ProviderError:
    """Same type, condition and callback."""
    return ProviderError(409, "subscription already exists")


def missing_authorization() -> ProviderError:
    """The people of the condition have not let the application in."""
    return ProviderError(403, "subscription missing proper authorization")


def too_many_alike() -> ProviderError:
    """More than three subscriptions of the same type and condition."""
    return ProviderError(429, "number of subscriptions with the same type and condition exceeds the limit")


def subscription_not_found() -> ProviderError:
    """No subscription has this id."""
    return ProviderError(404, "subscription not found")


def too_many_requests() -> ProviderError:
    """The minute's points are spent."""
    return ProviderError(429, TOO_MANY)
