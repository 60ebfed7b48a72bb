"""`clipnet-emulate completion`."""

from __future__ import annotations

import click

from emulator.cli import output
from emulator.cli.options import Common, common_options


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@common_options
def command(common: Common, shell: str) -> None:
    """Print the completion script of a shell.

    For bash: eval "$(clipnet-emulate completion bash)"
    """
    from click.shell_completion import get_completion_class

    from emulator.cli import cli

    completion = get_completion_class(shell)
    assert completion is not None
    script = completion(cli, {}, "clipnet-emulate", "_CLIPNET_EMULATE_COMPLETE").source()
    if common.as_json:
        output.as_json({"shell": shell, "script": script})
    else:
        output.line(script)
