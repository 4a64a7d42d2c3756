"""Write into the head of Gradio's page what has to stand there before Gradio's own scripts run.

launch()'s `head` comes too late for it: the browser adds it once Gradio has started, a second after the page came.
"""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEAD = b"<head>"
# Gradio 6.31 takes its loading sign away and leaves its clock running (run_timer in StatusTracker.svelte): an idle page
# asked for sixty frames a second for ever. Nobody sees that clock on our page, so none of its ticks is asked for.
STOPPED_CLOCK = """<script>
{
  const request = window.requestAnimationFrame.bind(window);
  const clock = /^\\(\\)=>\\{[^;]*performance\\.now\\(\\)-[^;]*\\/1e3\\)/;
  window.requestAnimationFrame = (act) => (clock.test(Function.prototype.toString.call(act)) ? 0 : request(act));
}
</script>"""


class PageHead:
    """PageHead is a middleware that adds to the head of the page; every other answer goes through as it is."""

    def __init__(self, app: ASGIApp) -> None:
        self._app, self._added = app, STOPPED_CLOCK.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, self._make_send(send) if asks_for_page(scope) else send)

    def _make_send(self, send: Send) -> Send:
        """Return what sends an answer on, with our lines in a page's head; the start waits for the first bytes."""
        held: list[Message] = []

        async def send_added(message: Message) -> None:
            if message["type"] == "http.response.start" and is_plain_html(message):
                held.append(message)
                return
            if held:
                before, head, after = message.get("body", b"").partition(HEAD)
                if head:
                    message = {**message, "body": before + head + self._added + after}
                    lengthen(held[0], len(self._added))
                await send(held.pop())
            await send(message)

        return send_added


def asks_for_page(scope: Scope) -> bool:
    """Tell whether a request asks for the page itself, whatever its query."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return False
    return scope["path"].removeprefix(scope.get("root_path", "")) in ("", "/")


def is_plain_html(start: Message) -> bool:
    """Tell whether an answer that starts so is HTML that nobody has packed yet."""
    headers = Headers(raw=start["headers"])
    return headers.get("content-type", "").startswith("text/html") and "content-encoding" not in headers


def lengthen(start: Message, added: int) -> None:
    """Say in the start of an answer that it has so many bytes more."""
    headers = MutableHeaders(raw=list(start["headers"]))
    if length := headers.get("content-length"):
        headers["content-length"] = str(int(length) + added)
    start["headers"] = headers.raw
