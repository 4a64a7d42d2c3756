"""Run the real app in a process of its own, on a free port, with a person's folder of its own."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx

from pipeline.page.host import TOKEN_FILE
from pipeline.page.host_link import WORD

ROOT = Path(__file__).resolve().parents[2]
START_LIMIT = 180  # seconds; a busy machine is slow to import torch
ANSWER_LIMIT = 120  # seconds
MARK = {"_type": "gradio.FileData"}


@dataclass(frozen=True)
class Server:
    """This is a running Croquis, spoken to as curl does."""

    url: str
    log: Path
    process: subprocess.Popen[bytes]
    seconds_to_page: float  # from the start of the process until the page answered
    settings: Mapping[str, str]  # its CROQUIS_* variables

    @property
    def api(self) -> str:
        return f"{self.url}/gradio_api"

    @property
    def host_url(self) -> str:
        """The link that the terminal prints for the host."""
        token = (Path(self.settings["CROQUIS_USER_DIR"]) / TOKEN_FILE).read_text()
        return f"{self.url}/?{urlencode({WORD: token})}"

    def upload(self, name: str, data: bytes) -> dict[str, Any]:
        """Upload a file and return it as an input: {"path", "meta"}."""
        answer = httpx.post(f"{self.api}/upload", files={"files": (name, data)}, timeout=ANSWER_LIMIT)
        answer.raise_for_status()
        return {"path": answer.json()[0], "meta": MARK}

    def call(self, endpoint: str, *data: Any) -> Any:
        """Return an endpoint's outputs through the queue, as the clients get them. Raises RequestRefused with the
        message."""
        answer = httpx.post(f"{self.api}/call/{endpoint}", json={"data": data}, timeout=ANSWER_LIMIT)
        answer.raise_for_status()
        return self.wait_for_result(endpoint, answer.json()["event_id"])

    def call_named(self, endpoint: str, **named: Any) -> Any:
        answer = httpx.post(f"{self.api}/call/v2/{endpoint}", json=named, timeout=ANSWER_LIMIT)
        if answer.status_code != 200:
            raise RequestRefused(answer.json()["error"])
        return self.wait_for_result(endpoint, answer.json()["event_id"])

    def wait_for_result(self, endpoint: str, event: str) -> Any:
        stream = httpx.get(f"{self.api}/call/{endpoint}/{event}", timeout=ANSWER_LIMIT).text
        kind, data = re.findall(r"event: (complete|error)\ndata: (.*)", stream)[-1]
        outputs = json.loads(data)
        if kind == "error":
            raise RequestRefused((outputs or {}).get("error"))
        return outputs if len(outputs) > 1 else outputs[0]

    def download(self, file: Mapping[str, Any]) -> bytes:
        return httpx.get(f"{self.api}/file={file['path']}", timeout=ANSWER_LIMIT).raise_for_status().content


class RequestRefused(Exception):
    """The server refused a request, with these words."""


@contextmanager
def run_app(folder: Path, port: int | None = None, before: Sequence[str] = (), **environment: str) -> Iterator[Server]:
    """Run `python app.py`, its log and its person's files below `folder`, at a free port unless one is given.

    `before` is a command that runs another, as setpriv does.
    """
    port, log = port or find_free_port(), folder / "server.log"
    environment = {
        **os.environ,
        "CI": "true",  # opens no browser
        "CROQUIS_PROFILE": "pocket",
        "CROQUIS_USER_DIR": str(folder / "user"),
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_TEMP_DIR": str(folder / "gradio"),
        "HF_HUB_CACHE": str(folder / "hub"),  # what this machine fetched before is not there
        "HF_HUB_OFFLINE": "1",
        **environment,
    }
    with log.open("wb") as output:
        started = time.monotonic()
        process = subprocess.Popen(
            [*before, sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until_ready(url, process, log)
            settings = {name: value for name, value in environment.items() if name.startswith("CROQUIS_")}
            yield Server(url, log, process, time.monotonic() - started, settings)
        finally:
            process.terminate()
            process.wait(30)


def wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"app.py ended with {process.returncode}:\n{log.read_text()[-3000:]}")
        try:
            answer = httpx.get(f"{url}/gradio_api/info", timeout=10)
            if answer.status_code != 401:  # where people have to log in first
                answer.raise_for_status()
            return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise RuntimeError(f"app.py did not answer within {START_LIMIT} s:\n{log.read_text()[-3000:]}")


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
