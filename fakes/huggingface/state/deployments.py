"""Deployments of Spaces and the stages they go through, by the clock or as a deployment agent tells."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from fakes.huggingface.state.blobs import Blobs
from fakes.huggingface.state.files import MAIN, Commit, Entry
from fakes.huggingface.state.logs import BUILD, RUN, Logs
from fakes.huggingface.state.settings import Settings
from fakes.huggingface.state.spaces import Space
from fakes.kit.clock import iso
from fakes.kit.deployments import Progress
from fakes.kit.kit import Kit
from fakes.kit.orders import Action, Agent, Order

SCHEMA = """
CREATE TABLE deployments (
    id TEXT PRIMARY KEY, space TEXT NOT NULL, space_id TEXT NOT NULL, sha TEXT NOT NULL, action TEXT NOT NULL,
    begun_s REAL NOT NULL, build_s REAL NOT NULL, start_s REAL NOT NULL, outcome TEXT NOT NULL,
    was_running INTEGER NOT NULL, told TEXT, error TEXT, url TEXT
);
CREATE INDEX deployments_by_space ON deployments (space);
"""
BESIDE: Mapping[str, str] = {"BUILDING": "RUNNING_BUILDING", "APP_STARTING": "RUNNING_APP_STARTING"}
"""What a stage is called while the former version still serves."""
STAGES: Mapping[str, str] = {
    **{stage: stage for stage in ("BUILDING", "APP_STARTING", "RUNNING", "STOPPED")},
    **{stage: stage for stage in ("BUILD_ERROR", "RUNTIME_ERROR")},
    **{beside: stage for stage, beside in BESIDE.items()},
}
"""What a deployment agent may tell, and the stage it stands for."""
RUNNING = "RUNNING"
SEEDED = "seeded"
FAILED = ("BUILD_ERROR", "RUNTIME_ERROR")


@dataclass(frozen=True, slots=True)
class Deployment:
    """One version of a Space on its way, or there.

    Attributes:
        told: The stage as the agent told it last; None where the clock decides.
        was_running: Whether the version before still served when this one began.
    """

    id: str
    space: str
    space_id: str
    sha: str
    action: str
    begun_s: float
    build_s: float
    start_s: float
    outcome: str
    was_running: bool
    told: str | None
    error: str | None
    url: str | None

    def stage(self, now_s: float) -> str:
        """Where it is."""
        stage = self.told or self._by_clock(max(now_s - self.begun_s, 0.0))
        return BESIDE.get(stage, stage) if self.was_running else stage

    def _by_clock(self, passed_s: float) -> str:
        if passed_s < self.build_s:
            return "BUILDING"
        if self.outcome == "BUILD_ERROR":
            return "BUILD_ERROR"
        return "APP_STARTING" if passed_s < self.build_s + self.start_s else self.outcome


class Deployments:
    """All deployments.

    Args:
        kit: Store, clock and ids.
        settings: Waits and outcome without an agent.
        blobs: Where trees are laid out.
        logs: Where builds and starts are written down.
        agent: Who carries them out, if anybody does.
    """

    def __init__(self, kit: Kit, settings: Settings, blobs: Blobs, logs: Logs, agent: Agent) -> None:
        self._kit = kit
        self._agent = agent
        self._store = kit.store
        self._settings = settings
        self._blobs = blobs
        self._logs = logs

    def begin(
        self,
        space: Space,
        commit: Commit,
        entries: list[Entry],
        action: Action | None,
        *,
        was_running: bool,
        builds: bool,
    ) -> Deployment:
        """Build and start a revision, or only start it again; the agent, if there is one, does that.

        What a seed document says has no action: it runs at once, and no agent hears of it.
        """
        has_agent = self._agent.is_there and action is not None
        build_s, start_s, outcome = (
            (0.0, 0.0, RUNNING) if action is None else self._plan(space, builds=builds)
        )
        made = Deployment(
            id=self._store.unused("deployments", "id", lambda: f"spd-{self._kit.ids.hex(20)}"),
            space=space.key,
            space_id=space.id,
            sha=commit.id,
            action=action or SEEDED,
            begun_s=self._kit.clock.now(),
            build_s=build_s,
            start_s=start_s,
            outcome=outcome,
            was_running=was_running,
            told=("BUILDING" if builds else "APP_STARTING") if has_agent else None,
            error=None,
            url=None,
        )
        self._add(made)
        self._blobs.check_out(made.id, {entry.path: entry.sha256 for entry in entries})
        self._logs.begin(space.key, is_build=builds)
        self._write_down(made, builds=builds, has_agent=has_agent)
        if action is not None:
            self._tell(made, commit, action)
        return made

    def cancel(self, deployment: Deployment) -> None:
        """Let the agent stop what it has started."""
        self._tell(deployment, None, "cancel")

    def find(self, deployment_id: str) -> Deployment:
        """One deployment.

        Raises:
            ValueError: There is none of this id.
        """
        row = self._store.one("SELECT * FROM deployments WHERE id = ?", (deployment_id,))
        if row is None:
            raise ValueError(f"there is no deployment '{deployment_id}'; GET /_fake/spaces lists them")
        return _deployment(row)

    def latest(self, space: str) -> Deployment | None:
        """The one that counts for a Space."""
        row = self._store.one(
            "SELECT * FROM deployments WHERE space = ? ORDER BY rowid DESC LIMIT 1", (space,)
        )
        return None if row is None else _deployment(row)

    def all(self) -> list[Deployment]:
        """All, oldest first."""
        return [_deployment(row) for row in self._store.all("SELECT * FROM deployments ORDER BY rowid")]

    def report(self, deployment_id: str, progress: Progress) -> Deployment:
        """Take what the agent tells.

        Raises:
            ValueError: No such deployment, or no such stage.
        """
        deployment = self.find(deployment_id)
        if progress.state is not None and progress.state not in STAGES:
            raise ValueError(f"state is '{progress.state}'; known are {', '.join(STAGES)}")
        told = STAGES[progress.state or deployment.stage(self._kit.clock.now())]
        why = "\n".join(line.message for line in progress.lines) if told in FAILED else ""
        self._store.execute(
            "UPDATE deployments SET told = ?, url = coalesce(?, url), error = coalesce(?, error)"
            " WHERE id = ?",
            (told, progress.url, why or None, deployment_id),
        )
        for line in progress.lines:
            is_build = line.stage == "build" or told in ("BUILDING", "BUILD_ERROR")
            self._logs.write(deployment.space, BUILD if is_build else RUN, [line.message])
        return self.find(deployment_id)

    def folder(self, deployment: Deployment) -> str:
        """Absolute path of the tree that it is made of."""
        return str(self._blobs.tree(deployment.id))

    def _plan(self, space: Space, *, builds: bool) -> tuple[float, float, str]:
        """Seconds to build and to start, and how it ends, where the clock decides."""
        build_s = self._settings.wait_s("build_s") if builds else 0.0
        start_s = 0.0 if space.sdk == "static" else self._settings.wait_s("start_s")
        outcome = self._settings.outcome
        return build_s, start_s, outcome if builds or outcome != "BUILD_ERROR" else RUNNING

    def _add(self, made: Deployment) -> None:
        row = [getattr(made, name) for name in made.__slots__]
        marks = ", ".join("?" * len(row))
        self._store.execute(f"INSERT INTO deployments VALUES ({marks})", row)  # noqa: S608 - question marks

    def _write_down(self, made: Deployment, *, builds: bool, has_agent: bool) -> None:
        """Write the lines that the Hub writes itself, each at its time."""
        if builds:
            queued = f"===== Build Queued at {_stamp(made.begun_s)} / Commit SHA: {made.sha[:7]} ====="
            self._logs.write(made.space, BUILD, [queued])
        if has_agent:
            return
        built_s = made.begun_s + made.build_s
        if made.outcome == "BUILD_ERROR":
            self._logs.write(made.space, BUILD, ["ERROR: process did not complete successfully"], built_s)
            return
        started = f"===== Application Startup at {_stamp(built_s)} ====="
        self._logs.write(made.space, RUN, [started, ""], built_s)
        if made.outcome == "RUNTIME_ERROR":
            self._logs.write(made.space, RUN, ["Exit code: 1"], built_s + made.start_s)

    def _tell(self, deployment: Deployment, commit: Commit | None, action: Action) -> None:
        """Hand a deployment to the agent."""
        namespace, _, name = deployment.space_id.partition("/")
        about = None if commit is None else _about(commit)
        files = self._blobs.tree(deployment.id) if commit else None
        self._agent.tell(Order(action, namespace, name, MAIN, deployment.id, about, files))


def _about(commit: Commit) -> dict[str, str]:
    """What the agent hears of a commit."""
    return {"sha": commit.id, "ref": MAIN, "message": commit.title, "author": commit.author}


def _stamp(at_s: float) -> str:
    return iso(at_s).replace("T", " ").removesuffix("Z")


def _deployment(row: sqlite3.Row) -> Deployment:
    fields = dict(row)
    return Deployment(**{**fields, "was_running": bool(fields["was_running"])})
