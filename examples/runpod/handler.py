"""A RunPod handler that takes the place of the stack's Whisper: it says how much sound it was sent."""

import base64
from typing import Any

import runpod


def transcribe(given: dict[str, Any]) -> dict[str, Any]:
    """Answer one sound in the shape of RunPod's faster-whisper worker."""
    size = len(base64.b64decode(given["audio_base64"]))
    text = f"{size} bytes of sound"
    return {
        "segments": [{"id": 1, "start": 0.0, "end": 1.0, "text": f" {text}"}],
        "detected_language": "en",
        "transcription": text,
    }


def handler(job: dict[str, Any]) -> dict[str, Any]:
    """Answer one job: a sound, or a batch of `items` as ClipNET's worker sends them."""
    given = job["input"]
    if "items" not in given:
        return transcribe(given)
    return {"results": [{"id": item["id"], **transcribe(item)} for item in given["items"]]}


if __name__ == "__main__":
    runpod.serverless.start({"handler": handler})
