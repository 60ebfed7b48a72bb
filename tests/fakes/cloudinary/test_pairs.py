import pytest

from fakes.cloudinary import pairs
from fakes.kit.errors import ProviderError


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {}),
        ("a=b|c=d", {"a": "b", "c": "d"}),
        (r"a=1\|2\=3|b=", {"a": "1|2=3", "b": ""}),
        ("a=x\ny|a=z", {"a": "z"}),
        ('{"a": 1, "b": ["x"], "c": null, "d": "e"}', {"a": "1", "b": '["x"]', "d": "e"}),
    ],
)
def test_pairs_are_read(text: str, found: dict[str, str]) -> None:
    assert pairs.read(text, "context") == found


@pytest.mark.parametrize("text", ["a", "a=b|c", "{", "=b"])
def test_what_is_no_pair_is_refused(text: str) -> None:
    with pytest.raises(ProviderError, match="Invalid value for parameter metadata"):
        pairs.read(text, "metadata")


def test_what_is_written_is_read_again() -> None:
    whole = {"a|b": r"c=d\e", "f": "g\nh"}

    assert pairs.read(pairs.write(whole), "context") == whole
