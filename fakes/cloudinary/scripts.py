"""Runs the JavaScript of `eval` and `on_success`, shut in: no files, no network, little time and memory.

Source: cloudinary.com/documentation/analysis_on_upload#evaluating_and_modifying_upload_parameters.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from fakes.cloudinary import errors
from fakes.kit.bodies import strict_json

CODE_LIMIT_BYTES = 64 << 10
_TIME_LIMIT_S = 0.5
_MEMORY_LIMIT_BYTES = 16 << 20
_STACK_LIMIT_BYTES = 256 << 10
Params = Mapping[str, str | tuple[str, ...]]

_EVAL = """
var {resource_info, upload_options} = JSON.parse(%s);
(0, eval)(%s);
JSON.stringify(upload_options);
"""
_ON_SUCCESS = """
var {upload_info} = JSON.parse(%s), updates = [];
var current_asset = Object.assign({}, upload_info, {update: function (changes) { updates.push(changes); }});
var event = {upload_info: upload_info}, e = event;
(0, eval)(%s);
JSON.stringify(updates.slice(0, 100));
"""


async def evaluated(
    code: str, resource_info: Mapping[str, Any], params: Params
) -> dict[str, str | tuple[str, ...]]:
    """The parameters of an upload after `eval` has had its way with them.

    Args:
        code: It sees `resource_info` and may change `upload_options`.
        resource_info: What is known of the file.
        params: The parameters so far.

    Raises:
        ProviderError: The code fails, or takes too much time or memory (400).
    """
    options = {name: list(value) if isinstance(value, tuple) else value for name, value in params.items()}
    given = {"resource_info": dict(resource_info), "upload_options": options}
    changed = await asyncio.to_thread(_run, _EVAL, given, code, "eval")
    if not isinstance(changed, dict):
        raise errors.script_failed("eval", "upload_options is no object")
    return _params(changed)


async def updates(code: str, upload_info: Mapping[str, Any]) -> list[dict[str, str | tuple[str, ...]]]:
    """What `on_success` asks to be changed in the asset, in its order.

    Args:
        code: It may call `current_asset.update({...})`.
        upload_info: The answer to the upload.

    Raises:
        ProviderError: The code fails, or takes too much time or memory (400).
    """
    found = await asyncio.to_thread(_run, _ON_SUCCESS, {"upload_info": dict(upload_info)}, code, "on_success")
    return [_params(one) for one in found if isinstance(one, dict)]


def _run(frame: str, given: Mapping[str, Any], code: str, name: str) -> Any:
    import quickjs  # late: it is rarely asked for

    if len(code.encode()) > CODE_LIMIT_BYTES:
        raise errors.script_failed(name, f"more than {CODE_LIMIT_BYTES} bytes")
    context = quickjs.Context()
    context.set_memory_limit(_MEMORY_LIMIT_BYTES)
    context.set_time_limit(_TIME_LIMIT_S)
    context.set_max_stack_size(_STACK_LIMIT_BYTES)
    try:
        result = context.eval(frame % (json.dumps(json.dumps(given)), json.dumps(code)))
        return strict_json(result)
    except (quickjs.JSException, ValueError, TypeError) as error:
        raise errors.script_failed(
            name, str(error).splitlines()[0] if str(error) else "out of bounds"
        ) from error


def _params(changed: Mapping[str, Any]) -> dict[str, str | tuple[str, ...]]:
    """What JavaScript left as parameters, as a form has them."""
    return {name: _param(value) for name, value in changed.items() if value is not None}


def _param(value: Any) -> str | tuple[str, ...]:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, list) and all(isinstance(item, str | int | float) for item in value):
        return tuple(str(item) for item in value)
    return value if isinstance(value, str) else json.dumps(value)
