"""What deploy, rollback and promote share: asking the stack, showing the steps, printing how it ended."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from emulator.cli import output
from emulator.cli.options import Common
from emulator.cli.steps import Steps


def ask(common: Common, request: Mapping[str, Any]) -> None:
    """Ask the running stack for a deployment, show how it goes, and print its end."""
    from emulator.deployments import actor, follow
    from emulator.launch import interruptible
    from emulator.stack import Stack

    stack = Stack.running(common.settings())
    steps = Steps()
    with interruptible():
        try:
            done = follow(stack.folder, {**request, "actor": actor(os.environ)}, steps, steps.tick)
        finally:
            steps.clear()
    if common.as_json:
        output.as_json(done)
        return
    services = ", ".join(done["services"])
    if done["state"] == "held":
        way = output.with_stack(f"clipnet-emulate promote {done['release']}")
        output.line(f"release {done['release']} is made and held; let it serve with: {way}")
    else:
        output.line(f"release {done['release']} serves: {services} (deployment {done['number']})")
