"""Carries out the jobs of a workflow on this machine, step by step, as GitHub's runner would.

Source: docs.github.com/actions/reference/workflow-syntax-for-github-actions, .../variables.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from tests.workflows.document import Job, Workflow
from tests.workflows.expressions import Contexts, Refused, evaluate, filled

CHECKOUT: Final = "actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8"
"""The only action that is known, as it was in v5.0.0."""

_STEP_WITHIN_S = 300
_DEPTHS: Final[Mapping[int, Sequence[str]]] = {0: (), 1: ("--depth=1",)}
_JOB_KEYS = {
    "name",
    "needs",
    "if",
    "runs-on",
    "environment",
    "timeout-minutes",
    "permissions",
    "env",
    "steps",
}


@dataclass(frozen=True, slots=True)
class Event:
    """What happened in the repository.

    Attributes:
        repository: Folder of the repository that is checked out from.
        sha: The commit it is about.
        branch: Its branch.
        name: `push` or `workflow_dispatch`.
        inputs: What was entered for the latter.
    """

    repository: Path
    sha: str
    branch: str = "develop"
    name: str = "push"
    inputs: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """A step that was carried out."""

    job: str
    command: str
    code: int
    output: str
    summary: str


@dataclass(frozen=True, slots=True)
class Runner:
    """A machine that carries out jobs.

    Attributes:
        folder: Where it works: each job has a folder of its own in it.
        values: `vars` and `secrets` of the repository.
        env: What the machine's own environment holds.
        furnish: Called with each folder that was checked out.
    """

    folder: Path
    values: Contexts
    env: Mapping[str, str]
    furnish: Callable[[Path], None]

    def carry_out(self, workflow: Workflow, event: Event) -> list[Done]:
        """Carry out the jobs that an event starts, in the order of their needs, up to the first failure."""
        done: list[Done] = []
        ended: set[str] = set()
        contexts = self._contexts(event)
        for job in workflow.jobs.values():
            is_wanted = "if" not in job.body or evaluate(str(job.body["if"]), contexts)
            if not is_wanted or not set(job.needs) <= ended:
                continue
            done += self._job(job, event, contexts)
            if done[-1].code != 0:
                break
            ended.add(job.name)
        return done

    def _job(self, job: Job, event: Event, contexts: Contexts) -> list[Done]:
        if unknown := set(job.body) - _JOB_KEYS:
            raise Refused(f"job '{job.name}' has {', '.join(sorted(unknown))}")
        workspace = self.folder / f"{event.name}-{event.sha[:7]}-{job.name}"
        of_job = {name: filled(str(text), contexts) for name, text in job.body.get("env", {}).items()}
        machine = replace(self, env={**self.env, **_github(event, workspace, job.name), **of_job})
        done: list[Done] = []
        for step in job.steps:
            if "uses" in step:
                machine._check_out(step, event, workspace)
            else:
                done.append(machine._run(job.name, step, workspace, contexts))
                if done[-1].code != 0:
                    break
        return done

    def _check_out(self, step: Mapping[str, Any], event: Event, workspace: Path) -> None:
        given = dict(step.get("with", {}))
        depth = given.pop("fetch-depth", 1)
        if step["uses"] != CHECKOUT or given != {"persist-credentials": False} or depth not in (0, 1):
            raise Refused(f"the step {step} is not known")
        for words in (
            ["init", "-q", str(workspace)],
            ["-C", str(workspace), "fetch", "-q", *_DEPTHS[depth], event.repository.as_uri(), event.sha],
            ["-C", str(workspace), "checkout", "-q", "--detach", event.sha],
        ):
            subprocess.run(["git", *words], check=True, timeout=60, capture_output=True)
        self.furnish(workspace)

    def _run(self, job: str, step: Mapping[str, Any], workspace: Path, contexts: Contexts) -> Done:
        if unknown := set(step) - {"name", "run", "env"}:
            raise Refused(f"a step of '{job}' has {', '.join(sorted(unknown))}")
        summary = workspace / ".git" / "summary.md"
        summary.write_text("")
        own = {name: filled(str(text), contexts) for name, text in step.get("env", {}).items()}
        script = workspace / ".git" / "step.sh"
        script.write_text(filled(step["run"], contexts))
        ran = subprocess.run(
            ["bash", "-e", str(script)],
            cwd=workspace,
            env={**self.env, "GITHUB_STEP_SUMMARY": str(summary), **own},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_STEP_WITHIN_S,
            check=False,
        )
        return Done(job, step["run"], ran.returncode, ran.stdout, summary.read_text())

    def _contexts(self, event: Event) -> Contexts:
        github = {"event_name": event.name, "ref_name": event.branch, "sha": event.sha}
        github["ref"] = f"refs/heads/{event.branch}"
        return {**self.values, "github": github, "inputs": event.inputs or {}}


def _github(event: Event, workspace: Path, job: str) -> dict[str, str]:
    """The variables that every step has."""
    return {
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": event.name,
        "GITHUB_JOB": job,
        "GITHUB_REF": f"refs/heads/{event.branch}",
        "GITHUB_REF_NAME": event.branch,
        "GITHUB_REPOSITORY": "clipnet/clipnet",
        "GITHUB_SHA": event.sha,
        "GITHUB_WORKSPACE": str(workspace),
    }
