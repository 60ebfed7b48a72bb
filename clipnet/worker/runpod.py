"""The shared GPU behind RunPod's serverless endpoints: one job in, its output back.

Source: docs.runpod.io/serverless/endpoints/send-requests and .../operation-reference.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from clipnet.settings import RunpodSettings
from clipnet.worker.calls import Answer, Calls
from clipnet.worker.errors import Permanent, StepError, Transient

_SERVICE: Final = "runpod"
_WAIT_MS: Final = 30_000
_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 2.0
_ENDED_BADLY: Final = frozenset({"FAILED", "TIMED_OUT", "CANCELLED"})


class Runpod:
    """Runs jobs on endpoints in our namespace."""

    def __init__(self, settings: RunpodSettings, calls: Calls, *, wait_ms: int = _WAIT_MS) -> None:
        self._settings = settings
        self._wait_ms = wait_ms
        self._calls = calls

    async def run(self, endpoint: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Run one job and return its output. A caller that is cancelled takes the job back.

        `/runsync` answers with the finished job, or with one that is still under way: that is asked for with
        growing pauses. The caller's time limit bounds the whole.

        Raises:
            Permanent: The key or the endpoint is refused, or the input is.
            Transient: The GPU failed, or could not be reached.
        """
        body = {"input": {**given, "namespace": self._settings.namespace}}
        answer = await self._send("POST", endpoint, f"runsync?wait={self._wait_ms}", json=body)
        job = answer.json()
        pause_s = _FIRST_PAUSE_S
        try:
            while (status := job.get("status")) != "COMPLETED":
                if status in _ENDED_BADLY or "id" not in job:
                    raise _failure(endpoint, job)
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
                job = (await self._send("GET", endpoint, f"status/{job['id']}")).json()
        except asyncio.CancelledError:
            await self._take_back(endpoint, str(job.get("id", "")))
            raise
        output = job.get("output")
        if not isinstance(output, dict):
            raise Transient("gpu_unreadable", f"the GPU's answer on {endpoint!r} is not an object")
        if isinstance(output.get("error"), str):
            raise _failure(endpoint, output)
        return output

    async def _send(self, method: str, endpoint: str, path: str, **body: Any) -> Answer:
        answer = await self._calls.send(
            _SERVICE,
            method,
            f"{self._settings.base_url}/{endpoint}/{path}",
            headers={"Authorization": f"Bearer {self._settings.api_key.reveal()}"},
            timeout_s=self._wait_ms / 1000 + 15,
            **body,
        )
        if not answer.ok:
            raise answer.unavailable() or _refusal(endpoint, path, answer)
        return answer

    async def _take_back(self, endpoint: str, job_id: str) -> None:
        """Cancel a job that nobody waits for any more; what goes wrong here changes nothing."""
        try:
            await asyncio.wait_for(self._send("POST", endpoint, f"cancel/{job_id}", json={}), 1.0)
        except (StepError, TimeoutError):
            return


def _refusal(endpoint: str, path: str, answer: Answer) -> StepError:
    if answer.status == 404 and path.startswith("status/"):
        return Transient("gpu_job_lost", f"RunPod no longer knows the job on {endpoint!r}")
    words = {
        401: "RunPod refuses our key",
        403: "RunPod refuses our key",
        404: f"RunPod has no endpoint {endpoint!r}",
        413: "the request is too large for RunPod",
    }
    reason = words.get(
        answer.status, f"RunPod refuses the request (HTTP {answer.status}: {answer.said()[:200]})"
    )
    return Permanent("gpu_refused", reason)


def _failure(endpoint: str, job: Mapping[str, Any]) -> StepError:
    status = str(job.get("status", "FAILED")).lower().replace("_", " ")
    return Transient(
        "gpu_failed", f"the GPU job on {endpoint!r} {status}: {str(job.get('error') or 'no reason')[:300]}"
    )
