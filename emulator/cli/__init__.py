"""The command line: `clipnet-emulate`. One short file per command.

A command's module is imported when the command runs.
"""

from __future__ import annotations

import sys
from importlib import import_module

import click

from emulator.cli import output
from emulator.cli.options import Common, common_options
from emulator.errors import EmulatorError, Interrupted

COMMANDS = {
    "up": ("emulator.cli.up", "Start the stack and wait until all of it is healthy."),
    "down": ("emulator.cli.down", "Stop the stack."),
    "status": ("emulator.cli.status", "Show each service: state, health, address, memory."),
    "wait": ("emulator.cli.wait", "Wait until the stack is up and healthy."),
    "logs": ("emulator.cli.logs", "Show the services' logs."),
    "env": ("emulator.cli.env", "Print what a program on this machine needs to use the stack."),
    "run": ("emulator.cli.run", "Run a command with the stack's environment."),
    "deploy": ("emulator.cli.deploy", "Make a release of a commit, and let it serve."),
    "rollback": ("emulator.cli.rollback", "Let an earlier release serve again."),
    "promote": (
        "emulator.cli.promote",
        "Let a release serve that is made already, here or in another stack.",
    ),
    "releases": ("emulator.cli.releases", "List releases and deployments; show one."),
    "remote": ("emulator.cli.remote", "Make the git remote of the stack: what is pushed to it is deployed."),
    "seed": ("emulator.cli.seed", "Replace everything in the stack by a seed."),
    "reset": ("emulator.cli.reset", "Put everything back to the seed, without restarting anything."),
    "smoke": ("emulator.cli.smoke", "Send a clip and a ClipBOT command through every part and check each."),
    "ship": ("emulator.cli.ship", "Deploy to staging by its platforms, as a workflow does."),
    "jobs": ("emulator.cli.jobs", "Look into the queues; bring a failed job back."),
    "prune": ("emulator.cli.prune", "Remove old clips with everything of them, jobs, releases and logs."),
    "event": (
        "emulator.cli.event",
        "Let something happen on Twitch, Discord or X.",
    ),
    "oauth": (
        "emulator.cli.oauth",
        "Look at logins at Google, TikTok, Twitch, Discord and X; end them, or let new ones fail.",
    ),
    "posts": ("emulator.cli.posts", "List what the platforms received."),
    "trace": ("emulator.cli.trace", "Show which part worked on a clip when, and for how long."),
    "topology": (
        "emulator.cli.topology",
        "Show what the stack consists of, and prove that there is exactly one of each.",
    ),
    "config": ("emulator.cli.config", "Check the stack's configuration."),
    "fault": ("emulator.cli.fault", "Make a fake slow, refuse, hang, cut the connection or answer garbage."),
    "fake": ("emulator.cli.fake", "Serve one fake alone, in the foreground."),
    "doctor": ("emulator.cli.doctor", "Check what this machine has and what it lacks."),
    "completion": ("emulator.cli.completion", "Print the completion script of a shell."),
}
"""Command name -> its module (which holds a click command called `command`) and its line of help."""


class LazyGroup(click.Group):
    """A group whose commands are imported one by one, when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        command = import_module(COMMANDS[cmd_name][0]).command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(
    cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="clipnet-emulate", prog_name="clipnet-emulate")
@common_options
def cli(common: Common) -> None:
    """Run the whole ClipNET Phase 1 staging environment on this machine, offline."""


def main() -> None:
    """Run the command line; the only place that turns an error into text and an exit code."""
    try:
        code = cli.main(standalone_mode=False)
    except click.ClickException as error:
        output.wrong_usage(error)
        sys.exit(error.exit_code)
    except EmulatorError as error:
        output.error(error)
        sys.exit(error.exit_code)
    except Interrupted as error:
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)
