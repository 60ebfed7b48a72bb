"""Asks a stack's supervisor for a deployment and follows it to its end.

The connection is read in a thread, so that whoever waits can show how long a step has taken. Who gives up
takes the request back and waits until the supervisor has undone what it did.
"""

from __future__ import annotations

import os
import pwd
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from emulator.errors import EmulatorError, Interrupted, Relayed, SupervisorLost
from emulator.statefolder import StateFolder
from emulator.steering import connect

TICK_S = 0.1

Show = Callable[[Mapping[str, Any]], None]
"""Shown each message of the supervisor, as `steering` has them."""


@dataclass(frozen=True, slots=True)
class _End:
    """The supervisor has said all that it will say; with an error, if it ended before its answer did."""

    error: EmulatorError | None


class Following:
    """One deployment that was asked for. Use it as a context manager; leaving it takes the request back."""

    def __init__(self, folder: StateFolder, request: Mapping[str, Any]) -> None:
        """Ask.

        Raises:
            StackNotRunning: There is no supervisor.
        """
        self._steering = connect(folder)
        self._messages: queue.Queue[Mapping[str, Any] | _End] = queue.Queue()
        self._reader = threading.Thread(target=self._read, args=(request,), daemon=True)

    def __enter__(self) -> Following:
        self._steering.__enter__()
        self._reader.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._steering.take_back()
        self._steering.__exit__(*exc)

    def messages(self, tick: Callable[[], None] = lambda: None) -> Iterator[Mapping[str, Any]]:
        """Yield what the supervisor says until it has answered; call `tick` ten times a second.

        Raises:
            SupervisorLost: It ended before.
        """
        while True:
            try:
                message = self._messages.get(timeout=TICK_S)
            except queue.Empty:
                tick()
                continue
            if isinstance(message, _End):
                if message.error is not None:
                    raise message.error
                return
            yield message

    def take_back(self) -> Mapping[str, Any] | None:
        """Cancel, and wait until what was done is undone; return the record if it was too late for that."""
        self._steering.take_back()
        try:
            for message in self.messages():
                if "done" in message:
                    done: Mapping[str, Any] = message["done"]
                    return done
        except SupervisorLost:
            pass
        return None

    def _read(self, request: Mapping[str, Any]) -> None:
        end = _End(None)
        try:
            for message in self._steering.ask(request):
                self._messages.put(message)
        except EmulatorError as error:
            end = _End(error)
        self._messages.put(end)


def follow(
    folder: StateFolder, request: Mapping[str, Any], show: Show, tick: Callable[[], None]
) -> Mapping[str, Any]:
    """Ask for a deployment and show what happens; return its record once it has come to a good end.

    An interrupt cancels it; once that is done, `{"cancelled": true}` is shown and the interrupt goes on its
    way. Where it came too late, `{"too_late": true}` is shown and the deployment stands.

    Raises:
        Relayed: It failed, or was refused; it says why.
        SupervisorLost: The stack was stopped meanwhile.
    """
    with Following(folder, request) as following:
        try:
            return _ended(following.messages(tick), show)
        except (KeyboardInterrupt, Interrupted):
            done = following.take_back()
            show({"cancelled": True} if done is None else {"too_late": True})
            if done is None:
                raise
            return done


def actor(env: Mapping[str, str]) -> str:
    """Return who asks: whom a workflow says it works for, else the user of this machine."""
    named = env.get("GITHUB_ACTOR") or env.get("LOGNAME") or env.get("USER")
    if named:
        return named
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _ended(messages: Iterator[Mapping[str, Any]], show: Show) -> Mapping[str, Any]:
    for message in messages:
        show(message)
        if "error" in message:
            raise Relayed(message["error"])
        if "done" in message:
            return dict(message["done"])
    raise SupervisorLost("the supervisor's answer had no end", "see: clipnet-emulate logs supervisor")
