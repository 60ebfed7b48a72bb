"""A handler for the `runpod` package that returns what it is given: no work at all."""

from __future__ import annotations

from typing import Any

import runpod


def handler(job: dict[str, Any]) -> Any:
    """Answer as RunPod's test worker does to `mock_return`."""
    return job["input"]["mock_return"]


if __name__ == "__main__":
    runpod.serverless.start({"handler": handler})
