"""The options that every command has: --stack, --file and --json, before or after the command's name."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import update_wrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import click

from emulator.cli import output

if TYPE_CHECKING:
    from emulator.settings import Settings


@dataclass(frozen=True, slots=True)
class Common:
    """What the common options say."""

    stack: str | None = None
    file: str | None = None
    as_json: bool = False

    def settings(self, *, runtime: str | None = None) -> Settings:
        """Build the settings from the options, the environment and `.env`."""
        from emulator.settings import load

        return load(os.environ, Path.cwd(), stack=self.stack, compose_file=self.file, runtime=runtime)


def common_options(function: Callable[..., object]) -> Callable[..., object]:
    """Add the common options to a command; it is called with a `Common` as its first argument."""

    def with_common(
        ctx: click.Context, stack: str | None, file: str | None, as_json: bool, **others: Any
    ) -> object:
        outer = ctx.find_object(Common) or Common()
        common = Common(stack or outer.stack, file or outer.file, as_json or outer.as_json)
        ctx.obj = common
        output.use(wants_json=common.as_json, stack=common.stack)
        return function(common, **others)

    decorated: Callable[..., object] = click.pass_context(with_common)
    update_wrapper(decorated, function)
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated


class Age(click.ParamType[float]):
    """How long ago: a number with its unit, as in 14d; becomes seconds."""

    name = "age"
    _UNITS: ClassVar[Mapping[str, int]] = {"s": 1, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read it."""
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"(\d+(?:\.\d+)?)([a-z]+)", str(value).strip())
        if found is None or found.group(2) not in self._UNITS:
            self.fail(f"'{value}' is no age: write a number with s, min, h, d or w, as in 14d.", param, ctx)
        return float(found.group(1)) * self._UNITS[found.group(2)]


runtime_option = click.option(
    "--runtime",
    type=click.Choice(["embedded", "docker"]),
    help="Run processes of this machine, or containers.  [default: embedded, or CLIPNET_RUNTIME]",
)
"""For the commands to which it matters before anything runs."""

services_option = click.option(
    "--service",
    "services",
    multiple=True,
    type=click.Choice(["api", "worker", "web"]),
    default=("api", "worker", "web"),
    help="Only this one; may be repeated.  [default: all of the application]",
)
"""For what is done to the services that releases are of."""

no_smoke_option = click.option(
    "--no-smoke", is_flag=True, help="Do not run the smoke test against the new release."
)
"""For everything that lets another release serve."""

_OPTIONS = (
    click.option("--stack", metavar="NAME", help="Name of the stack.  [default: default, or CLIPNET_STACK]"),
    click.option(
        "--file",
        metavar="FILE",
        help="The compose.yaml to run.  [default: the project's, else the packaged one]",
    ),
    click.option("--json", "as_json", is_flag=True, help="Print JSON."),
)
