"""Google's errors: OAuth's flat ones, and those of the JSON APIs with domain and reason."""

from fakes.kit.errors import ProviderError
from fakes.kit.oauth import Reason, Refusal

GLOBAL, VIDEO, PARAMETER = "global", "youtube.video", "youtube.parameter"


def oauth(status: int, code: str, description: str) -> ProviderError:
    """An error of the OAuth endpoints (developers.google.com/identity/protocols/oauth2/web-server)."""
    return ProviderError(status, description, code=code, extra={"oauth": True})


def refused(refusal: Refusal) -> ProviderError:
    """What Google says to a refused OAuth request or access token."""
    match refusal.stage:
        case "authorize":
            return _refused_authorization(refusal)
        case "device" if refusal.reason in (Reason.SCOPE_UNKNOWN, Reason.DEVICE_SCOPE):
            return oauth(400, "invalid_scope", f"Invalid device flow scope: {refusal.name}")
        case "api":
            return _refused_token(refusal)
        case "revoke" if refusal.reason is Reason.REVOKED_UNKNOWN:
            return oauth(400, "invalid_token", "Token expired or revoked")
    return _refused_exchange(refusal)


def _refused_authorization(refusal: Refusal) -> ProviderError:
    name = refusal.name
    match refusal.reason:
        case Reason.CLIENT_UNKNOWN | Reason.CLIENT_PRODUCTION:
            return oauth(401, "invalid_client", "The OAuth client was not found.")
        case Reason.REDIRECT_UNREGISTERED:
            text = (
                f"The redirect URI in the request, {name}, does not match the ones authorized for the client."
            )
            return oauth(400, "redirect_uri_mismatch", text)
        case Reason.SCOPE_UNKNOWN:
            return oauth(400, "invalid_scope", f"Some requested scopes were invalid. {{invalid=[{name}]}}")
        case Reason.RESPONSE_TYPE_UNSUPPORTED:
            return oauth(400, "unsupported_response_type", f"Unsupported response_type: {name}")
        case Reason.OPENID_MISSING:
            return oauth(400, "invalid_request", "Missing required scope: openid")  # guess: wording
        case Reason.CHALLENGE_METHOD_UNSUPPORTED:
            return oauth(400, "invalid_request", f"Invalid code_challenge_method: {name}")
    return oauth(400, "invalid_request", f"Missing required parameter: {name}")


def _refused_exchange(refusal: Refusal) -> ProviderError:
    match refusal.reason:
        case Reason.GRANT_TYPE_UNSUPPORTED:
            return oauth(400, "unsupported_grant_type", f"Invalid grant_type: {refusal.name}")
        case Reason.CLIENT_CREDENTIALS_MISSING:
            return oauth(400, "invalid_request", "Could not determine client ID from request.")
        case Reason.CLIENT_UNKNOWN | Reason.CLIENT_PRODUCTION:
            return oauth(401, "invalid_client", "The OAuth client was not found.")
        case Reason.CLIENT_SECRET_WRONG:
            return oauth(401, "invalid_client", "Unauthorized")
        case Reason.CODE_UNKNOWN if not refusal.name.startswith("4/"):
            return oauth(400, "invalid_grant", "Malformed auth code.")
        case Reason.REDIRECT_CHANGED:
            return oauth(400, "redirect_uri_mismatch", "Bad Request")
        case Reason.VERIFIER_MISSING:
            return oauth(400, "invalid_grant", "Missing code verifier.")
        case Reason.VERIFIER_WRONG:
            return oauth(400, "invalid_grant", "Invalid code verifier.")
        case Reason.REFRESH_DEAD:
            return oauth(400, "invalid_grant", "Token has been expired or revoked.")
        case Reason.REFRESH_OF_OTHER_CLIENT:
            return oauth(401, "unauthorized_client", "Unauthorized")
        case Reason.SCOPE_UNKNOWN:
            return oauth(400, "invalid_scope", "Bad Request")
        case Reason.DEVICE_PENDING:
            return oauth(428, "authorization_pending", "Precondition Required")
        case Reason.DEVICE_TOO_FAST:
            return oauth(403, "slow_down", "Forbidden")
        case Reason.DEVICE_DENIED:
            return oauth(403, "access_denied", "Forbidden")
        case Reason.DEVICE_UNKNOWN:
            return oauth(400, "invalid_grant", "Malformed auth code.")  # guess: wording
        case Reason.UNAVAILABLE:
            return oauth(503, "temporarily_unavailable", "Service Unavailable")  # guess: wording
        case Reason.PARAMETER_MISSING:
            return oauth(400, "invalid_request", f"Missing required parameter: {refusal.name}")
    return oauth(400, "invalid_grant", "Bad Request")


def _refused_token(refusal: Refusal) -> ProviderError:
    match refusal.reason:
        case Reason.SCOPE_MISSING:
            return insufficient_permissions()
        case Reason.BEARER_MISSING:
            return login_required()
    return auth_error()


def invalid_credentials() -> ProviderError:
    """The user information endpoint does not accept the token."""
    return oauth(401, "invalid_request", "Invalid Credentials")


def invalid_value() -> ProviderError:
    """The token information endpoint does not know the token."""
    return oauth(400, "invalid_token", "Invalid Value")


def api(
    status: int,
    reason: str,
    message: str,
    *,
    domain: str = GLOBAL,
    location: str | None = None,
    location_type: str = "parameter",
    status_name: str | None = None,
) -> ProviderError:
    """An error of the JSON APIs (developers.google.com/youtube/v3/docs/errors)."""
    extra = {"domain": domain, "location": location, "location_type": location_type}
    return ProviderError(status, message, code=reason, extra=extra | {"status_name": status_name})


def login_required() -> ProviderError:
    """No access token where one is needed."""
    error = api(
        401,
        "required",
        "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie "
        "or other valid authentication credential. See "
        "https://developers.google.com/identity/sign-in/web/devconsole-project.",
        location="Authorization",
        location_type="header",
        status_name="UNAUTHENTICATED",
    )
    error.extra["inner_message"] = "Login Required."
    error.headers["WWW-Authenticate"] = 'Bearer realm="https://accounts.google.com/"'
    return error


def key_invalid(violation: str | None = None) -> ProviderError:
    """The API key is not one of the project's."""
    text = "API key not valid. Please pass a valid API key."
    error = api(400, "badRequest", text, status_name="INVALID_ARGUMENT")
    detail = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "API_KEY_INVALID",
        "domain": "googleapis.com",
        "metadata": {"service": "youtube.googleapis.com"},
    }
    error.extra["details"] = [detail]
    error.violation = violation
    return error


def auth_error() -> ProviderError:
    """An unknown, an expired or a revoked access token."""
    error = api(
        401,
        "authError",
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or "
        "other valid authentication credential. See "
        "https://developers.google.com/identity/sign-in/web/devconsole-project.",
        location="Authorization",
        location_type="header",
        status_name="UNAUTHENTICATED",
    )
    error.extra["inner_message"] = "Invalid Credentials"
    error.headers["WWW-Authenticate"] = 'Bearer realm="https://accounts.google.com/", error="invalid_token"'
    return error


def insufficient_permissions() -> ProviderError:
    """The access token lacks the scope."""
    error = api(
        403,
        "insufficientPermissions",
        "Request had insufficient authentication scopes.",
        status_name="PERMISSION_DENIED",
    )
    error.extra["inner_message"] = "Insufficient Permission"
    detail = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        "domain": "googleapis.com",
        "metadata": {"service": "youtube.googleapis.com"},
    }
    error.extra["details"] = [detail]
    error.headers["WWW-Authenticate"] = (
        'Bearer realm="https://accounts.google.com/", error="insufficient_scope"'
    )
    return error


def quota_exceeded() -> ProviderError:
    """The project's units of the day are spent; clients do not retry this."""
    text = (
        "The request cannot be completed because you have exceeded your "
        '<a href="/youtube/v3/getting-started#quota">quota</a>.'
    )
    return api(403, "quotaExceeded", text, domain="youtube.quota")


def upload_limit() -> ProviderError:
    """The channel has uploaded as many videos as it may in 24 hours."""
    text = "The user has exceeded the number of videos they may upload."
    return api(400, "uploadLimitExceeded", text, domain=VIDEO)


def signup_required() -> ProviderError:
    """The account has no channel."""
    return api(
        401,
        "youtubeSignupRequired",
        "Unauthorized",
        domain="youtube.header",
        location="Authorization",
        location_type="header",
    )


def suspended() -> ProviderError:
    """The account may not upload."""
    return api(403, "forbidden", "Forbidden", domain=VIDEO)


def invalid_metadata(reason: str, message: str, field: str) -> ProviderError:
    """A part of a video resource is not acceptable; `field` is like `snippet.title`."""
    return api(400, reason, message, domain=VIDEO, location=f"body.{field}", location_type="other")


def invalid_filename() -> ProviderError:
    """The Slug header has a name that no file can have."""
    text = "The video filename specified in the Slug header is invalid."
    return api(400, "invalidFilename", text, domain=VIDEO, location="Slug", location_type="header")


def media_required() -> ProviderError:
    """The request brings no video."""
    return api(400, "mediaBodyRequired", "The request does not include the video content.", domain=VIDEO)


def bad_content(media_type: str, valid: str) -> ProviderError:
    """The upload is of a type that the method does not take."""
    text = f"Media type '{media_type}' is not supported. Valid media types: [{valid}]"
    return api(400, "badContent", text)


def upload_too_large() -> ProviderError:
    """The video is announced as larger than 256 GiB."""
    return api(413, "uploadTooLarge", "Request Too Large")  # guess: not recorded


def parse_error() -> ProviderError:
    """The metadata is not a JSON object."""
    return api(400, "parseError", "Parse Error")


def missing_parameter(name: str) -> ProviderError:
    """A required parameter is missing."""
    text = f"Required parameter: {name}"  # guess: the API's own wording differs by method
    return api(400, "missingRequiredParameter", text, domain=PARAMETER, location=name)


def no_filter(names: str) -> ProviderError:
    """None of the filters of a list method was sent."""
    text = f"No filter selected. Expected one of: {names}"
    return api(400, "missingRequiredParameter", text, domain=PARAMETER, location="parameters.")


def unexpected_part(name: str) -> ProviderError:
    """`part` names a part that cannot be written."""
    return api(400, "unexpectedPart", f"'{name}'", domain="youtube.part", location="part")


def unexpected_parameter(name: str) -> ProviderError:
    """The method has no such parameter."""
    text = f"Unexpected parameter: {name}"  # guess: the documents only describe it
    return api(400, "unexpectedParameter", text, domain=PARAMETER, location=name)


def incompatible_parameters(names: str) -> ProviderError:
    """Parameters of which only one may be there."""
    text = f"Incompatible parameters specified in the request: {names}"
    return api(400, "incompatibleParameters", text, domain=PARAMETER, location="parameters.")


def invalid_filters() -> ProviderError:
    """More ids than a list method takes."""
    text = "The request specifies an invalid filter parameter."
    return api(400, "invalidFilters", text, domain=PARAMETER, location="parameters.")


def out_of_range(name: str, value: str) -> ProviderError:
    """A parameter is out of its range."""
    text = f"Invalid value '{value}'. Values must be within the range: [0, 50]"
    return api(400, "invalidParameter", text, location=name)


def invalid_fields(text: str) -> ProviderError:
    """`fields` cannot be read."""
    return api(400, "invalidParameter", f"Invalid field selection {text}", location="fields")


def invalid_page_token() -> ProviderError:
    """The page token was not handed out by this method."""
    text = "The request specifies an invalid page token."
    return api(400, "invalidPageToken", text, domain=PARAMETER, location="pageToken")


def playlist_not_found() -> ProviderError:
    """No channel's uploads are this playlist."""
    text = "The playlist identified with the request's <code>playlistId</code> parameter cannot be found."
    return api(404, "playlistNotFound", text, domain="youtube.playlistItem", location="playlistId")


def unknown_part(name: str) -> ProviderError:
    """`part` names a part that the resource does not have."""
    return api(400, "unknownPart", f"'{name}'", domain="youtube.part", location="part")


def invalid_upload_type(name: str) -> ProviderError:
    """`uploadType` is not one of media, multipart and resumable."""
    return api(400, "invalidParameter", f"Invalid upload type: {name}", location="uploadType")


_NOT_FOUND = {
    "id": "The video that you are trying to delete cannot be found. Check the value of the request's "
    "<code>id</code> parameter to ensure that it is correct.",
    "body.id": "The video that you are trying to update cannot be found. Check the value of the "
    "<code>id</code> field in the request body to ensure that it is correct.",
    "videoId": "The video that you are trying to insert a thumbnail image for cannot be found. Check the "
    "value of the request's <code>videoId</code> parameter to ensure that it is correct.",
}


def video_not_found(location: str) -> ProviderError:
    """No video of this id that the caller may change; `location` tells what was tried."""
    return api(404, "videoNotFound", _NOT_FOUND[location], domain=VIDEO, location=location)


def not_owner(location: str) -> ProviderError:
    """The video belongs to another channel."""
    if location == "videoId":
        text = "The thumbnail can't be set for the specified video. The request might not be"
        text = f"{text} properly authorized."
        return api(403, "forbidden", text, domain="youtube.thumbnail", location=location)
    return api(403, "forbidden", "Forbidden", domain=VIDEO, location=location)


def invalid_image() -> ProviderError:
    """The thumbnail is not an image."""
    return api(400, "invalidImage", "The provided image content is invalid.", domain="youtube.thumbnail")


def image_too_large() -> ProviderError:
    """The thumbnail is over the limit."""
    return api(413, "mediaBodyTooLarge", "The provided image is too large.", domain="youtube.thumbnail")


def session_gone() -> ProviderError:
    """No upload session of this id: the client has to start over."""
    return api(404, "notFound", "Not Found")


def bad_range(message: str) -> ProviderError:
    """A chunk does not fit to what is stored."""
    return api(400, "badRequest", message)


def overtaken() -> ProviderError:
    """The client has gone on with this upload by another request."""
    return api(409, "conflict", "Another request has gone on with this upload.")  # guess: not recorded


def body_timeout() -> ProviderError:
    """The client announced more bytes than it sent."""
    return api(408, "requestTimeout", "Client timed out while sending the request body.")


def cancelled() -> ProviderError:
    """The client ended the upload session."""
    return ProviderError(499, "", code="cancelled")
