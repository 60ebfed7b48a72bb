"""YouTube's errors that come on command alone: the condition `refusal` brings them about."""

from collections.abc import Callable, Mapping

from fakes.google import errors
from fakes.kit.errors import ProviderError


def rate_limited(reason: str = "rateLimitExceeded") -> ProviderError:
    """Too many calls in a short time; Google's clients try again."""
    texts = {"userRateLimitExceeded": "User Rate Limit Exceeded"}
    return errors.api(403, reason, texts.get(reason, "Rate Limit Exceeded"), domain="usageLimits")


def backend_error() -> ProviderError:
    """Google's trouble; Google's clients try again."""
    return errors.api(503, "backendError", "Backend Error")


def too_many_thumbnails() -> ProviderError:
    """The channel has set many thumbnails lately."""
    text = "The channel has uploaded too many thumbnails recently. Please try the request again later."
    return errors.api(429, "uploadRateLimitExceeded", text, domain="youtube.thumbnail")


def channel_not_found() -> ProviderError:
    """No channel has this id."""
    return errors.api(404, "channelNotFound", "Channel not found.", domain="youtube.channel", location="id")


def _forbidden(reason: str, what: str) -> ProviderError:
    text = f"The request attempts to set an invalid {what} for the video."
    return errors.api(403, reason, text, domain=errors.VIDEO)


ON_COMMAND: Mapping[str, Callable[[], ProviderError]] = {
    "rateLimitExceeded": rate_limited,
    "authError": errors.auth_error,
    "insufficientPermissions": errors.insufficient_permissions,
    "quotaExceeded": errors.quota_exceeded,
    "userRateLimitExceeded": lambda: rate_limited("userRateLimitExceeded"),
    "backendError": backend_error,
    "forbidden": errors.suspended,
    "forbiddenPrivacySetting": lambda: _forbidden("forbiddenPrivacySetting", "privacy setting"),
    "forbiddenLicenseSetting": lambda: _forbidden("forbiddenLicenseSetting", "license"),
    "uploadLimitExceeded": errors.upload_limit,
    "youtubeSignupRequired": errors.signup_required,
    "uploadRateLimitExceeded": too_many_thumbnails,
    "channelNotFound": channel_not_found,
    "invalidVideoGameRating": lambda: errors.invalid_metadata(
        "invalidVideoGameRating",
        "The request metadata specifies an invalid video game rating.",
        "contentDetails.contentRating",
    ),
}
"""Errors that the condition `refusal` brings about, by their reason."""
