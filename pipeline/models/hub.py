"""Fetch a part's files from the Hub into its cache, so that a cut or a stop costs only what was on the way.

Questions, redirects and sign-in are huggingface_hub's; the bytes are appended here, because version 2 of it throws away
what a cut download had, and begins 1.7 GB anew. HF_ENDPOINT names the host, HF_HOME the cache, HF_TOKEN who asks.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

import filelock

from pipeline.errors import ModelError, quote_error
from pipeline.models.hub_cache import (
    HASH,
    MOVED,
    compute_hub_hash,
    find_cache_fault,
    remove_cached_file,
    repo_folder,
    snapshot_folder,
)
from pipeline.models.hub_errors import explain_error, is_temporary, list_network_errors, read_retry_after
from pipeline.models.profile import ModelPart, WeightFile
from pipeline.models.safetensors_header import read_shapes

T = TypeVar("T")
log = logging.getLogger(__name__)

PARTIAL = ".croquis-part"  # what a file is called until all of it is here and right
WAITS = (1.0, 2.0, 4.0, 8.0, 16.0)  # seconds before trying again, when nothing came since the last try
LONGEST_WAIT = 120.0  # seconds; a Hub that asks for more is told about instead


class Progress(Protocol):
    """Whoever follows a download. Both methods may raise Cancelled; the next download then goes on from what came."""

    def add_bytes(self, count: int) -> None:
        """Count `count` bytes more on disk, fewer when negative."""

    def wait(self, seconds: float, why: str) -> None:
        """Wait before the next try; `why` is a sentence."""


class LoggedProgress:
    """The Progress of a download that nobody follows: waits are logged."""

    def add_bytes(self, count: int) -> None:
        """Do nothing."""

    def wait(self, seconds: float, why: str) -> None:
        """Log why, and sleep."""
        log.warning("%s Trying again in %.0f s.", why, seconds)
        time.sleep(seconds)


@dataclass(frozen=True)
class RemoteFile:
    """What the Hub says of a file, before it is fetched."""

    url: str
    size: int  # bytes
    etag: str  # SHA-256 of a large file, git's SHA-1 of a small one
    commit: str
    headers: Mapping[str, str] = field(default_factory=dict)  # what tells the Hub who asks; nobody else may see it


def fetch_part(part: ModelPart, progress: Progress | None = None) -> str:
    """Bring all the part's files into the Hub's cache and return the commit they are from.

    A pinned revision that the Hub has no more gives way to main, with a warning. Raises ModelError with the fix, or
    Cancelled.
    """
    from huggingface_hub import errors

    listener = progress or LoggedProgress()
    try:
        commit = fetch_revision(part, part.revision or "main", listener)
    except errors.RevisionNotFoundError as error:
        if part.revision is None:
            raise explain_error(error, part, part.files[0].path) from error
    else:
        if part.revision is None:
            write_main_revision(part, commit)  # else nobody finds what was fetched
        return commit
    names = ", ".join(file.path for file in part.files)
    log.warning("%s has no revision %s any more; using main for %s.", part.repo, part.revision, names)
    try:
        commit = fetch_revision(part, "main", listener)
    except errors.RevisionNotFoundError as error:
        raise explain_error(error, part, part.files[0].path) from error
    write_main_revision(part, commit)
    return commit


def fetch_revision(part: ModelPart, revision: str, progress: Progress) -> str:
    """Fetch all files at one commit and return it: the first file's answer says which one main is."""
    from huggingface_hub import errors

    commit = revision
    speakable: tuple[type[Exception], ...] = (OSError, *list_network_errors())
    for file in part.files:
        try:
            commit = fetch_file(part, file, commit, progress)
        except errors.RevisionNotFoundError:
            raise
        except speakable as error:
            raise explain_error(error, part, file.path) from error
    return commit


def fetch_file(part: ModelPart, file: WeightFile, revision: str, progress: Progress) -> str:
    """Fetch one file, unless the cache has it and it is right; return its commit."""
    cached = snapshot_folder(part, revision) / file.path
    if find_cache_fault(cached, file) is None:
        return revision
    remove_cached_file(cached)
    remote = retry(lambda: request_metadata(part, file, revision), progress)
    expect_known_size(part, file, remote)
    blob = repo_folder(part) / "blobs" / remote.etag
    blob.parent.mkdir(parents=True, exist_ok=True)
    partial = blob.with_name(blob.name + PARTIAL)
    with lock_partial(partial, file):
        if not (blob.is_file() and blob.stat().st_size == remote.size and find_wrong_hash(blob, file, remote) is None):
            download_rest(remote, partial, progress)
            check_contents(part, partial, file, remote)
            os.replace(partial, blob)
        link_snapshot(blob, snapshot_folder(part, remote.commit) / file.path)
    return remote.commit


def lock_partial(partial: Path, file: WeightFile) -> Any:
    """Lock a partial file, so that two programs never append to it. Raises ModelError where one does."""
    lock = filelock.FileLock(partial.with_name(partial.name + ".lock"), timeout=0)
    try:
        return lock.acquire()
    except filelock.Timeout as error:
        raise ModelError(f"Another Croquis is fetching {file.path} just now. Wait for it, or stop it first.") from error


def request_metadata(part: ModelPart, file: WeightFile, revision: str) -> RemoteFile:
    """Ask the Hub for a file's address, size and hash. Raises ModelError where the answer is not the Hub's."""
    import huggingface_hub
    from huggingface_hub import constants
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # exported, as below

    url = huggingface_hub.hf_hub_url(str(part.repo), file.path, revision=revision, endpoint=constants.ENDPOINT)
    answer = huggingface_hub.get_hf_file_metadata(url, timeout=constants.HF_HUB_ETAG_TIMEOUT)
    if answer.commit_hash is None or answer.etag is None or answer.size is None:
        raise ModelError(f"{url} is not answered as the Hub does. Check HF_ENDPOINT, or a proxy on the way.")
    if not answer.etag.isalnum():  # it becomes a file's name
        raise ModelError(f"{url} has the etag {answer.etag[:80]!r}, which is none of the Hub's. Check HF_ENDPOINT.")
    return RemoteFile(url, answer.size, answer.etag, answer.commit_hash, build_hf_headers())


def retry(action: Callable[[], T], progress: Progress) -> T:
    """Return what `action` does, tried again while the Hub is busy or the line broken, as often as WAITS has waits."""
    for wait in WAITS:
        try:
            return action()
        except list_network_errors() as error:
            wait_or_raise(error, wait, progress)
    return action()


def download_rest(remote: RemoteFile, partial: Path, progress: Progress) -> None:
    """Bring `partial` to the remote file's length from where it is, through cut connections too."""
    if count_bytes(partial) > remote.size:
        remove_cached_file(partial)
    fruitless = 0
    while (before := count_bytes(partial)) < remote.size:
        try:
            stream_bytes(remote, partial, before, progress)
        except list_network_errors() as error:
            fruitless = 0 if count_bytes(partial) > before else fruitless + 1
            if fruitless >= len(WAITS):
                raise
            wait_or_raise(error, WAITS[fruitless], progress)
        except OSError:  # the disk's: a full one gets its room back
            remove_cached_file(partial)
            raise
    if not remote.size:
        partial.touch()


def stream_bytes(remote: RemoteFile, partial: Path, start: int, progress: Progress) -> None:
    """Append what comes until the answer ends, or begin again where a server ignores the range asked for."""
    from huggingface_hub import constants
    from huggingface_hub.utils import (  # type: ignore[attr-defined]  # exported, but not by their own typing's rules
        get_session,
        hf_raise_for_status,
    )

    wanted = {"Range": f"bytes={start}-"} if start else {}
    headers = {**remote.headers, "Accept-Encoding": "identity", **wanted}
    timeout = constants.HF_HUB_DOWNLOAD_TIMEOUT
    with get_session().stream("GET", remote.url, headers=headers, timeout=timeout) as response:
        hf_raise_for_status(response)
        goes_on = response.status_code == 206
        if not goes_on:
            progress.add_bytes(-start)
        with partial.open("ab" if goes_on else "wb") as file:
            for chunk in response.iter_bytes():
                file.write(chunk)
                progress.add_bytes(len(chunk))


def wait_or_raise(error: Exception, wait: float, progress: Progress) -> None:
    """Wait as long as the Hub asks, or `wait` seconds; raise the error where waiting does not help."""
    asked = read_retry_after(error)
    if not is_temporary(error) or (asked or 0) > LONGEST_WAIT:
        raise error
    progress.wait(wait if asked is None else asked, f"The download was held up: {quote_error(error)}.")


def expect_known_size(part: ModelPart, file: WeightFile, remote: RemoteFile) -> None:
    """Raise ModelError where the Hub offers a file of another size than the table has."""
    if file.bytes is not None and remote.size != file.bytes:
        raise ModelError(
            f"{part.repo} offers {file.path} with {remote.size} bytes instead of {file.bytes}: it is not the file that "
            "Croquis knows, and was not fetched. Check HF_ENDPOINT, or look for a newer Croquis."
        )


def check_contents(part: ModelPart, path: Path, file: WeightFile, remote: RemoteFile) -> None:
    """Raise ModelError, the file removed, unless its contents are what the table or else the Hub says."""
    if (wrong := find_wrong_hash(path, file, remote)) is not None:
        came, expected = wrong
        remove_cached_file(path)
        raise ModelError(
            f"{file.path} of {part.repo} came damaged (its hash is {came[:12]}... instead of {expected[:12]}...), and "
            "was removed. Start the download again; if this comes back, something on the way changes files: check "
            "HF_ENDPOINT and proxies."
        )
    if file.path.endswith(".safetensors"):
        try:
            read_shapes(path)
        except ModelError:
            remove_cached_file(path)
            raise


def find_wrong_hash(path: Path, file: WeightFile, remote: RemoteFile) -> tuple[str, str] | None:
    """Return a file's hash and the other one that the table has, or else the Hub; None where they are equal, or neither
    has one.
    """
    expected = file.sha256 or remote.etag
    if not HASH.fullmatch(expected):
        return None
    came = compute_hub_hash(path, len(expected))
    return None if came == expected else (came, expected)


def count_bytes(partial: Path) -> int:
    """Return a file's size, 0 where there is none."""
    return partial.stat().st_size if partial.is_file() else 0


def link_snapshot(blob: Path, pointer: Path) -> None:
    """Point from the snapshot to the blob, as huggingface_hub does; where links are not allowed, move the blob and
    leave its hash there.
    """
    pointer.parent.mkdir(parents=True, exist_ok=True)
    pointer.unlink(missing_ok=True)
    try:
        pointer.symlink_to(os.path.relpath(blob, pointer.parent))
    except OSError:
        os.replace(blob, pointer)
        blob.with_name(blob.name + MOVED).touch()


def write_main_revision(part: ModelPart, commit: str) -> None:
    """Note which commit main is, where huggingface_hub does."""
    ref = repo_folder(part) / "refs" / "main"
    ref.parent.mkdir(parents=True, exist_ok=True)
    ref.write_text(commit, encoding="utf-8")
