"""Percent escapes in bytes that come in pieces."""

_LONGEST = 2


def whole_escapes(data: bytes) -> tuple[bytes, bytes]:
    """The bytes up to an escape whose end is still to come, and what there is of that escape."""
    cut = data.find(b"%", max(len(data) - _LONGEST, 0))
    return (data, b"") if cut < 0 else (data[:cut], data[cut:])
