"""Who asks, and what of: keys, signatures, tokens, unsigned uploads."""

from collections.abc import Iterable
from datetime import UTC, datetime

from fakes.cloudinary.errors.answers import refused
from fakes.kit.errors import ProviderError


def invalid_cloud(cloud: str, *, violation: str | None = None) -> ProviderError:
    """No cloud has this name."""
    return refused(401, f"Invalid cloud_name {cloud}", violation=violation)


def unknown_key(api_key: str, violation: str | None = None) -> ProviderError:
    """No key like this exists."""
    return refused(401, f"Unknown API key {api_key}", violation=violation)


def unknown_admin_key(_api_key: str, violation: str | None = None) -> ProviderError:
    """No key like this exists, in the Admin API's words."""
    return refused(401, "unknown api_key", violation=violation)


def cloud_mismatch(*, violation: str | None = None) -> ProviderError:
    """The key belongs to another cloud."""
    return refused(401, "cloud_name mismatch", violation=violation)


def secret_mismatch(*, violation: str | None = None) -> ProviderError:
    """The Admin API's password is wrong."""
    return refused(401, "api_secret mismatch", violation=violation)


def invalid_token() -> ProviderError:
    """An OAuth token that this cloud did not give."""
    return refused(401, "Invalid token")


def not_authorized() -> ProviderError:
    """A request to the Admin API without credentials."""
    error = refused(401, "Unknown API key ")
    error.headers["WWW-Authenticate"] = 'Basic realm="Cloudinary"'
    return error


def invalid_signature(signature: str, text: str) -> ProviderError:
    """The signature does not fit the parameters and the key's secret."""
    return refused(401, f"Invalid Signature {signature}. String to sign - '{text}'.")


def stale_request(timestamp_s: int) -> ProviderError:
    """The signature is older than an hour."""
    at = datetime.fromtimestamp(timestamp_s, UTC).strftime("%Y-%m-%d %H:%M:%S +0000")
    return refused(400, f"Stale request - reported time is {at} which is more than 1 hour ago")


def preset_required() -> ProviderError:
    """An upload with neither a signature nor a preset."""
    return refused(400, "Upload preset must be specified when using unsigned upload")


def preset_not_found() -> ProviderError:
    """No upload preset has this name."""
    return refused(400, "Upload preset not found")


def preset_not_unsigned() -> ProviderError:
    """An upload without a signature names a preset that needs one."""
    return refused(400, "Upload preset must be whitelisted for unsigned uploads")


def not_allowed_unsigned(name: str, allowed: Iterable[str]) -> ProviderError:
    """A parameter that only signed uploads may have."""
    shown = name.replace("_", " ").capitalize()
    return refused(
        400,
        f"{shown} parameter is not allowed when using unsigned upload."
        f" Only {','.join(allowed)} upload parameters are allowed.",
    )


def folder_refused(path: str, violation: str) -> ProviderError:
    """The key may not write there."""
    # guess: wording; the status is what restricted keys get
    return refused(403, f"You are not authorized to access {path}", violation=violation)


def download_expired() -> ProviderError:
    """A signed address that was good until a moment that is over."""
    return refused(401, "Signed URL has expired")  # guess: wording


def delete_token_refused(*, violation: str | None = None) -> ProviderError:
    """A delete token that does not exist, was used, or is older than ten minutes."""
    return refused(400, "Invalid token", violation=violation)  # guess: wording
