"""What the Hub answers when it refuses: a status, `X-Error-Code` where it has one, and `X-Error-Message`.

huggingface_hub tells its exceptions apart by these headers (utils/_http.py, hf_raise_for_status).
"""

from fakes.kit.errors import ProviderError

AUTHENTICATE = 'Bearer realm="Authentication required", charset="UTF-8"'


def invalid_credentials(violation: str | None = None) -> ProviderError:
    """The token is not known."""
    headers = {"WWW-Authenticate": AUTHENTICATE}
    text = "Invalid credentials in Authorization header"
    return ProviderError(401, text, headers=headers, violation=violation)


def unauthenticated() -> ProviderError:
    """No token where one is needed."""
    headers = {"WWW-Authenticate": AUTHENTICATE}
    return ProviderError(401, "Invalid username or password.", headers=headers)


def repository_hidden(violation: str | None = None) -> ProviderError:
    """Without a token, a missing and a private repository look alike.

    The client reads this 401 as a missing repository on https addresses only; the code makes it do so here.
    """
    error = unauthenticated()
    error.code = "RepoNotFound"  # guess: the Hub sends no code with this 401
    error.violation = violation
    return error


def repository_not_found(violation: str | None = None) -> ProviderError:
    """No such repository, or one that the token may not see."""
    return ProviderError(404, "Repository not found", code="RepoNotFound", violation=violation)


def revision_not_found(revision: str) -> ProviderError:
    """No branch and no commit has this name."""
    return ProviderError(404, f"Invalid rev id: {revision}", code="RevisionNotFound")


def entry_not_found() -> ProviderError:
    """No file has this path in this revision."""
    return ProviderError(404, "Entry not found", code="EntryNotFound")


def namespace_forbidden(namespace: str, violation: str | None = None) -> ProviderError:
    """The token may not create Spaces there."""
    text = f'You don\'t have the rights to create a space under the namespace "{namespace}"'
    return ProviderError(403, text, violation=violation)


def write_token_needed() -> ProviderError:
    """A token that may only read was used to change something."""
    text = "Forbidden: you must use a write token to upload to a repository."
    return ProviderError(403, text)


def not_the_owner() -> ProviderError:
    """The token may write, but not to this repository."""
    text = "Forbidden: pass `create_pr=1` as a query parameter to create a Pull Request"
    return ProviderError(403, text)


def scope_missing() -> ProviderError:
    """A fine-grained token does not have the permission for this repository."""
    text = "Forbidden: your token does not have the permissions for this repository."  # guess: wording
    return ProviderError(403, text)


def already_created(url: str) -> ProviderError:
    """A Space of this name is there."""
    return ProviderError(409, "You already created this space repo", extra={"url": url})


def outdated_parent() -> ProviderError:
    """Somebody else has committed meanwhile."""
    return ProviderError(412, "A commit has happened since. Please refresh and try again.")


def bad_request(message: str) -> ProviderError:
    """A parameter is missing or wrong."""
    return ProviderError(400, message)


def static_space() -> ProviderError:
    """Static Spaces always run (huggingface_hub: pause_space, restart_space)."""
    return ProviderError(400, "Static Spaces cannot be paused, restarted or given hardware")  # guess: wording


def invalid_metadata(messages: tuple[str, ...]) -> ProviderError:
    """The front matter of a README.md is not acceptable."""
    return ProviderError(400, messages[0], extra={"errors": [{"message": text} for text in messages]})


def lfs_missing(oid: str) -> ProviderError:
    """A commit names a large file that was not uploaded."""
    text = f"LFS pointer pointed to a file that does not exist: {oid}"  # guess: wording
    return ProviderError(400, text)


def signature_expired() -> ProviderError:
    """The address of an upload is not, or no longer, good."""
    return ProviderError(403, "Request has expired")


def checksum_mismatch() -> ProviderError:
    """What was uploaded is not what was announced."""
    return ProviderError(
        400, "The uploaded file does not match its announced SHA-256 and size"
    )  # guess: wording


def too_many_requests(wait_s: int) -> ProviderError:
    """The requests of five minutes are spent (huggingface.co/docs/hub/rate-limits)."""
    text = "We had to rate limit you. Please wait a few minutes and try again."  # guess: wording
    return ProviderError(429, text, headers={"Retry-After": str(wait_s)})


def not_covered(kind: str) -> ProviderError:
    """This fake has Spaces only."""
    return ProviderError(
        501, f"fake 'huggingface' does not cover repositories of type '{kind}'; it has spaces"
    )


def no_pull_requests() -> ProviderError:
    """This fake has no pull requests."""
    return ProviderError(501, "fake 'huggingface' does not cover pull requests; commit to main")
