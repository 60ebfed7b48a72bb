"""TikTok's errors that come on command (developers.tiktok.com/doc/tiktok-api-v2-error-handling)."""

from collections.abc import Callable, Mapping

from fakes.kit.errors import ProviderError
from fakes.tiktok import errors


def permission_missed() -> ProviderError:
    """The application was not given a permission."""
    text = "Additional permission is required for this request."  # guess: not in the documents
    return errors.api(401, "scope_permission_missed", text)


def internal() -> ProviderError:
    """TikTok's trouble; the call may be repeated."""
    return errors.api(500, "internal_error", "Something went wrong. Please try again later.")


def user_cap() -> ProviderError:
    """The application has as many creators today as it may."""
    text = "The daily quota for active publishing users from your client is reached."
    return errors.api(403, "reached_active_user_cap", text)


def old_app() -> ProviderError:
    """The creator's app is too old for photos."""
    text = "The TikTok app version of the user is too old."  # guess: not in the documents
    return errors.api(400, "app_version_check_failed", text)


ON_COMMAND: Mapping[str, Callable[[], ProviderError]] = {
    "rate_limit_exceeded": errors.rate_limited,
    "access_token_invalid": errors.token_invalid,
    "scope_not_authorized": errors.scope_not_authorized,
    "scope_permission_missed": permission_missed,
    "invalid_param": lambda: errors.api(400, "invalid_param", "A parameter is invalid."),
    "invalid_file_upload": lambda: errors.upload(400, "The file is not acceptable."),
    "internal_error": internal,
    "spam_risk_too_many_posts": errors.too_many_posts,
    "spam_risk_too_many_pending_share": errors.too_many_shares,
    "spam_risk_user_banned_from_posting": errors.banned,
    "reached_active_user_cap": user_cap,
    "unaudited_client_can_only_post_to_private_accounts": errors.unaudited,
    "url_ownership_unverified": errors.url_unverified,
    "privacy_level_option_mismatch": errors.privacy_mismatch,
    "app_version_check_failed": old_app,
    "invalid_publish_id": errors.invalid_publish_id,
    "token_not_authorized_for_specified_publish_id": errors.foreign_publish_id,
    "publish_not_cancellable": errors.not_cancellable,
}
"""Errors of the API by their code."""
LENIENT = ("spam_risk_", "reached_active_user_cap")
"""Beginnings of codes that creator_info answers with status 200 on purpose."""
