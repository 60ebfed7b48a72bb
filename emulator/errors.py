"""What the emulator reports to its user.

```
EmulatorError                    exit code 1   anything below that has no code of its own
├── CheckFailed                            1   a check said no (smoke, topology, doctor)
├── StackNotRunning                        3   the command needs a running stack
├── ConfigurationRefused                   4   a setting, compose.yaml or a name cannot be used
├── ProductionRefused                      5   a value belongs to production, or to another stack
├── PrerequisiteMissing                    6   a program, a server or an image is missing, or does not run
├── PortTaken                              7   another program listens on a port of this stack
├── StackBusy                              8   another `up` or `down` of this stack is at work
├── StartFailed                            9   a service died or was not ready in time
├── DataFolderBroken                      10   a data folder cannot be used by its server
├── StateFolderUnusable                   11   the state folder cannot be written
├── SupervisorLost                        12   the supervisor ended without saying why
├── BuildFailed                           13   a release cannot be made of a commit
├── DeploymentFailed                      14   a step of a deployment failed; what served before serves
└── Relayed                          as given  one of the above, told by the supervisor
```

Two more exit codes come from elsewhere: 2 for wrong usage (click), 130 and 143 after Ctrl-C and SIGTERM.
Only `cli.main` turns an error into text and an exit code.
"""

from __future__ import annotations

from typing import TypedDict


class ErrorRecord(TypedDict):
    """An error as it travels between processes and in `--json` output."""

    code: str
    exit_code: int
    what: str
    hint: str


class EmulatorError(Exception):
    """Something the user has to know, in words, with the next step."""

    exit_code = 1

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint
        if hint:
            self.add_note(f"hint: {hint}")  # which a traceback shows, as in a test

    @property
    def code(self) -> str:
        """The name of the condition."""
        return type(self).__name__

    def record(self) -> ErrorRecord:
        """Return the error as plain values."""
        return {"code": self.code, "exit_code": self.exit_code, "what": self.what, "hint": self.hint}


class CheckFailed(EmulatorError):
    """A check said no."""


class StackNotRunning(EmulatorError):
    """The command needs a running stack and there is none."""

    exit_code = 3

    def __init__(self, stack: str, waited_s: float | None = None, runtime: str | None = None) -> None:
        name = "" if stack == "default" else f" --stack {stack}"
        where = "" if runtime is None else f" --runtime {runtime}"
        waited = "" if waited_s is None else f", nor was it started within {waited_s:.1f} s"
        super().__init__(
            f"stack '{stack}' is not running{waited}", f"start it with: clipnet-emulate up -d{where}{name}"
        )


class ConfigurationRefused(EmulatorError):
    """A setting, a compose file or a name cannot be used as it is."""

    exit_code = 4


class ProductionRefused(EmulatorError):
    """A value belongs to production or to another stack."""

    exit_code = 5


class PrerequisiteMissing(EmulatorError):
    """Something that must be there, or run, is not or does not."""

    exit_code = 6


class PortTaken(EmulatorError):
    """Another program listens on a port of this stack."""

    exit_code = 7


class StackBusy(EmulatorError):
    """Another command is starting or stopping the same stack."""

    exit_code = 8


class StartFailed(EmulatorError):
    """A service died while it started, or was not ready in time."""

    exit_code = 9


class DataFolderBroken(EmulatorError):
    """A data folder cannot be used by its server."""

    exit_code = 10


class StateFolderUnusable(EmulatorError):
    """The state folder cannot be written."""

    exit_code = 11


class SupervisorLost(EmulatorError):
    """The supervisor ended without saying why."""

    exit_code = 12


class BuildFailed(EmulatorError):
    """A command that makes a release of a commit failed."""

    exit_code = 13


class DeploymentFailed(EmulatorError):
    """A deployment came to nothing; what served before serves."""

    exit_code = 14


class Relayed(EmulatorError):
    """An error that another process of ours met, with that error's name and exit code."""

    def __init__(self, record: ErrorRecord) -> None:
        super().__init__(record["what"], record["hint"])
        self.exit_code = record["exit_code"]
        self._code = record["code"]

    @property
    def code(self) -> str:
        """The name of the condition, as the other process called it."""
        return self._code


class Interrupted(BaseException):
    """The user or the system asked this command to end (a signal)."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.exit_code = 128 + signal_number
