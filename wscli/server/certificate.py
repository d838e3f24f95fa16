"""Make a self-signed certificate, for a server with ``--tls`` but without ``--cert``.

The package cryptography makes it in milliseconds, but is an extra with compiled code. Where it is
not installed, the program openssl does the same.
"""

from __future__ import annotations

import ipaddress
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from wscli.errors import UsageError

_DAYS = 30
_NAME = "wscli serve"


def make_certificate(folder: Path, names: Sequence[str]) -> tuple[Path, Path]:
    """Write a certificate for some names and addresses, and its key; return both files.

    A client can trust the server by trusting this one file, as with ``--cacert``.

    Raises:
        UsageError: if neither the package cryptography nor openssl can make one.
    """
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    # Made before it is written, so that no other user can open it in between.
    key.touch(mode=0o600)
    try:
        _with_cryptography(certificate, key, names)
    except ImportError:
        _with_openssl(certificate, key, names)
    return certificate, key


def _with_cryptography(certificate: Path, key: Path, names: Sequence[str]) -> None:
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    # P-256: every client supports it, and a key takes no time to make, unlike one of RSA.
    private = ec.generate_private_key(ec.SECP256R1())
    # Only for people: clients compare the alternative names (RFC 9110 §4.3.4).
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, _NAME)])
    now = datetime.now(UTC)
    addresses = [x509.IPAddress(ipaddress.ip_address(each)) for each in names if _is_address(each)]
    hosts = [x509.DNSName(each) for each in names if not _is_address(each)]
    public = private.public_key()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))  # for clients whose clock is slow
        .not_valid_after(now + timedelta(days=_DAYS))
        .add_extension(x509.SubjectAlternativeName([*hosts, *addresses]), critical=False)
        # Not an authority: somebody who trusts this file trusts no other certificate by it.
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def _with_openssl(certificate: Path, key: Path, names: Sequence[str]) -> None:
    listed = ",".join(f"{'IP' if _is_address(name) else 'DNS'}:{name}" for name in names)
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    # ``-nodes`` leaves the key unencrypted, or openssl would ask for a passphrase.
    command += ["-nodes", "-days", str(_DAYS), "-subj", f"/CN={_NAME}"]
    command += ["-addext", f"subjectAltName={listed}", "-addext", "basicConstraints=CA:FALSE"]
    command += ["-keyout", str(key), "-out", str(certificate)]
    try:
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", b"").decode(errors="replace").strip()
        raise UsageError(
            "cannot make a certificate: the package cryptography is not installed, and openssl "
            "failed",
            said or str(error),
            "pip install 'wscli-tool[tls]', or --cert FILE --key FILE with your own certificate",
        ) from None


def _is_address(name: str) -> bool:
    with suppress(ValueError):
        ipaddress.ip_address(name)
        return True
    return False
