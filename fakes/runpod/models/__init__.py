"""The models behind the endpoints: each answers from what it measures in what it is sent.

They are deterministic: the same input gives the same output, on every machine. No HTTP and no jobs in here.
"""

import importlib
import json
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fakes.kit.addresses import Reach


class HandlerError(Exception):
    """A handler's `{"error": ...}`: the job fails with it.

    Args:
        said: A text, or the list of texts that RunPod's input validator gives.
    """

    def __init__(self, said: str | list[str]) -> None:
        super().__init__(said)
        self.text = said if isinstance(said, str) else json.dumps(said)


class Stop:
    """Ends a call from another thread: its child processes are killed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._children: set[subprocess.Popen[bytes]] = set()
        self._is_set = False

    def set(self) -> None:
        """Stop now, and stop whatever is started later."""
        with self._lock:
            self._is_set = True
            for child in self._children:
                child.kill()

    def add(self, child: subprocess.Popen[bytes]) -> None:
        """Watch over a child process."""
        with self._lock:
            self._children.add(child)
            if self._is_set:
                child.kill()

    def remove(self, child: subprocess.Popen[bytes]) -> None:
        """Forget a child process that has ended."""
        with self._lock:
            self._children.discard(child)

    @property
    def is_set(self) -> bool:
        """Whether the call shall end."""
        return self._is_set

    def check(self) -> None:
        """Go on only if the call shall not end.

        Raises:
            HandlerError: It shall; nobody waits for what the model says any more.
        """
        if self._is_set:
            raise HandlerError("stopped")


@dataclass(frozen=True, slots=True)
class Tools:
    """What all calls share.

    Attributes:
        speech_dir: Folder of the speech that Whisper knows, or None.
        cache_dir: Where measurements of it are kept, or None.
        media: Where media may be fetched from.
    """

    speech_dir: Path | None
    cache_dir: Path | None
    media: Reach


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a model.

    Attributes:
        emit: Hands an item to the job's stream.
        lasts: Tells how many seconds of sound or video were sent.
    """

    tools: Tools
    stop: Stop
    emit: Callable[[Any], None]
    lasts: Callable[[float], None] = lambda _seconds: None


def answer(model: str, given: Any, call: Call) -> Any:
    """Run a model (a module of this package) on a job's input.

    Raises:
        HandlerError: The model refuses the input.
    """
    if not isinstance(given, dict):
        raise HandlerError("input must be an object")
    wanted = {
        name: value for name, value in given.items() if name != "namespace" and not name.startswith("mock_")
    }
    # late: numpy and Pillow cost 150 ms and 30 MB that a stack without clips never pays
    return importlib.import_module(f"{__name__}.{model}").answer(wanted, call)
