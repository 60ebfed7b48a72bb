"""The RSA key with which an issuer signs id_tokens (RS256)."""

import base64
import hashlib
import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from joserfc.jwk import RSAKey


class SigningKey:
    """One RSA key, made when first needed because that takes some 100 ms.

    Args:
        path: File that keeps it, so that tokens can be verified after a restart and after a reset; None
            for a key that lives as long as this object.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path

    @property
    def kid(self) -> str:
        """The key's id: 40 hex digits made from its public part."""
        return hashlib.sha256(str(self._key.as_dict(private=False)["n"]).encode()).hexdigest()[:40]

    def sign(self, claims: dict[str, Any]) -> str:
        """A compact JWS of these claims."""
        from joserfc import jwt

        return jwt.encode({"alg": "RS256", "kid": self.kid, "typ": "JWT"}, claims, self._key)

    def verify(self, token: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Header and claims of a token that this key signed, expired or not; None for any other."""
        from joserfc import jwt
        from joserfc.errors import JoseError

        try:
            read = jwt.decode(token, self._key, algorithms=["RS256"])
        except (JoseError, ValueError):
            return None
        return dict(read.header), dict(read.claims)

    def jwks(self) -> dict[str, Any]:
        """The public part as a JWK Set (RFC 7517, 5)."""
        public = self._key.as_dict(private=False)
        key = {
            "kid": self.kid,
            "kty": "RSA",
            "alg": "RS256",
            "use": "sig",
            "n": public["n"],
            "e": public["e"],
        }
        return {"keys": [key]}

    @cached_property
    def certificate(self) -> str:
        """The public part as a self-signed X.509 certificate in PEM, valid from 2020 to 2050."""
        from datetime import datetime

        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

        private = serialization.load_pem_private_key(self._key.as_pem(private=True), None)
        assert isinstance(private, RSAPrivateKey)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "staging signing key")])
        made = (
            x509.CertificateBuilder(name, name, private.public_key(), int(self.kid[:15], 16))
            .not_valid_before(datetime(2020, 1, 1))
            .not_valid_after(datetime(2050, 1, 1))
            .sign(private, hashes.SHA256())
        )
        return made.public_bytes(serialization.Encoding.PEM).decode()

    @cached_property
    def _key(self) -> "RSAKey":
        from joserfc.jwk import RSAKey

        if self._path is not None and self._path.exists():
            return RSAKey.import_key(self._path.read_bytes())
        key = RSAKey.generate_key(2048)
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._path.with_suffix(".new")
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(key.as_pem(private=True))
            fresh.replace(self._path)
        return key


def half_hash(text: str) -> str:
    """What `at_hash` and `c_hash` hold: the left half of SHA-256 (OpenID Connect Core, 3.1.3.6)."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()[:16]).rstrip(b"=").decode()
