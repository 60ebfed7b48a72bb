"""Renders docs/commands.md from the commands: `python -m emulator.cli.reference > docs/commands.md`."""

from __future__ import annotations

from collections.abc import Iterator

import click

from emulator import errors
from emulator.cli import COMMANDS, cli, output
from emulator.errors import EmulatorError
from emulator.settings import NAMES, STACK_MARKER

_WIDTH = 100
_INTRO = """\
# Commands

Rendered from the commands themselves; a test compares. `clipnet-emulate COMMAND --help` says the same.

- `--stack`, `--file` and `--json` are understood by every command, before or after its name.
- Results go to standard output; progress, errors and hints to standard error.
- With `--json` a result is one JSON value (`logs` prints one per line; `run` and `fake` print what their
  program prints). An error is `{"error": {"code", "exit_code", "what", "hint"}}`, unless the command
  printed its result before it failed, as a failed check does.
- Ctrl-C at any stage ends everything that the command started; a second one does not wait.

## The first minute

```sh
clipnet-emulate up -d          # start everything, in the background
clipnet-emulate status         # what runs, and how it is
eval "$(clipnet-emulate env)"  # the stack's addresses and keys, for this shell
clipnet-emulate logs -f api worker
clipnet-emulate down
```
"""
_STATUS = """\
## What `status --json` prints

```json
{"stack": "default", "runtime": "embedded", "services": [
  {"name": "api", "state": "running", "health": "healthy", "address": "http://127.0.0.1:8407",
   "pid": 4711, "version": "0.1.0", "restarts": 0, "uptime_s": 12.3, "memory_mb": 81.0}]}
```

`state` is one of stopped, waiting (for what it needs), starting, running, restarting, stopping,
failed (given up after 5 restarts in a row; `up` tries again); `health` one of unknown, healthy,
unhealthy. `memory_mb` counts the service's whole process tree, shared pages once. A service that
listens nowhere has no `address`.
"""


_TIMING = """\
`FAKES_TIMING=realistic`, from the same two places and read by `up` and `fake`, adds RunPod's waits
([how long they are](fakes/runpod.md#one-gpu)); without it, or as `instant`, nothing adds delay.
"""


def render() -> str:
    """Return the whole page."""
    parts = [_INTRO, _exit_codes(), _settings(), _STATUS]
    parts += [_section(path, command) for path, command in commands()]
    return "\n".join(parts)


def commands() -> Iterator[tuple[str, click.Command]]:
    """Yield each command with its name, and those below it."""
    context = click.Context(cli, info_name="clipnet-emulate")
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        yield name, command
        if isinstance(command, click.Group):
            for below in command.list_commands(context):
                inner = command.get_command(context, below)
                assert inner is not None
                yield f"{name} {below}", inner


def _section(path: str, command: click.Command) -> str:
    settings = {**cli.context_settings, "max_content_width": _WIDTH, "terminal_width": _WIDTH}
    context = click.Context(command, info_name=f"clipnet-emulate {path}", **settings)
    return f"## {path}\n\n```text\n{command.get_help(context)}\n```\n"


def _exit_codes() -> str:
    found = [
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, EmulatorError)
    ]
    rows = [
        (kind.exit_code, kind.__name__, (kind.__doc__ or "").splitlines()[0])
        for kind in found
        if kind not in (EmulatorError, errors.Relayed)
    ]
    rows += [
        (0, "", "It worked."),
        (2, "WrongUsage", "The command line was wrong."),
        (130, "", "Ctrl-C (143 after SIGTERM, 129 when the terminal was closed)."),
    ]
    lines = [
        f"| {code} | {f'`{name}`' if name else ''} | {meaning} |" for code, name, meaning in sorted(rows)
    ]
    note = "\n`run` and `fake` end with the exit code of the program they run.\n"
    return "\n".join(["## Exit codes", "", "| code | error | meaning |", "| --- | --- | --- |", *lines, note])


def _settings() -> str:
    lines = [f"| `{name}` | {meaning} |" for name, meaning in NAMES.items() if name != STACK_MARKER]
    head = [
        "## Settings",
        "",
        "From the environment or a `.env` file in the working folder; a flag goes before both.",
    ]
    return "\n".join([*head, "", "| name | meaning |", "| --- | --- |", *lines, "", _TIMING])


if __name__ == "__main__":
    output.line(render().rstrip("\n"))
