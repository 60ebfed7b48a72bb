"""X.509: an authority that may vouch for some host names only, and the one certificate that it signs.

Source: RFC 5280, sections 4.1.2.5, 4.2.1.9, 4.2.1.10 and 4.2.1.12.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_SKEW = timedelta(days=2)
"""How far back they are valid already: clocks of clients may be slow."""
_PEM = serialization.Encoding.PEM


def issued(hosts: Sequence[str], now_s: float, life_days: int) -> tuple[bytes, bytes, bytes]:
    """Certificate of a new authority, of the server, and the server's key; the authority's is gone then."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name, name = named("clipnet-emulate: real host names on this machine"), named("clipnet-emulate")
    valid = life(now_s, life_days)
    ca = authority(begun(ca_name, ca_name, ca_key.public_key(), valid), hosts).sign(ca_key, hashes.SHA256())
    signed = server(begun(name, ca_name, key.public_key(), valid), ca, hosts).sign(ca_key, hashes.SHA256())
    written = key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return ca.public_bytes(_PEM), signed.public_bytes(_PEM), written


def life(now_s: float, days: int) -> tuple[datetime, datetime]:
    """From when until when."""
    now = datetime.fromtimestamp(now_s, UTC)
    return now - _SKEW, now + timedelta(days=days)


def named(common: str) -> x509.Name:
    """A name that people read."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, valid: tuple[datetime, datetime]
) -> x509.CertificateBuilder:
    """What a certificate of an authority and one of a server have in common."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid[0])
        .not_valid_after(valid[1])
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def authority(begun: x509.CertificateBuilder, hosts: Sequence[str]) -> x509.CertificateBuilder:
    """Vouches for these names and what is below them, and for no address."""
    no_address = [x509.IPAddress(ip_network("0.0.0.0/0")), x509.IPAddress(ip_network("::/0"))]
    constraints = x509.NameConstraints([x509.DNSName(host) for host in hosts], no_address)
    return (
        begun.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(constraints, critical=True)
    )


def server(
    begun: x509.CertificateBuilder, ca: x509.Certificate, hosts: Sequence[str]
) -> x509.CertificateBuilder:
    """A server with these names, of this authority."""
    names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
    ca_key = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    by_key = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(ca_key)
    return (
        begun.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(names, critical=False)
        .add_extension(by_key, critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
