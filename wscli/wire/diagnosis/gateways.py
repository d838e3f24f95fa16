"""Name the proxy that answered in place of the server behind it.

The owner of a server often does not know that a refusal comes from the proxy in front of it, and
looks for the cause in the wrong configuration.
"""

from __future__ import annotations

import re

from wscli.wire.diagnosis.evidence import PlainResponse

_BY_HEADER = (  # names as the products write them
    ("Server", r"^(nginx|openresty|Caddy|Apache|Varnish|Traefik|cloudflare|CloudFront)\b"),
    ("Server", r"^(envoy|istio-envoy|awselb|heroku|HAProxy|Fly|gws)\b"),
    ("Via", r"\b(Caddy|varnish|CloudFront|google|heroku-router|vegur|fly\.io)\b"),
)
_BY_BODY = (  # from the error pages that these products have built in
    ("nginx", r"<center>nginx[/<]"),
    ("openresty", r"<center>openresty"),
    ("HAProxy", r"No server is available to handle this request"),
    ("HAProxy", r"The server (didn't respond in time\.|returned an invalid or incomplete)"),
    ("Envoy", r"^no healthy upstream|^upstream (connect error|request timeout)"),
    ("Traefik", r"^no available server"),
    ("Varnish", r"Guru Meditation"),
)
_NAMES = {
    "awselb": "the AWS load balancer",
    "cloudflare": "Cloudflare",
    "envoy": "Envoy",
    "istio-envoy": "Envoy",
    "google": "Google's load balancer",
    "gws": "Google's load balancer",
    "heroku": "Heroku's router",
    "heroku-router": "Heroku's router",
    "vegur": "Heroku's router",
    "varnish": "Varnish",
    "fly": "Fly.io",
    "fly.io": "Fly.io",
}


def name_gateway(answer: PlainResponse) -> str | None:
    """Return the name of the proxy that made an answer, if a header or the body identifies it."""
    # The body first: a page that only one product writes proves more than a Server header, which
    # may be that of the proxy or, passed on, that of the server behind it.
    for name, pattern in _BY_BODY:
        if re.search(pattern, answer.text):
            return name
    for header, pattern in _BY_HEADER:
        if match := re.search(pattern, answer.header(header), re.IGNORECASE):
            return _NAMES.get(match[1].lower(), match[1])
    return None
