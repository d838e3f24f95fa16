"""TLS: the context for the options, the handshake, and the errors for its failures.

OpenSSL reports a reason and no cause. ``explain`` maps the reasons to causes that a user can act
on, and keeps OpenSSL's words as evidence.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

from wscli.errors import TimedOut, TLSError, UsageError
from wscli.net.attempt import Attempt
from wscli.net.opening import TLS, Certificate, Opening
from wscli.net.options import ConnectOptions
from wscli.net.stream import Stream
from wscli.net.transport import TLSTransport
from wscli.net.url import ascii_host

if TYPE_CHECKING:
    from wscli.kinds import TLSKind

# X509_V_ERR_CERT_HAS_EXPIRED, …_HOSTNAME_MISMATCH and …_IP_ADDRESS_MISMATCH. The many others, such
# as a missing issuer, all mean that no trusted CA vouches for the certificate.
_VERIFY_CODES: dict[int, TLSKind] = {
    10: "certificate-expired",
    62: "certificate-name",
    64: "certificate-name",
}
_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def make_context(options: ConnectOptions) -> ssl.SSLContext:
    """Return a client's context; SSLKEYLOGFILE is honoured, as ssl does by default.

    Raises:
        UsageError: for a file that cannot be read.
    """
    # The default context verifies certificate and name against the CAs of the system; ``cafile``
    # replaces these, and does not add to them.
    try:
        context = ssl.create_default_context(cafile=options.cacert)
    except (OSError, ssl.SSLError) as error:
        what = f"cannot read the CA certificates in {options.cacert}"
        if options.cacert is None:
            what = "cannot prepare TLS: the file that SSLKEYLOGFILE names cannot be written"
        raise UsageError(what, _openssl_reason(error)) from None
    if options.insecure:
        context.check_hostname = False  # first: ssl refuses CERT_NONE while this is on
        context.verify_mode = ssl.CERT_NONE
    if options.tls_min is not None:
        context.minimum_version = _VERSIONS[options.tls_min]
    if options.cert is not None:
        try:
            context.load_cert_chain(options.cert, options.key, _no_password)
        except (OSError, ssl.SSLError) as error:
            raise UsageError(
                f"cannot read the client certificate in {options.cert}",
                _openssl_reason(error),
                kind="certificate-file",
            ) from None
    elif options.key is not None:
        raise UsageError("a private key needs its certificate", kind="key-alone")
    # HTTP/1.1 alone, since HTTP/2 has no Upgrade header; its own way (RFC 8441) would be offered
    # here. A server that speaks nothing but HTTP/2 then says so with an alert.
    context.set_alpn_protocols(["http/1.1"])
    return context


# Without a callback OpenSSL would ask for the password on the terminal, also in the middle of a
# script or of the interactive session.
def _no_password() -> str:
    raise UsageError(
        "the private key is encrypted", hint="decrypt it: openssl pkey -in KEY -out DECRYPTED"
    )


def secure(stream: Stream, attempt: Attempt) -> None:
    """Put TLS on a stream, and record the version, cipher and certificate.

    Raises:
        TLSError: if the handshake fails.
        TimedOut: at the deadline.
    """
    opening = attempt.opening
    context = make_context(attempt.options)
    name = attempt.options.server_name or opening.url.host
    try:
        name = ascii_host(name).removesuffix(".")  # SNI and certificates have no final dot
        layer = TLSTransport(context, name, stream.transport)
    except (ValueError, TypeError) as error:
        raise UsageError(
            f"{name!r} is not a valid server name", str(error), kind="server-name"
        ) from None
    try:
        stream.secure(layer, attempt.deadline)
    except ssl.SSLCertVerificationError as error:
        raise _untrusted(error, name, _certificate(layer.tls)) from None
    except TimedOut:  # an OSError too, and not TLS's fault
        raise
    except OSError as error:
        raise _failed(error, opening) from None
    cipher = layer.tls.cipher()
    opening.tls = TLS(
        layer.tls.version() or "TLS", cipher[0] if cipher else "unknown", _certificate(layer.tls)
    )


def _failed(error: OSError, opening: Opening) -> TLSError:
    failure = explain(error, opening)
    failure.closed_early = is_end_of_connection(error)
    return failure


def is_end_of_connection(error: OSError) -> bool:
    """Return True if the connection ended, False if TLS rejected the bytes received."""
    # Both are SSLErrors, though they mean the end: without and with the peer's close_notify.
    ended = isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError)
    return ended or not isinstance(error, ssl.SSLError)


def explain(error: OSError, opening: Opening) -> TLSError:
    """Return the error for a failure of TLS, including one noticed only on reading."""
    reason = getattr(error, "reason", None) or ""
    where = opening.url.authority
    # A server that answers in plain text: "HTTP" in place of a record's type and version. The code
    # differs between versions of OpenSSL.
    if reason in (
        "WRONG_VERSION_NUMBER",
        "RECORD_LAYER_FAILURE",
        "HTTP_REQUEST",
        "UNKNOWN_PROTOCOL",
    ):
        return TLSError(
            f"{where} does not speak TLS",
            _openssl_reason(error),
            kind="not-tls",
        )
    # The alert of a server that speaks only h2 (RFC 7301 §3.2). Older versions of ssl have no name
    # for it, so the text is searched.
    if "no application protocol" in str(error).lower().replace("_", " "):
        return TLSError(
            f"{where} does not speak HTTP/1.1",
            "OpenSSL says: tlsv1 alert no application protocol",
            kind="no-http1",
        )
    # TLS 1.3 has an alert for a missing client certificate; in TLS 1.2 it is a handshake failure,
    # which may also mean that no cipher is common to both.
    if "CERTIFICATE_REQUIRED" in reason or "HANDSHAKE_FAILURE" in reason:
        return TLSError(
            f"{where} refused the TLS handshake", _openssl_reason(error), kind="tls-refused"
        )
    if "PROTOCOL_VERSION" in reason or "UNSUPPORTED_PROTOCOL" in reason:
        return TLSError(
            f"{where} supports no version of TLS that is allowed here",
            _openssl_reason(error),
            kind="tls-version",
        )
    if opening.tls is not None:
        return TLSError(
            f"{where} closed the connection right after the TLS handshake",
            _openssl_reason(error),
            kind="tls-left",
        )
    if is_end_of_connection(error):
        return TLSError(
            f"{where} closed the connection during the TLS handshake",
            _openssl_reason(error),
            kind="tls-ended",
        )
    return TLSError(f"TLS with {where} failed", _openssl_reason(error), kind="tls-failed")


def _untrusted(
    error: ssl.SSLCertVerificationError, name: str, certificate: Certificate | None
) -> TLSError:
    message = error.verify_message.rstrip(".")
    kind = _VERIFY_CODES.get(error.verify_code, "certificate-untrusted")
    evidence = message
    if certificate is not None:
        evidence += (
            f"\nsubject: {certificate.subject}\nissuer: {certificate.issuer}"
            f"\nnames: {', '.join(certificate.names) or 'none'}"
        )
    return TLSError(f"the certificate of {name} is not trusted: {message}", evidence, kind=kind)


def _openssl_reason(error: Exception) -> str:
    reason = getattr(error, "reason", None)
    if isinstance(error, ssl.SSLError) and reason:
        return f"OpenSSL says: {reason.lower().replace('_', ' ')}"
    return str(error.strerror or error) if isinstance(error, OSError) else str(error)


def _certificate(tls: ssl.SSLObject) -> Certificate | None:
    fields = _peer_fields(tls)
    if not fields:
        return None
    return Certificate(
        _show_name(fields.get("subject", ())),
        _show_name(fields.get("issuer", ())),
        tuple(value for _, value in fields.get("subjectAltName", ())),
        ssl.cert_time_to_seconds(fields["notAfter"]) if "notAfter" in fields else None,
    )


def _peer_fields(tls: ssl.SSLObject) -> dict[str, Any] | None:
    """Return the fields of the server's certificate, trusted or not, if Python can tell them."""
    # getpeercert() has no fields for a certificate that was not verified, which is the one that a
    # user needs to see. The object below it has them for any. It is undocumented, so an error goes
    # without the fields if Python lacks it.
    below: Any = getattr(tls, "_sslobj", None)
    chain = below.get_unverified_chain() if hasattr(below, "get_unverified_chain") else None
    return chain[0].get_info() if chain else None


def _show_name(name: tuple[tuple[tuple[str, str], ...], ...]) -> str:
    """Write a distinguished name in the order of the certificate, with the usual short names."""
    short = {
        "commonName": "CN",
        "organizationName": "O",
        "organizationalUnitName": "OU",
        "countryName": "C",
    }
    return ", ".join(f"{short.get(key, key)}={value}" for part in name for key, value in part)
