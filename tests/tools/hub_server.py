"""Serve the Hub's protocol as huggingface_hub 2.4 asks for it, and fail on order in the ways the Hub does.

Large files are answered with a redirect to another origin, as the Hub does with its CDN; small ones directly. Beside
it lies an index of Python packages (PEP 503) under /simple, whose wheels are at the other origin, too.
"""

from __future__ import annotations

import hashlib
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from pipeline.models.catalog import SD15
from pipeline.models.hub import PARTIAL
from pipeline.models.hub_cache import find_cached_revision, repo_folder, snapshot_folder
from pipeline.models.profile import ModelPart, ModelProfile, WeightFile

MAIN = "f" * 40  # the commit that main is
PINNED = "1" * 40  # the commit that parts name
WEIGHTS = "model.safetensors"


@dataclass
class Repo:
    files: dict[str, bytes]
    revisions: set[str]  # commits it has, besides main


@dataclass
class Hub:
    """This holds what the server offers, what it does wrong, and what it was asked."""

    repos: dict[str, Repo] = field(default_factory=dict)
    wheels: dict[str, bytes] = field(default_factory=dict)  # names -> what is in them
    address: str = ""
    storage: str = ""  # where large files lie: another origin
    answers: dict[str, list[tuple[int, dict[str, str]]]] = field(default_factory=lambda: defaultdict(list))
    cuts: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))  # path -> bytes per answer
    damaged: set[str] = field(default_factory=set)  # paths whose last byte comes out wrong
    short: set[str] = field(default_factory=set)  # paths whose last 100 bytes are missing, and the length says so
    ignores_ranges: bool = False
    slow: float = 0.0  # seconds between pieces
    given: dict[str, int] = field(default_factory=lambda: defaultdict(int))  # path -> bytes sent
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)  # method, path, headers

    def add(self, repo: str, folder: Path, *revisions: str) -> None:
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        known = self.repos.setdefault(repo, Repo({}, set()))
        known.files |= files
        known.revisions |= set(revisions)

    def find(self, digest: str) -> tuple[str, bytes]:
        return next(
            (name, data)
            for repo in self.repos.values()
            for name, data in repo.files.items()
            if hashlib.sha256(data).hexdigest() == digest
        )


class HubRequestHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, *, body: bool) -> None:  # noqa: PLR0911 - one way to be refused each
        if self.path.startswith("/api/"):  # the client's own questions, such as which assistants there are
            return self.refuse(404, {})
        self.hub.asked.append((self.command, self.path, dict(self.headers)))
        if self.path.startswith("/cdn/"):
            name, data = self.hub.find(self.path.rpartition("/")[2])
            return self.send_content(name, data, {}, body)
        if self.path.startswith("/simple/"):
            return self.send_index(body)
        if self.path.startswith("/wheels/"):
            name = self.path.rpartition("/")[2]
            return self.send_content(name, self.hub.wheels[name], {}, body)
        repo, _, rest = self.path.strip("/").partition("/resolve/")
        revision, _, name = rest.partition("/")
        if planned := self.hub.answers[name]:
            status, headers = planned.pop(0)
            return self.refuse(status, headers)
        known = self.hub.repos.get(repo)
        if known is None:
            return self.refuse(401, {"X-Error-Code": "RepoNotFound"})
        if revision not in {"main", MAIN, *known.revisions}:
            return self.refuse(404, {"X-Error-Code": "RevisionNotFound"})
        commit = {"X-Repo-Commit": MAIN if revision == "main" else revision}
        if name not in known.files:
            return self.refuse(404, {"X-Error-Code": "EntryNotFound", **commit})
        return self.send_file_head(name, known.files[name], commit, body)

    def send_index(self, body: bool) -> None:
        """Answer as an index does that is asked for a package; it knows its wheels by the names they begin with."""
        package = self.path.strip("/").rpartition("/")[2]
        if planned := self.hub.answers[package]:
            return self.refuse(*planned.pop(0))
        links = [
            f'<a href="../../wheels/{name}#sha256={hashlib.sha256(data).hexdigest()}">{name}</a><br />'
            for name, data in self.hub.wheels.items()
            if name.startswith(f"{package}-")
        ]
        page = "\n".join(["<!DOCTYPE html>", *links]).encode()
        return self.send_content(package, page, {"Content-Type": "text/html"}, body)

    def send_file_head(self, name: str, data: bytes, commit: dict[str, str], body: bool) -> None:
        if not name.endswith(".safetensors"):
            sha1 = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
            return self.send_content(name, data, {"ETag": f'"{sha1}"', **commit}, body)
        digest = hashlib.sha256(data).hexdigest()
        size = len(data) - (100 if name in self.hub.short else 0)
        self.send_response(302)
        for key, value in {
            "Location": f"{self.hub.storage}/cdn/{digest}",
            "X-Linked-Size": str(size),
            "X-Linked-Etag": f'"{digest}"',
            "ETag": '"redirect"',
            "Content-Length": "0",
            **commit,
        }.items():
            self.send_header(key, value)
        self.end_headers()
        return None

    def send_content(self, name: str, data: bytes, headers: dict[str, str], body: bool) -> None:
        if name in self.hub.damaged:
            data = data[:-1] + bytes([data[-1] ^ 1])
        if name in self.hub.short:
            data = data[:-100]
        start = 0
        if (asked := self.headers.get("Range")) and not self.hub.ignores_ranges:
            start = int(asked.removeprefix("bytes=").rstrip("-"))
            headers = headers | {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"}
        self.send_response(206 if start else 200)
        for key, value in {**headers, "Content-Length": str(len(data) - start)}.items():
            self.send_header(key, value)
        self.end_headers()
        if body:
            self.send(name, data[start:])

    def send(self, name: str, data: bytes) -> None:
        end = self.hub.cuts[name].pop(0) if self.hub.cuts[name] else len(data)
        pause = threading.Event()
        for place in range(0, min(end, len(data)), 16_384):
            piece = data[place : min(place + 16_384, end)]
            try:
                self.wfile.write(piece)
            except OSError:  # the client left
                break
            self.hub.given[name] += len(piece)
            if self.hub.slow:
                pause.wait(self.hub.slow)
        if end < len(data):
            self.wfile.flush()
            self.close_connection = True

    def refuse(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in {**headers, "Content-Length": "0"}.items():
            self.send_header(key, value)
        self.end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@contextmanager
def serve_hub() -> Iterator[Hub]:
    hub = Hub()
    these = type("These", (HubRequestHandler,), {"hub": hub})
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), these) for _ in range(2)]
    threads = [threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True) for server in servers]
    for thread in threads:
        thread.start()
    hub.address, hub.storage = (f"http://127.0.0.1:{server.server_address[1]}" for server in servers)
    yield hub
    for server in servers:
        server.shutdown()
        server.server_close()


def set_hub(hub: Hub, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set what HF_ENDPOINT and HF_HUB_CACHE set where they are there when huggingface_hub is imported."""
    constants = "huggingface_hub.constants"
    monkeypatch.setattr(f"{constants}.ENDPOINT", hub.address)
    template = hub.address + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(f"{constants}.HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(f"{constants}.HF_HUB_CACHE", str(cache))


def offer_weights(hub: Hub, repo: str, folder: Path, size: int) -> None:
    """Offer a repository of an index and `size` bytes of weights, made in `folder`."""
    folder.mkdir()
    safetensors.numpy.save_file({"weight": np.zeros(size, np.uint8)}, folder / WEIGHTS)
    (folder / "model_index.json").write_text("{}")
    hub.add(repo, folder, PINNED)


def make_hub_profile(hub: Hub, repo: str) -> ModelProfile:
    """Return SD 1.5 whose base is what `hub` offers under `repo`; another part is listed and never downloaded."""
    weights = WeightFile(WEIGHTS, len(hub.repos[repo].files[WEIGHTS]))
    base = ModelPart("base", ".", repo, PINNED, (WeightFile("model_index.json", approximate_bytes=2), weights))
    later = replace(base, required=False, files=(WeightFile("never.safetensors"),))
    return replace(SD15, parts=MappingProxyType({"base": base, "later": later}))


def offer_part(hub: Hub, part: ModelPart, folder: Path) -> None:
    """Offer what lies in a folder as the files of a part, at the revision that it names."""
    hub.add(str(part.repo), folder, str(part.revision))


def read_fetched(part: ModelPart, commit: str = PINNED) -> bytes:
    """Return the first of the part's files as the cache holds it."""
    return (snapshot_folder(part, commit) / part.files[0].path).read_bytes()


def list_leftovers(part: ModelPart) -> list[Path]:
    return [path for path in repo_folder(part).rglob(f"*{PARTIAL}")]


def expect_nothing_half_written(part: ModelPart) -> None:
    assert find_cached_revision(part) is None
    assert list_leftovers(part) == []
    assert not (snapshot_folder(part, PINNED) / part.files[0].path).exists()
