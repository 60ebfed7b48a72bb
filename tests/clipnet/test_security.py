from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.fernet import InvalidToken

from clipnet.clock import RandomIds
from clipnet.security import (
    Signer,
    Vault,
    fingerprint,
    hash_password,
    new_bearer_token,
    token_sha256,
    verify_password,
)
from clipnet.settings import Secret

NOW = datetime(2026, 11, 21, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
KEY = Secret("c3RhZ2luZy10b2tlbi1rZXktb2YtdGhlLWVtdWxhdG8=")


async def test_a_password_is_only_known_by_its_argon2_hash() -> None:
    hashed = await hash_password("correct horse")

    assert hashed.startswith("$argon2id$")
    assert await verify_password(hashed, "correct horse")
    assert not await verify_password(hashed, "correct hors")


@pytest.mark.parametrize("stored", [None, "", "not a hash"])
async def test_nobody_logs_in_without_a_hash(stored: str | None) -> None:
    assert not await verify_password(stored, "nobody has this password")


def test_a_signed_value_comes_back_until_it_expires() -> None:
    signed = Signer(Secret("s" * 20), "session").sign({"user": "1"}, LATER)

    signer = Signer(Secret("s" * 20), "session")

    assert signer.unsign(signed, NOW) == {"user": "1"}
    assert signer.unsign(signed, LATER) is None


def test_a_value_for_another_purpose_or_secret_is_refused() -> None:
    signed = Signer(Secret("s" * 20), "session").sign({"user": "1"}, LATER)

    assert Signer(Secret("s" * 20), "oauth").unsign(signed, NOW) is None
    assert Signer(Secret("t" * 20), "session").unsign(signed, NOW) is None


@pytest.mark.parametrize("forged", [None, "", ".", "a", "a.b", "é.é", "=.=", "{}.", "a" * 10_000])
def test_what_is_not_signed_is_refused(forged: str | None) -> None:
    assert Signer(Secret("s" * 20), "session").unsign(forged, NOW) is None


def test_a_bearer_token_is_found_by_its_hash() -> None:
    made = new_bearer_token(RandomIds())

    assert (made.token[:4], len(made.token), made.sha256) == ("clp_", 47, token_sha256(made.token))


def test_tokens_at_rest_are_encrypted() -> None:
    stored = Vault(KEY).encrypt("ya29.token")

    assert b"ya29" not in stored
    assert Vault(KEY).decrypt(stored) == "ya29.token"
    with pytest.raises(InvalidToken):
        Vault(Secret("A" * 43 + "=")).decrypt(stored)


def test_the_mark_of_a_password_changes_with_it() -> None:
    assert len({fingerprint(None), fingerprint("a"), fingerprint("b")}) == 3
