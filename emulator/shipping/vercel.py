"""The frontend at Vercel: its own program deploys what was built, its REST API tells what there is."""

from __future__ import annotations

import queue
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from emulator.errors import ConfigurationRefused, DeploymentFailed, PrerequisiteMissing
from emulator.shipping.record import SHORT, Former, Say, Shipped, relayed
from emulator.shipping.targets import ENVIRONMENT, VercelTarget

if TYPE_CHECKING:
    from httpx import Client

SERVICE: Final = "frontend"
BUILT: Final = Path(".vercel/output")
"""Where a build for Vercel leaves what is deployed (vercel.com/docs/build-output-api)."""

_ANSWER_WITHIN_S = 30.0
_LAST_LINES = 20
_KILL_AFTER_S = 5.0


class Vercel:
    """Staging's frontend at Vercel; use it as a context manager.

    Args:
        target: Where it is.
        path: Where programs are looked for, as PATH has it.
        say: Told of progress.
        within_s: How long each call of Vercel's program may take.
    """

    def __init__(self, target: VercelTarget, path: str, say: Say, within_s: float) -> None:
        self._target = target
        self._path = path
        self._say = say
        self._within_s = within_s
        self._stack = ExitStack()

    def __enter__(self) -> Vercel:
        import httpx

        headers = {"Authorization": f"Bearer {self._target.token}"}
        client = httpx.Client(
            base_url=self._target.url, headers=headers, timeout=_ANSWER_WITHIN_S, trust_env=False
        )
        self._http: Client = self._stack.enter_context(client)
        self._home = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="clipnet-vercel-")))
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stack.close()

    def deploy(self, folder: Path, commit: str, branch: str) -> Shipped:
        """Deploy what was built below a folder and wait until it serves.

        Raises:
            ConfigurationRefused: Nothing is built there, or the token does not do.
            PrerequisiteMissing: Vercel's program is not there, or Vercel does not answer.
            DeploymentFailed: The deployment failed, or took too long.
        """
        began = time.monotonic()
        if not (folder / BUILT / "config.json").is_file():
            raise ConfigurationRefused(
                f"there is no build for Vercel in '{folder / BUILT}'", "build the frontend first"
            )
        self._ask(f"/v9/projects/{self._target.project_id}")
        meta = {"githubCommitSha": commit, "githubCommitRef": branch}
        marks = [word for name, value in meta.items() for word in ("-m", f"{name}={value}")]
        said = self._run(["deploy", "--yes", "--prebuilt", f"--target={ENVIRONMENT}", *marks], folder)
        if not said:
            raise DeploymentFailed(
                "'vercel deploy' did not say what it deployed", "look at the project at Vercel"
            )
        url = said[-1]
        deployment = str(self._ask(f"/v13/deployments/{_host(url)}")["id"])
        self._say(f"{SERVICE}: deployment {deployment} of commit {commit[:SHORT]} at {url}")
        return Shipped(SERVICE, commit, deployment, round(time.monotonic() - began, 1))

    def history(self) -> tuple[Former, ...]:
        """Return what serves, and what can be gone back to, newest first."""
        names = self._domains()
        aliases = self._ask("/v4/aliases", {"projectId": self._target.project_id, "limit": "100"})["aliases"]
        serving = next((one["deploymentId"] for one in aliases if one["alias"] == names[0]), None)
        query = {"projectId": self._target.project_id, "state": "READY", "limit": "100"}
        found = self._ask("/v6/deployments", query)["deployments"]
        return tuple(
            Former(
                one["uid"], str((one.get("meta") or {}).get("githubCommitSha") or ""), one["uid"] == serving
            )
            for one in found
            if (one.get("customEnvironment") or {}).get("slug") == ENVIRONMENT
        )

    def roll_back(self, former: Former) -> Shipped:
        """Let staging's domains lead to a former deployment again.

        Raises:
            ConfigurationRefused: Vercel refuses it.
            DeploymentFailed: Its program failed, or took too long.
        """
        began = time.monotonic()
        url = str(self._ask(f"/v13/deployments/{former.id}")["url"])
        for name in self._domains():
            self._run(["alias", "set", url, name], self._home)
            self._say(
                f"{SERVICE}: {name} goes back to deployment {former.id}, commit {former.commit[:SHORT]}"
            )
        return Shipped(SERVICE, former.commit, former.id, round(time.monotonic() - began, 1))

    def _domains(self) -> Sequence[str]:
        """Return the names that lead to staging: bound to its environment, or to the branch it follows."""
        project = f"/v9/projects/{self._target.project_id}"
        environment = self._ask(f"{project}/custom-environments/{ENVIRONMENT}")
        branch = (environment.get("branchMatcher") or {}).get("pattern")
        names = [
            str(domain["name"])
            for domain in self._ask(f"{project}/domains")["domains"]
            if domain.get("customEnvironmentId") == environment["id"]
            or (branch is not None and domain.get("gitBranch") == branch)
        ]
        if not names:
            raise ConfigurationRefused(
                f"the project has no domain that leads to '{ENVIRONMENT}'",
                "bind one at Vercel to the environment, or to the branch that it follows",
            )
        return names

    def _ask(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Return the JSON object at a path.

        Raises:
            PrerequisiteMissing: There is no answer, or one of a server in trouble.
            ConfigurationRefused: Vercel says no.
        """
        import httpx

        try:
            answer = self._http.get(path, params={"teamId": self._target.team_id, **(query or {})})
        except httpx.TransportError as error:
            raise PrerequisiteMissing(
                f"Vercel does not answer at {self._target.url}: {error or type(error).__name__}",
                "VERCEL_API_URL must name where its API is reached from here",
            ) from error
        if answer.status_code == 429 or answer.status_code >= 500:
            raise PrerequisiteMissing(f"Vercel answered {answer.status_code}", "try again in a while")
        try:
            body = answer.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise ConfigurationRefused(
                f"{self._target.url} answered {answer.status_code}, but not as Vercel's API does",
                "VERCEL_API_URL is its origin alone",
            )
        if answer.status_code >= 400:
            said = relayed(str((body.get("error") or {}).get("message")), [self._target.token])[2:]
            raise ConfigurationRefused(
                f"Vercel refused it ({answer.status_code}): {said}",
                "VERCEL_TOKEN must reach the project that VERCEL_ORG_ID and VERCEL_PROJECT_ID name",
            )
        return body

    def _run(self, words: Sequence[str], folder: Path) -> list[str]:
        """Run Vercel's program, show what it says, and return the words of its result.

        Raises:
            PrerequisiteMissing: It is not there.
            DeploymentFailed: It failed, or took too long.
        """
        program = shutil.which("vercel", path=self._path)
        if program is None:
            raise PrerequisiteMissing("the program 'vercel' is not there", "install it: make vercel")
        deadline = time.monotonic() + self._within_s
        said: list[str] = []
        with self._started([program, *words, "--api", self._target.url], folder) as process:
            assert process.stderr is not None
            assert process.stdout is not None
            for line in _lines(process.stderr, deadline):
                if line is None:
                    raise DeploymentFailed(
                        f"'vercel {words[0]}' was not through after {self._within_s:.0f} s{_last(said)}",
                        "give it longer with --timeout",
                    )
                said.append(relayed(line, [self._target.token]))
                self._say(said[-1])
            result = process.stdout.read().split()
            code = process.wait()
        if code != 0:
            raise DeploymentFailed(
                f"'vercel {words[0]}' ended with code {code}{_last(said)}",
                "what served before goes on to serve",
            )
        return result

    @contextmanager
    def _started(self, words: Sequence[str], folder: Path) -> Iterator[subprocess.Popen[str]]:
        env = {
            "PATH": self._path,
            "HOME": str(self._home),
            "CI": "1",
            "VERCEL_TELEMETRY_DISABLED": "1",
            "NO_UPDATE_NOTIFIER": "1",
            "VERCEL_TOKEN": self._target.token,
            "VERCEL_ORG_ID": self._target.team_id,
            "VERCEL_PROJECT_ID": self._target.project_id,
        }
        process = subprocess.Popen(
            words,
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(_KILL_AFTER_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            for pipe in (process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()


def _host(url: str) -> str:
    return url.removeprefix("https://").removeprefix("http://").rstrip("/")


def _last(said: Sequence[str]) -> str:
    return "; its last lines:" + "".join(f"\n  {line}" for line in said[-_LAST_LINES:]) if said else ""


def _lines(pipe: IO[str], deadline: float) -> Iterator[str | None]:
    """Yield each line that is not empty until the end; None at last where the deadline was there first."""
    came: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def read() -> None:
        for line in pipe:
            came.put(line)
        came.put(None)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    while True:
        try:
            line = came.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            yield None
            return
        if line is None:
            reader.join()
            return
        if line.strip():
            yield line
