"""List what looks at every request before any route of Gradio's or ours, and at every answer."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence

from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute

from pipeline.page.body_limits import BodyLimits
from pipeline.page.counted_answers import CountedAnswers
from pipeline.page.early_refusals import EarlyRefusals
from pipeline.page.entrance import Entrance, refuse_stranger
from pipeline.page.host import read_host_token
from pipeline.page.host_link import HostLink
from pipeline.page.kept_page import KeptPage
from pipeline.page.open_routes import OpenRoutes
from pipeline.page.open_streams import OpenStreams
from pipeline.page.page_head import PageHead
from pipeline.page.refusals import Refusals
from pipeline.page.secure_headers import SecureHeaders
from pipeline.page.served_files import ServedFiles
from pipeline.page.trusted_hosts import TrustedHosts, list_trusted_hosts
from pipeline.page.trusted_proxies import TrustedProxies, list_proxies
from pipeline.page.upload_limits import UploadLimits
from pipeline.setting_checks import split
from pipeline.settings import Settings
from pipeline.studio.callers import Caller

SENT = ("authorization", "content-type", "accept")  # headers that another site's page may send
TOLD = (  # and those that it may read
    *("croquis-seed", "croquis-engine", "croquis-size", "croquis-styles", "croquis-withheld", "croquis-notices"),
    "retry-after",
)


def list_middlewares(
    settings: Settings,
    routes: Sequence[BaseRoute],
    note_answer: Callable[[int], None],
    find_key: Callable[[str], str | None],
    expect_place: Callable[[Caller], None] = lambda caller: None,
) -> list[Middleware]:
    """List the middlewares of the page's server, the outermost first.

    `routes` are our own beside Gradio's, `note_answer` is called with each answer's status, `find_key` returns the
    name of an API key, `expect_place` raises LineFull where a caller's picture would not be admitted.
    """
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # a broken form is its sender's, who is told
    hosts, origins = list_trusted_hosts(os.environ, settings.trusted_hosts), list(split(settings.origins))
    shared = Middleware(
        CORSMiddleware, allow_origins=origins, allow_methods=("GET", "POST"), allow_headers=SENT, expose_headers=TOLD
    )
    return [
        *([Middleware(TrustedProxies, proxies=proxies)] if (proxies := list_proxies(settings.proxies)) else []),
        Middleware(CountedAnswers, note=note_answer),
        Middleware(SecureHeaders),
        Middleware(Refusals),
        *([shared] if origins else []),
        Middleware(TrustedHosts, hosts=hosts, origins=origins),
        Middleware(HostLink, token=read_host_token(settings.user_dir)),
        Middleware(OpenRoutes, own=routes, has_login=settings.login == "file"),
        Middleware(AuthenticationMiddleware, backend=Entrance(settings, find_key), on_error=refuse_stranger),
        Middleware(OpenStreams),
        Middleware(UploadLimits, settings=settings),
        Middleware(BodyLimits),
        Middleware(EarlyRefusals, expect_place=expect_place),
        Middleware(ServedFiles),
        Middleware(KeptPage),
        Middleware(PageHead),
    ]
