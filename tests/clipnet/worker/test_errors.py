from __future__ import annotations

from clipnet.worker.errors import Transient, words_of


def test_words_can_be_stored_whatever_a_service_said() -> None:
    assert words_of(Transient("x_unavailable", "x said: \0\0oh\0")) == "x said: oh"
    assert words_of(ValueError("\0oh")) == "ValueError: oh"
    assert len(words_of(Transient("x_unavailable", "a" * 5_000))) == 1_000
