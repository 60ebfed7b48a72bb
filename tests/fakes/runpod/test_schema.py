"""The check of a handler's input, side by side with the validator of the `runpod` package itself."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from runpod.serverless.utils.rp_validator import validate

from fakes.runpod.models import HandlerError, whisper, whisperx
from fakes.runpod.models.schema import Option, validated

SCHEMAS = {"faster-whisper": whisper.SCHEMA, "whisperx": whisperx.SCHEMA}
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False), st.text(max_size=3),
    st.lists(st.integers(), max_size=1),
)  # fmt: skip


def as_theirs(schema: Any) -> dict[str, Any]:
    return {
        name: {"type": option.type, "required": option.is_required}
        | ({} if option.is_required else {"default": option.default})
        for name, option in schema.items()
    }


@pytest.mark.parametrize("worker", SCHEMAS)
@given(drawn=st.data())
def test_it_says_what_the_official_validator_says(worker: str, drawn: st.DataObject) -> None:
    schema = SCHEMAS[worker]
    names = st.sampled_from([*schema, "stranger", "other"])
    sent = drawn.draw(st.dictionaries(names, VALUES, max_size=6))

    theirs = validate(sent, as_theirs(schema))
    try:
        ours: dict[str, Any] = {"validated_input": validated(sent, schema)}
    except HandlerError as error:
        ours = {"errors": error.args[0]}

    assert ours == theirs
    assert repr(ours.get("validated_input")) == repr(theirs.get("validated_input"))


def test_a_number_too_large_for_a_float_is_refused() -> None:
    with pytest.raises(HandlerError, match="int too large to convert to float"):
        validated({"temperature": 10**400}, {"temperature": Option(float, 0)})
