"""Put a download into words: how far it is, how long it goes on, and what its button is called."""

from __future__ import annotations

from pipeline.models.download import DownloadState, format_bytes

STOPPED_EARLY = "Stopped before anything came."


def describe_progress(state: DownloadState) -> str:
    """Describe a download: "1.2 GB of 5.9 GB, 34 MB a second, 2 minutes left", or why nothing moves."""
    so_far = f"{format_bytes(state.present)} of {format_bytes(state.size)}"
    if state.stage == "failed":
        return state.message
    if state.stage == "stopped":
        return f"Stopped at {so_far}. What came stays." if state.present else STOPPED_EARLY
    if state.stage == "idle":
        return f"{so_far} are here." if state.present else ""
    if state.message or state.seconds_left is None:
        return f"{so_far}. {state.message}".strip()
    return f"{so_far}, {format_bytes(state.speed)} a second, {describe_time(state.seconds_left)} left"


def name_start(state: DownloadState) -> str:
    """Name the button that starts a download or continues it."""
    return f"Go on: {format_bytes(state.size - state.present)} to go" if state.present else "Download it"


def make_progress_bar(done: float, of: float, label: str) -> str:
    return f'<progress aria-label="{label}" max="{of}" value="{done}"></progress>'


def describe_time(seconds: float) -> str:
    """Put seconds into words, rounded as one plans with them."""
    if seconds < 90:
        return f"{max(2, round(seconds))} seconds"
    minutes = round(seconds / 60)
    return f"{minutes} minutes" if minutes < 90 else f"{minutes / 60:.0f} hours"
