"""TikTok's errors: flat ones of OAuth, and those in the envelope of the API."""

from fakes.kit.errors import ProviderError
from fakes.kit.oauth import Reason, Refusal


def oauth(code: str, description: str) -> ProviderError:
    """An OAuth error (developers.tiktok.com/doc/oauth-error-handling); commonly sent with status 200."""
    return ProviderError(200, description, code=code, extra={"oauth": True})


def refused(refusal: Refusal) -> ProviderError:
    """What TikTok says to a refused OAuth request or access token."""
    if refusal.stage == "api":
        return scope_not_authorized() if refusal.reason is Reason.SCOPE_MISSING else token_invalid()
    match refusal.reason:
        case Reason.CLIENT_UNKNOWN | Reason.CLIENT_PRODUCTION | Reason.CLIENT_SECRET_WRONG:
            error = oauth("invalid_client", "Client key or secret is incorrect.")
        case Reason.GRANT_TYPE_UNSUPPORTED:
            error = oauth("unsupported_grant_type", f"Unsupported grant type: {refusal.name}")
        case Reason.CODE_UNKNOWN | Reason.CODE_OF_OTHER_CLIENT:
            error = oauth("invalid_grant", "Authorization code is invalid.")  # guess: not in the documents
        case Reason.CODE_USED | Reason.CODE_EXPIRED:
            error = oauth("invalid_grant", "Authorization code is expired.")
        case Reason.REDIRECT_CHANGED | Reason.REDIRECT_UNREGISTERED:
            error = oauth("invalid_request", "Redirect URI does not match.")  # guess: not in the documents
        case Reason.CHALLENGE_MISSING | Reason.VERIFIER_MISSING | Reason.VERIFIER_WRONG:
            error = oauth("invalid_request", "Code verifier or code challenge is invalid.")
        case Reason.REFRESH_UNKNOWN | Reason.REFRESH_DEAD | Reason.REFRESH_OF_OTHER_CLIENT:
            error = oauth("invalid_grant", "Refresh token is invalid or expired.")
        case Reason.REVOKED_UNKNOWN:
            error = oauth("invalid_request", "The access token is invalid or not found in the request.")
        case Reason.UNAVAILABLE:
            error = oauth("temporarily_unavailable", "Service is temporarily unavailable.")  # guess: wording
        case Reason.SCOPE_UNKNOWN:
            error = oauth("invalid_scope", f"Scope is invalid: {refusal.name}")
        case _:
            error = oauth("invalid_request", "The request parameters are malformed.")
    if refusal.stage == "authorize":
        error.status = 400
    return error


def api(status: int, code: str, message: str) -> ProviderError:
    """An error of the API (developers.tiktok.com/doc/tiktok-api-v2-error-handling)."""
    return ProviderError(status, message, code=code)


def token_invalid() -> ProviderError:
    """No access token, an unknown, an expired or a revoked one."""
    return api(401, "access_token_invalid", "The access token is invalid or not found in the request.")


def scope_not_authorized() -> ProviderError:
    """The access token lacks the scope."""
    text = "The user did not authorize the scope required for completing this request."
    return api(401, "scope_not_authorized", text)


def rate_limited() -> ProviderError:
    """Too many calls with this access token within a minute."""
    text = "The API rate limit was exceeded. Please try again later."
    return api(429, "rate_limit_exceeded", text)


def invalid_params(message: str) -> ProviderError:
    """A parameter is missing or wrong."""
    return api(400, "invalid_params", message)


def privacy_mismatch() -> ProviderError:
    """The creator does not offer this privacy level."""
    text = "Please use one of the privacy levels that creator_info returns."
    return api(403, "privacy_level_option_mismatch", text)


def unaudited() -> ProviderError:
    """An application that was not audited posts for others than the creator alone."""
    code = "unaudited_client_can_only_post_to_private_accounts"
    return api(403, code, "Unaudited clients can only post to private accounts.")


def url_unverified() -> ProviderError:
    """The video's address is not below a verified prefix."""
    text = "The ownership of the URL of the video is not verified."
    return api(403, "url_ownership_unverified", text)


def too_many_posts(status: int = 403) -> ProviderError:
    """The creator's posts of a day are spent; creator_info says so with status 200."""
    text = "The daily post cap from the API is reached for the current user."
    return api(status, "spam_risk_too_many_posts", text)


def too_many_shares() -> ProviderError:
    """Five drafts wait in the creator's inbox already."""
    text = "There may be at most 5 pending shares within any 24-hour period."
    return api(403, "spam_risk_too_many_pending_share", text)


def banned(status: int = 403) -> ProviderError:
    """The creator may not post; creator_info says so with status 200."""
    text = "The user is banned from making new posts."
    return api(status, "spam_risk_user_banned_from_posting", text)


def invalid_publish_id() -> ProviderError:
    """No post was begun with this id."""
    return api(400, "invalid_publish_id", "The publish_id does not exist.")


def foreign_publish_id() -> ProviderError:
    """The post was begun with another creator's token."""
    text = "The token is not authorized for the publish_id."
    return api(400, "token_not_authorized_for_specified_publish_id", text)


def not_cancellable() -> ProviderError:
    """The post has come to its end already."""
    return api(400, "publish_not_cancellable", "The publish task can not be cancelled.")


def overtaken() -> ProviderError:
    """The client sends this chunk, or a later one, by another request."""
    return upload(503, "Another request has gone on with this upload.")  # guess: not in the documents


def upload(status: int, message: str) -> ProviderError:
    """An answer of the upload host (developers.tiktok.com/doc/content-posting-api-media-transfer-guide)."""
    return api(status, "invalid_file_upload", message)
