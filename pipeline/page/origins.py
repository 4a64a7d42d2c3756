"""Tell whether another site's page makes a visitor's browser call ours."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import Request

OWN_PAGE = "croquis.own_page"  # in the scope of a request whose Origin TrustedHosts has found to be ours
HOSTS = ("x-forwarded-host", "host")  # a proxy's name for us comes before its own


def is_foreign(request: Request) -> bool:
    """Return whether a browser sends this for a page of another host; what is no browser says nothing of that."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return True
    origin = request.headers.get("origin")
    if origin is None or request.scope.get(OWN_PAGE):
        return False
    ours = {request.headers[name].split(",")[0].strip().lower() for name in HOSTS if name in request.headers}
    return urlsplit(origin).netloc.lower() not in ours
