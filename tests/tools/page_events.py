"""Raise an event of one of the page's components over Gradio's queue, as the browser does, and return what is shown."""

from __future__ import annotations

import json
import uuid
from typing import Any

import httpx
from gradio_client.utils import apply_diff

LIMIT = 600  # seconds


class PageEvents:
    """PageEvents raises events of the page at an address, as the host who opened `link`."""

    def __init__(self, url: str, link: str) -> None:
        self._api = f"{url}/gradio_api"
        self._client = httpx.Client(timeout=LIMIT)
        self._client.get(link)  # leaves the host's cookie
        self._config = self._client.get(f"{url}/config").raise_for_status().json()

    def send(self, component: str, event: str, **data: Any) -> Any:
        """Raise a component's event with its data, and return the last value that comes of it.

        Raises RuntimeError for an event that fails, and LookupError for one that there is not.
        """
        place, function = self._find(component, event)
        session = uuid.uuid4().hex
        joined = {"data": [], "event_data": data, "fn_index": function, "trigger_id": place, "session_hash": session}
        self._client.post(f"{self._api}/queue/join", json=joined).raise_for_status()
        return self._read_last(session)

    def _find(self, component: str, event: str) -> tuple[int, int]:
        """Return the number of the component and that of the function that hears its event."""
        place = next(each["id"] for each in self._config["components"] if each["props"].get("elem_id") == component)
        for function in self._config["dependencies"]:
            if [place, event] in [list(target) for target in function["targets"]]:
                return place, function["id"]
        raise LookupError(f"Nothing hears {event} of {component}.")

    def _read_last(self, session: str) -> Any:
        """Read the queue's messages until the event is done; return its first output's last value."""
        shown, first = None, True  # the first value comes whole, those behind it as differences
        address = f"{self._api}/queue/data"
        with self._client.stream("GET", address, params={"session_hash": session}) as stream:
            for line in stream.iter_lines():
                message = json.loads(line[6:]) if line.startswith("data: ") else {}
                if message.get("msg") == "process_generating":
                    output = message["output"]["data"][0]
                    shown = output if first else apply_diff(shown, output)
                    first = False
                if message.get("msg") == "process_completed":
                    if not message["success"]:
                        raise RuntimeError(str(message["output"]))
                    return shown if shown is not None else message["output"]["data"][0]
        raise RuntimeError("The queue ended before the event did.")
