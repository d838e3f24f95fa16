"""TLS: the context that the options ask for, the handshake, and what a failure means."""

from __future__ import annotations

import ssl
from typing import Any

from wscli.errors import TLSError, UsageError
from wscli.net.attempt import Attempt
from wscli.net.opening import TLS, Certificate, Opening
from wscli.net.options import ConnectOptions
from wscli.net.stream import Stream
from wscli.net.transport import TLSTransport
from wscli.net.url import ascii_host

_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def make_context(options: ConnectOptions) -> ssl.SSLContext:
    """Return a client's context; SSLKEYLOGFILE is honoured, as ssl does by default.

    Raises:
        UsageError: for a file that cannot be read or an unknown version.
    """
    try:
        context = ssl.create_default_context(cafile=options.cacert)
    except (OSError, ssl.SSLError) as error:
        what = f"cannot read the CA certificates in {options.cacert}"
        if options.cacert is None:
            what = "cannot prepare TLS: the file that SSLKEYLOGFILE names cannot be written"
        raise UsageError(what, _openssl_reason(error)) from None
    if options.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if options.tls_min is not None:
        if options.tls_min not in _VERSIONS:
            raise UsageError(f"{options.tls_min!r} is no version of TLS", hint="1.2 or 1.3")
        context.minimum_version = _VERSIONS[options.tls_min]
    if options.cert is not None:
        try:
            context.load_cert_chain(options.cert, options.key, _no_password)
        except (OSError, ssl.SSLError) as error:
            raise UsageError(
                f"cannot read the client certificate in {options.cert}",
                _openssl_reason(error),
                "a PEM file; --key names the private key where it is in another file",
            ) from None
    elif options.key is not None:
        raise UsageError("a private key needs its certificate", hint="--cert FILE")
    # Where HTTP/2 (RFC 8441) would be offered. What the server chose is known to the TLSTransport
    # after its handshake, and decides which layer comes next.
    context.set_alpn_protocols(["http/1.1"])
    return context


def _no_password() -> str:
    raise UsageError(
        "the private key is encrypted", hint="openssl pkey -in KEY -out PLAIN makes one that is not"
    )


def secure(stream: Stream, attempt: Attempt) -> None:
    """Put TLS on a stream, and record what was agreed on.

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
            f"{name!r} is no name that a certificate could be for", str(error), "--server-name NAME"
        ) from None
    try:
        stream.secure(layer, attempt.deadline)
    except ssl.SSLCertVerificationError as error:
        raise _untrusted(error, name, _certificate(layer.tls)) from None
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
    ended = isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError)
    return ended or not isinstance(error, ssl.SSLError)


def explain(error: OSError, opening: Opening) -> TLSError:
    """Return the error for a failure of TLS, including one noticed only on reading."""
    reason = getattr(error, "reason", None) or ""
    where = opening.url.authority
    if reason in (
        "WRONG_VERSION_NUMBER",
        "RECORD_LAYER_FAILURE",
        "HTTP_REQUEST",
        "UNKNOWN_PROTOCOL",
    ):
        return TLSError(
            f"{where} does not speak TLS",
            _openssl_reason(error),
            "this port speaks plain text: write ws:// instead of wss://",
        )
    # The alert to an ALPN without h2 (RFC 7301 §3.2), for which older versions of ssl lack a name.
    if "no application protocol" in str(error).lower().replace("_", " "):
        return TLSError(
            f"{where} does not speak HTTP/1.1",
            "OpenSSL says: tlsv1 alert no application protocol",
            "the server speaks HTTP/2 only, and wscli needs HTTP/1.1: check host and port",
        )
    if "CERTIFICATE_REQUIRED" in reason or "HANDSHAKE_FAILURE" in reason:
        return TLSError(
            f"{where} refused the TLS handshake",
            _openssl_reason(error),
            "it may want a client certificate: --cert FILE --key FILE",
        )
    if "PROTOCOL_VERSION" in reason or "UNSUPPORTED_PROTOCOL" in reason:
        return TLSError(
            f"{where} speaks no version of TLS that is allowed here",
            _openssl_reason(error),
            "--tls-min 1.2 allows the oldest that is still safe",
        )
    if opening.tls is not None:
        return TLSError(
            f"{where} broke off right after the TLS handshake",
            _openssl_reason(error),
            "it may want a client certificate: --cert FILE --key FILE",
        )
    if is_end_of_connection(error):
        return TLSError(
            f"{where} closed the connection during the TLS handshake",
            _openssl_reason(error),
            "is this port meant for TLS? If not, write ws:// instead of wss://",
        )
    return TLSError(f"TLS with {where} failed", _openssl_reason(error), "check host and port")


def _untrusted(
    error: ssl.SSLCertVerificationError, name: str, certificate: Certificate | None
) -> TLSError:
    message = error.verify_message.rstrip(".")
    hint = "--cacert FILE trusts the CA that signed it; --insecure trusts anybody"
    if error.verify_code == 10:
        hint = "the server's administrator must renew it; --insecure goes on without the check"
    elif error.verify_code in (62, 64):
        hint = "--server-name NAME checks for another name; --insecure goes on without the check"
    evidence = message
    if certificate is not None:
        evidence += (
            f"\nsubject: {certificate.subject}\nissuer: {certificate.issuer}"
            f"\nnames: {', '.join(certificate.names) or 'none'}"
        )
    return TLSError(f"the certificate of {name} is not trusted: {message}", evidence, hint)


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
    """Return the fields of the server's certificate, trusted or not.

    getpeercert() has them only for one that was verified; the object below it has them for any,
    and we look there, where there is such an object.
    """
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
