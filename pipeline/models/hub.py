"""Fetches a part's files from the Hub into its cache, so that a cut or a stop costs only what was on the way.

Questions, redirects and sign-in are huggingface_hub's; the bytes are appended here, because version 2 of it throws away
what a cut download had, and begins 1.7 GB anew. HF_ENDPOINT names the host, HF_HOME the cache, HF_TOKEN who asks.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import filelock

from pipeline.errors import ModelError
from pipeline.models.checks import file_sha256, git_sha1
from pipeline.models.hub_cache import discard, repo_folder, snapshot_folder
from pipeline.models.hub_errors import explain, is_passing, network_errors, retry_after
from pipeline.models.profile import ModelPart, WeightFile
from pipeline.models.safetensors_header import check_header

T = TypeVar("T")
log = logging.getLogger(__name__)

PARTIAL = ".croquis-part"  # what a file is called until all of it is here and right
WAITS = (1.0, 2.0, 4.0, 8.0, 16.0)  # seconds before trying again, when nothing came since the last try
LONGEST_WAIT = 120.0  # seconds; a Hub that asks for more is told about instead


class Watch(Protocol):
    """Whoever looks on. Both may raise Cancelled, which leaves what came to be gone on with."""

    def came(self, count: int) -> None:
        """`count` bytes more are on disk; fewer when negative."""

    def pause(self, seconds: float, why: str) -> None:
        """Wait."""


class Patience:
    """Nobody looks on."""

    def came(self, count: int) -> None:
        pass

    def pause(self, seconds: float, why: str) -> None:
        log.warning("%s Trying again in %.0f s.", why, seconds)
        time.sleep(seconds)


@dataclass(frozen=True)
class RemoteFile:
    """What the Hub says of a file."""

    url: str
    size: int  # bytes
    etag: str  # SHA-256 of a large file, git's SHA-1 of a small one
    commit: str


def fetch_part(part: ModelPart, watch: Watch | None = None) -> str:
    """Bring all the part's files into the Hub's cache; returns the commit they are from.

    A pinned revision that the Hub has no more gives way to main, aloud. Raises ModelError with the fix, or Cancelled.
    """
    from huggingface_hub import errors

    looker_on = watch or Patience()
    try:
        return fetch_revision(part, part.revision or "main", looker_on)
    except errors.RevisionNotFoundError as error:
        if part.revision is None:
            raise explain(error, part, part.files[0].path) from error
    names = ", ".join(file.path for file in part.files)
    log.warning("%s has no revision %s any more; using main for %s.", part.repo, part.revision, names)
    try:
        commit = fetch_revision(part, "main", looker_on)
    except errors.RevisionNotFoundError as error:
        raise explain(error, part, part.files[0].path) from error
    write_main(part, commit)
    return commit


def fetch_revision(part: ModelPart, revision: str, watch: Watch) -> str:
    """All files at one commit: the first file's answer says which one main is."""
    from huggingface_hub import errors

    commit = revision
    speakable: tuple[type[Exception], ...] = (OSError, *network_errors())
    for file in part.files:
        try:
            commit = fetch_file(part, file, commit, watch)
        except errors.RevisionNotFoundError:
            raise
        except speakable as error:
            raise explain(error, part, file.path) from error
    return commit


def fetch_file(part: ModelPart, file: WeightFile, revision: str, watch: Watch) -> str:
    """One file, unless the cache has it and it is right; returns its commit."""
    if is_right(here := snapshot_folder(part, revision) / file.path, file):
        return revision
    discard(here)
    remote = patiently(lambda: ask(part, file, revision), watch)
    expect_size(part, file, remote)
    blob = repo_folder(part) / "blobs" / remote.etag
    blob.parent.mkdir(parents=True, exist_ok=True)
    partial = blob.with_name(blob.name + PARTIAL)
    with alone(partial, file):
        if not (blob.is_file() and blob.stat().st_size == remote.size and is_right(blob, file)):
            append(remote, partial, watch)
            check(part, partial, file, remote)
            os.replace(partial, blob)
        link(blob, snapshot_folder(part, remote.commit) / file.path)
    return remote.commit


def alone(partial: Path, file: WeightFile) -> Any:
    """A lock, so that two programs never append to one file."""
    lock = filelock.FileLock(partial.with_name(partial.name + ".lock"), timeout=0)
    try:
        return lock.acquire()
    except filelock.Timeout as error:
        raise ModelError(f"Another Croquis is fetching {file.path} just now. Wait for it, or stop it first.") from error


def ask(part: ModelPart, file: WeightFile, revision: str) -> RemoteFile:
    import huggingface_hub
    from huggingface_hub import constants

    url = huggingface_hub.hf_hub_url(str(part.repo), file.path, revision=revision, endpoint=constants.ENDPOINT)
    answer = huggingface_hub.get_hf_file_metadata(url, timeout=constants.HF_HUB_ETAG_TIMEOUT)
    if answer.commit_hash is None or answer.etag is None or answer.size is None:
        raise ModelError(f"{url} is not answered as the Hub does. Check HF_ENDPOINT, or a proxy on the way.")
    if not answer.etag.isalnum():  # it becomes a file's name
        raise ModelError(f"{url} has the etag {answer.etag[:80]!r}, which is none of the Hub's. Check HF_ENDPOINT.")
    return RemoteFile(url, answer.size, answer.etag, answer.commit_hash)


def patiently(action: Callable[[], T], watch: Watch) -> T:
    """What `action` gives, tried again while the Hub is busy or the line is broken, for as long as WAITS last."""
    for wait in WAITS:
        try:
            return action()
        except network_errors() as error:
            hold_on(error, wait, watch)
    return action()


def append(remote: RemoteFile, partial: Path, watch: Watch) -> None:
    """Bring `partial` to the remote file's length, from where it is; a cut is gone on from."""
    if have(partial) > remote.size:
        discard(partial)
    fruitless = 0
    while (before := have(partial)) < remote.size:
        try:
            stream(remote, partial, before, watch)
        except network_errors() as error:
            fruitless = 0 if have(partial) > before else fruitless + 1
            if fruitless >= len(WAITS):
                raise
            hold_on(error, WAITS[fruitless], watch)
        except OSError:  # the disk's: a full one gets its room back
            discard(partial)
            raise
    if not remote.size:
        partial.touch()


def stream(remote: RemoteFile, partial: Path, start: int, watch: Watch) -> None:
    """Append what comes until the answer ends. A server that ignores the range begins again, and so do we."""
    from huggingface_hub import constants
    from huggingface_hub.utils import (  # type: ignore[attr-defined]  # exported, but not by their own typing's rules
        build_hf_headers,
        get_session,
        hf_raise_for_status,
    )

    wanted = {"Range": f"bytes={start}-"} if start else {}
    headers = build_hf_headers() | {"Accept-Encoding": "identity"} | wanted
    timeout = constants.HF_HUB_DOWNLOAD_TIMEOUT
    with get_session().stream("GET", remote.url, headers=headers, timeout=timeout) as response:
        hf_raise_for_status(response)
        goes_on = response.status_code == 206
        if not goes_on:
            watch.came(-start)
        with partial.open("ab" if goes_on else "wb") as file:
            for chunk in response.iter_bytes():
                file.write(chunk)
                watch.came(len(chunk))


def hold_on(error: Exception, wait: float, watch: Watch) -> None:
    """Wait as long as the Hub asks, or `wait` seconds; raises the error where waiting does not help."""
    asked = retry_after(error)
    if not is_passing(error) or (asked or 0) > LONGEST_WAIT:
        raise error
    first_line = (str(error).strip().splitlines() or [type(error).__name__])[0]
    watch.pause(wait if asked is None else asked, f"The download was held up: {first_line}")


def expect_size(part: ModelPart, file: WeightFile, remote: RemoteFile) -> None:
    if file.bytes is not None and remote.size != file.bytes:
        raise ModelError(
            f"{part.repo} offers {file.path} with {remote.size} bytes instead of {file.bytes}: it is not the file that "
            "Croquis knows, and was not fetched. Check HF_ENDPOINT, or look for a newer Croquis."
        )


def check(part: ModelPart, path: Path, file: WeightFile, remote: RemoteFile) -> None:
    """Raise ModelError, the file removed, unless its contents are what the table or else the Hub says."""
    expected = file.sha256 or remote.etag
    came = git_sha1(path) if len(expected) == 40 else file_sha256(path)
    if len(expected) in (40, 64) and came != expected:
        discard(path)
        raise ModelError(
            f"{file.path} of {part.repo} came damaged (its hash is {came[:12]}... instead of {expected[:12]}...), and "
            "was removed. Start the download again; if this comes back, something on the way changes files: check "
            "HF_ENDPOINT and proxies."
        )
    if file.path.endswith(".safetensors"):
        try:
            check_header(path)
        except ModelError:
            discard(path)
            raise


def is_right(path: Path, file: WeightFile) -> bool:
    """Whether the file is here with the contents that are known of it."""
    if not path.is_file() or (file.bytes is not None and path.stat().st_size != file.bytes):
        return False
    return file.sha256 is None or file_sha256(path) == file.sha256


def have(partial: Path) -> int:
    return partial.stat().st_size if partial.is_file() else 0


def link(blob: Path, pointer: Path) -> None:
    """Let the snapshot point to the blob, as huggingface_hub does; where links are not allowed, the blob moves."""
    pointer.parent.mkdir(parents=True, exist_ok=True)
    pointer.unlink(missing_ok=True)
    try:
        pointer.symlink_to(os.path.relpath(blob, pointer.parent))
    except OSError:
        os.replace(blob, pointer)


def write_main(part: ModelPart, commit: str) -> None:
    ref = repo_folder(part) / "refs" / "main"
    ref.parent.mkdir(parents=True, exist_ok=True)
    ref.write_text(commit, encoding="utf-8")
