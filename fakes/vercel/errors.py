"""Vercel's errors: `{"error": {"code", "message", ...}}` (vercel.com/docs/rest-api/errors)."""

from collections.abc import Sequence
from typing import Any

from fakes.kit.errors import ProviderError


def api(status: int, code: str, message: str, *, violation: str | None = None, **extra: Any) -> ProviderError:
    """An error of the API; `extra` goes beside the code."""
    return ProviderError(status, message, code=code, extra=extra, violation=violation)


def bad_request(message: str) -> ProviderError:
    """A parameter is missing or wrong."""
    return api(400, "bad_request", message)


def invalid_token(violation: str | None = None) -> ProviderError:
    """No token, or none that is known."""
    return api(403, "forbidden", "Not authorized", violation=violation, invalidToken=True)


def out_of_scope(scope: str, violation: str | None = None) -> ProviderError:
    """The token does not reach this team."""
    text = (
        f'Not authorized: Trying to access resource under scope "{scope}". '
        "You must re-authenticate to this scope or use a token with access to this scope."
    )
    return api(403, "forbidden", text, violation=violation, saml=False, teamId=None, scope=scope)


def not_found(what: str, violation: str | None = None) -> ProviderError:
    """There is no such thing, or it is not this token's to see."""
    return api(404, "not_found", f"{what} not found.", violation=violation)


def deployment_not_found(name: str, violation: str | None = None) -> ProviderError:
    """No deployment has this id or host name."""
    text = f"The deployment {name} can't be found."  # guess: wording
    return api(404, "not_found", text, violation=violation)


def domain_forbidden(name: str, violation: str | None = None) -> ProviderError:
    """The domain belongs to others."""
    text = f"You don't have access to the domain {name}."
    return api(403, "forbidden", text, violation=violation)


def invalid_name() -> ProviderError:
    """No project may be called this."""
    text = (
        "Project names can be up to 100 characters long and must be lowercase. They can include "
        "letters, digits, and the following characters: '.', '_', '-'. However, they cannot contain the "
        "sequence '---'."
    )
    return api(400, "invalid_name", text)


def missing_files(digests: Sequence[str]) -> ProviderError:
    """Files of the deployment were never uploaded; the answer names them."""
    return api(400, "missing_files", "Missing files", missing=list(digests))


def alias_in_use(alias: str, violation: str | None = None) -> ProviderError:
    """The name belongs to another project."""
    return api(
        409, "alias_in_use", f"The alias {alias} is in use by another project.", violation=violation
    )  # guess: wording


def invalid_alias(alias: str) -> ProviderError:
    """The name is not a host name, or not one that can be given."""
    return api(400, "invalid_alias", f'The alias "{alias}" is not a valid host name.')  # guess: wording


def not_ready(deployment: str) -> ProviderError:
    """The deployment is not built."""
    text = f"The deployment {deployment} is not ready."
    return api(400, "deployment_not_ready", text)


def gone(deployment: str) -> ProviderError:
    """The deployment failed or was deleted: nothing can be pointed at it."""
    return api(410, "gone", f"The deployment {deployment} is gone.")  # guess: wording


def not_production(deployment: str) -> ProviderError:
    """Only what was production can be rolled back to."""
    text = f"The deployment {deployment} is not a production deployment of this project."  # guess: wording
    return api(400, "bad_request", text)


def not_cancellable(state: str) -> ProviderError:
    """The deployment has come to its end already."""
    text = (
        f"Deployment can not be canceled because it is already in a final state: {state}."  # guess: wording
    )
    return api(400, "bad_request", text)


def conflict(message: str, code: str = "conflict") -> ProviderError:
    """There is one of this name already."""
    return api(409, code, message)


def env_conflict(key: str, targets: Sequence[str]) -> ProviderError:
    """A variable of this name exists for one of the targets."""
    text = f"Another Environment Variable with the Name and Environment provided already exists: {key}"
    return api(400, "ENV_CONFLICT", text, envVarKey=key, target=list(targets))


def rate_limited(total: int, reset_s: float) -> ProviderError:
    """Too many calls with this token."""
    limit = {"total": total, "remaining": 0, "reset": int(reset_s)}
    return api(429, "rate_limited", "Rate limit exceeded.", limit=limit)
