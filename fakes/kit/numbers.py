"""Reads whole numbers out of what strangers wrote."""

_LARGEST = 2**63 - 1


def whole(text: str, most: int = _LARGEST) -> int | None:
    """The whole number that decimal digits say; None for any other text, and for more than `most`.

    What is longer than the largest number is not looked into: Python refuses numbers of thousands of digits.
    """
    if len(text) > len(str(most)) or not (text.isascii() and text.isdecimal()):
        return None
    number = int(text)
    return number if number <= most else None
