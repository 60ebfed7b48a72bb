"""Yes and no, as parameters say them."""

_NO = ("", "0", "false", "no")


def is_on(text: str) -> bool:
    """Whether a text means yes: anything but `0`, `false`, `no` and nothing at all."""
    return text.lower() not in _NO
