"""Explain what can go wrong between here and the Hub, each in one sentence with its fix."""

from __future__ import annotations

import errno

from pipeline.errors import ModelError, quote_error
from pipeline.models.profile import ModelPart

TEMPORARY_STATUS = (408, 429, 500, 502, 503, 504)
STAYS = "What came so far stays, and the download goes on from there."


def list_network_errors() -> tuple[type[Exception], ...]:
    """Return what huggingface_hub raises over answers and connections; no OSError of the disk is among them."""
    import httpx2
    from huggingface_hub import errors

    return (errors.HfHubHTTPError, errors.OfflineModeIsEnabled, httpx2.TransportError)


def is_temporary(error: Exception) -> bool:
    """Return whether the same request may work in a moment."""
    import httpx2

    status = find_status(error)
    return status in TEMPORARY_STATUS if status else isinstance(error, httpx2.TransportError)


def find_status(error: Exception) -> int | None:
    """Return the HTTP status of the answer that the error is about; None without an answer."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    return status if isinstance(status, int) else None


def read_retry_after(error: Exception) -> float | None:
    """Return the seconds that the answer asks to wait; None where it names none."""
    headers = getattr(getattr(error, "response", None), "headers", {})
    value = str(headers.get("Retry-After", "")).strip()
    return float(value) if value.isdecimal() else None


def explain_error(error: Exception, part: ModelPart, file: str) -> ModelError:
    """Return the error in words for the person drawing, with the way round that always works."""
    if isinstance(error, ModelError):
        return error
    way_round = (
        f"Or put the repository's files into <model folder>/{part.folder}, or use the pocket engine, which needs no "
        "download."
    )
    return ModelError(f"{_describe(error, part, file)} {way_round}")


def _describe(error: Exception, part: ModelPart, file: str) -> str:  # noqa: PLR0911 - one sentence a case
    from huggingface_hub import constants, errors

    host, name = constants.ENDPOINT.partition("://")[2], f"{file} of {part.repo}"
    if isinstance(error, errors.OfflineModeIsEnabled):
        return f"{name} is not here, and HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE forbids to fetch it. Unset them."
    if isinstance(error, errors.GatedRepoError):
        return (
            f"{part.repo} is gated. Accept its terms at {constants.ENDPOINT}/{part.repo} in a browser, then run "
            "`hf auth login` or set HF_TOKEN."
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return f"{part.repo} has neither the revision {part.revision} nor main on {host}. Look for a newer Croquis."
    if isinstance(error, errors.EntryNotFoundError):
        return f"{part.repo} on {host} has no file {file} (404). Look for a newer Croquis, which knows where it went."
    status = find_status(error)
    if status is not None:
        return _describe_status(status, error, part, name, host)
    if isinstance(error, list_network_errors()):
        return (
            f"{host} could not be reached for {name}: {quote_error(error)}. Check the network and proxies "
            f"(HTTPS_PROXY), or set HF_ENDPOINT to a mirror. {STAYS}"
        )
    return describe_disk_error(error, name)


def _describe_status(status: int, error: Exception, part: ModelPart, name: str, host: str) -> str:
    if status == 401:
        return (
            f"{host} wants to know who asks for {part.repo} (401), or has no such repository. Run `hf auth login`, or "
            "set HF_TOKEN to a token that is still valid."
        )
    if status == 403:
        return f"The token in use may not read {part.repo} (403). Make one with read access, and set HF_TOKEN to it."
    if status == 404:
        return f"{host} has no repository {part.repo} (404). Check HF_ENDPOINT, or look for a newer Croquis."
    if status == 429:
        wait = read_retry_after(error)
        later = f"in {wait:.0f} seconds" if wait else "later"
        return f"{host} has had too many requests from here (429). Start again {later}; HF_TOKEN allows more. {STAYS}"
    if status in TEMPORARY_STATUS:
        return f"{host} has trouble giving {name} ({status}). Start again later. {STAYS}"
    return f"{host} did not give {name} ({status}: {quote_error(error)}). Check HF_ENDPOINT and proxies."


def describe_disk_error(error: Exception, name: str) -> str:
    """Say why a file could not be written into the cache."""
    from huggingface_hub import constants

    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return (
            f"The disk took no more while {name} was written to {constants.HF_HUB_CACHE} ({quote_error(error)}); the "
            "unfinished file was removed. Free some room, or set HF_HOME to a folder on another disk."
        )
    return (
        f"{name} could not be written to {constants.HF_HUB_CACHE}: {quote_error(error)}. Make that folder writable, or "
        "set HF_HOME to one that is."
    )
