"""Why a step did not succeed: `Permanent` is never tried again, `Transient` is, `Postponed` waits its turn.

`code` is for programs and never changes; `str(error)` is a sentence that is shown to the clip's owner.
"""

from __future__ import annotations


class StepError(Exception):
    """A step failed for a reason that we know."""

    def __init__(self, code: str, words: str) -> None:
        self.code = code
        super().__init__(words)


class Permanent(StepError):
    """Trying again cannot help: not a video, refused credentials, a host that is not allowed."""


class Transient(StepError):
    """It may succeed later: a connection that broke, a service that is overloaded."""


class Postponed(StepError):
    """It will succeed later and is no failure: a daily quota is used up. Costs no attempt."""

    def __init__(self, code: str, words: str, *, after_s: float) -> None:
        self.after_s = after_s
        super().__init__(code, words)


class Gone(Exception):
    """What the job is about is no longer in the database: deleted, or the whole stack was reset."""


class Aborted(Exception):
    """The job was asked to stop."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"stopped: {reason}")


def words_of(error: BaseException) -> str:
    """Return the sentence to keep of an error: bounded, and without NUL, which PostgreSQL cannot store."""
    if isinstance(error, TimeoutError):
        return "took longer than its time limit"
    text = str(error) if isinstance(error, StepError | Aborted) else f"{type(error).__name__}: {error}"
    return text.replace("\0", "")[:1000]


def code_of(error: BaseException) -> str:
    """Return the code to keep of an error."""
    if isinstance(error, StepError):
        return error.code
    if isinstance(error, Aborted):
        return "cancelled"
    return "timed_out" if isinstance(error, TimeoutError) else "internal_error"
