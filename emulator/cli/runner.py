"""What commands tell GitHub's runner, where they are steps of a workflow."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from emulator.cli import output


@contextmanager
def annotated(title: str) -> Iterator[None]:
    """Show an error on the run's page, too, where this is a step of a workflow."""
    from emulator.errors import EmulatorError
    from emulator.shipping import actions

    try:
        yield
    except EmulatorError as error:
        if actions.is_runner(os.environ):
            output.note(actions.annotation(title, error.what))
        raise
