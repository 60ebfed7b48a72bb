"""`clipnet-emulate run`."""

from __future__ import annotations

import os

import click

from emulator.cli.options import Common, common_options


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- CMD [ARG]...")
@common_options
def command(common: Common, words: tuple[str, ...]) -> None:
    """Run a command with the stack's environment.

    The command takes this one's place: its exit code and signals are its own.
    """
    from emulator.stack import Stack, become

    become(words, {**os.environ, **Stack.running(common.settings()).env()})
