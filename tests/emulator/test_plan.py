"""In which runtime a stack starts: the one that is asked for, unless it runs or keeps its data elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.errors import ConfigurationRefused, StackNotRunning
from emulator.inspection import inspect
from emulator.plan import Plan, plan, refuse_other_runtime
from emulator.settings import load
from emulator.stack import Stack, status


def planned(folder: Path, runtime: str) -> Plan:
    return plan(load({}, folder, runtime=runtime))


def test_a_new_stack_starts_in_any_runtime(tmp_path: Path) -> None:
    for runtime in ("embedded", "docker"):
        refuse_other_runtime(planned(tmp_path, runtime), runtime)


def test_a_stack_whose_data_docker_keeps_does_not_start_embedded(tmp_path: Path) -> None:
    found = planned(tmp_path, "embedded")
    found.folder.create()
    found.folder.addition.touch()

    with pytest.raises(
        ConfigurationRefused, match="'default' keeps its data in the docker runtime"
    ) as refused:
        refuse_other_runtime(found, None)

    assert "clipnet-emulate up --runtime docker" in refused.value.hint


def test_a_stopped_stack_is_shown_in_the_runtime_that_keeps_its_data(tmp_path: Path) -> None:
    found = planned(tmp_path, "embedded")
    found.folder.create()
    found.folder.addition.touch()

    shown = status(load({}, tmp_path, runtime="embedded"))
    topology = inspect(load({}, tmp_path, runtime="embedded")).written

    with pytest.raises(StackNotRunning) as missing:
        Stack.running(load({}, tmp_path, runtime="embedded"))
    assert shown["runtime"] == "docker"
    assert "objects" in [row["name"] for row in shown["services"]]
    assert "objects" in [row["name"] for row in topology["services"]]
    assert missing.value.hint == "start it with: clipnet-emulate up -d --runtime docker"


def test_a_stack_whose_data_is_here_does_not_start_in_docker(tmp_path: Path) -> None:
    found = planned(tmp_path, "docker")
    found.folder.data("postgres").mkdir(parents=True)

    with pytest.raises(
        ConfigurationRefused, match="'default' keeps its data in the embedded runtime"
    ) as refused:
        refuse_other_runtime(found, "docker")

    assert "clipnet-emulate down --wipe" in refused.value.hint


def test_a_stack_that_runs_is_not_asked_for_in_another_runtime(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigurationRefused, match="is running in the docker runtime, not in the embedded one"
    ):
        refuse_other_runtime(planned(tmp_path, "docker"), "embedded")
