"""Make the certificates that a C2PA signature needs: a root of our own, and a signer's that the root vouches for."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
BEGAN = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
YEAR = datetime.timedelta(days=365)


@dataclass(frozen=True)
class Chain:
    """Chain is what a host has: the signer's certificate with those above it, and its key, both as PEM."""

    certificates: bytes
    key: bytes

    def write(self, folder: Path) -> Path:
        """Write both as Croquis reads them."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "certificates.pem").write_bytes(self.certificates)
        (folder / "key.pem").write_bytes(self.key)
        return folder


def make_key(kind: str) -> Key:
    """Make a key of a kind: es256, ps256 or ed25519."""
    if kind == "ps256":
        return rsa.generate_private_key(65_537, 2_048)
    return ed25519.Ed25519PrivateKey.generate() if kind == "ed25519" else ec.generate_private_key(ec.SECP256R1())


def make_chain(kind: str = "es256", years: int = 20) -> Chain:
    """Make a chain of two certificates, the root's first signed by itself."""
    root, signer = ec.generate_private_key(ec.SECP256R1()), make_key(kind)
    above = make_certificate("Croquis tests, root", root, None, root, is_root=True, years=years)
    own = make_certificate("Croquis tests", signer, above, root, is_root=False, years=years)
    form = serialization.Encoding.PEM
    key = signer.private_bytes(form, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Chain(own.public_bytes(form) + above.public_bytes(form), key)


def make_certificate(
    name: str, key: Key, above: x509.Certificate | None, signing: Key, *, is_root: bool, years: int
) -> x509.Certificate:
    """Make a certificate as C2PA wants it (C2PA 2.1, 14.5): what it may be used for, and whose key it is."""
    parts = [(NameOID.COUNTRY_NAME, "GB"), (NameOID.ORGANIZATION_NAME, "Croquis"), (NameOID.COMMON_NAME, name)]
    subject = x509.Name([x509.NameAttribute(*each) for each in parts])
    use = x509.KeyUsage(not is_root, False, False, False, False, is_root, is_root, False, False)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if above is None else above.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGAN)
        .not_valid_after(BEGAN + years * YEAR)
        .add_extension(x509.BasicConstraints(is_root, None), critical=True)
        .add_extension(use, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False)
    )
    if not is_root:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    return builder.sign(signing, None if isinstance(signing, ed25519.Ed25519PrivateKey) else hashes.SHA256())
