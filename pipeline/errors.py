"""Define one family of errors whose messages are written for the person drawing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

IsCancelled = Callable[[], bool]  # whether the person stopped the drawing


class CroquisError(Exception):
    """CroquisError is shown to a person: its message says what was expected and what came."""


class SketchError(CroquisError):
    """The drawing cannot be used: blank, too small or large, broken, not an image."""


class FileTooLarge(SketchError):
    """An image file has more bytes than are read."""


class SettingError(CroquisError):
    """A number, word or choice lies outside what is allowed."""


class EngineChanged(SettingError):
    """Another engine took over between the reading of an order and its drawing; read again, it can be drawn."""


class LineFull(CroquisError):
    """No more pictures may wait, of all visitors or of this one; `seconds` says when to try again."""

    def __init__(self, message: str, seconds: int) -> None:
        super().__init__(message)
        self.seconds = seconds


class StyleError(CroquisError):
    """A style is unknown, broken, a duplicate or protected."""


class PictureFileError(CroquisError):
    """A picture file has no readable recipe of ours."""


class StoreError(CroquisError):
    """What was kept cannot be found, read or written."""


class NotInHistory(StoreError):
    """A visitor's history holds no such picture."""


class FilesLeft(StoreError):
    """Pictures are gone from the history, but their files lie there still."""

    def __init__(self) -> None:
        super().__init__(
            "Your pictures are out of the history, but their files could not be deleted yet. "
            "Croquis tries it again by itself."
        )


class ModelError(CroquisError):
    """Weights are missing, broken or of the wrong kind; the message names the file and the fix."""


class Overflow(ModelError):
    """Numbers are not finite where a picture or a training's should be; wider ones may hold them."""


class NotSigned(CroquisError):
    """A picture could not be signed by the host's key."""

    def __init__(self) -> None:
        super().__init__("The picture was drawn, but could not be signed. The host has to see to its certificate.")


class WorkerLost(CroquisError):
    """Two workers that drew a picture, one after the other, were lost."""


class Cancelled(CroquisError):
    """The person stopped the drawing."""


class OutOfMemory(CroquisError):
    """The machine has not the memory for this picture; the message says what would fit."""


def raise_if_cancelled(is_cancelled: IsCancelled | None) -> None:
    """Raise Cancelled when the run was cancelled."""
    if is_cancelled is not None and is_cancelled():
        raise Cancelled("Stopped.")


_watched: ContextVar[IsCancelled | None] = ContextVar("watched", default=None)


@contextmanager
def watch_cancel(is_cancelled: IsCancelled | None) -> Iterator[None]:
    """Let what this thread does meanwhile look for a cancel, however deep it is; None leaves it as it was.

    A cancel is handed on in two ways. Whoever draws, waits for a turn or follows a worker takes `is_cancelled`: its
    signature says that it can be stopped, each call can have its own, and it goes along into another thread, where no
    ContextVar does. Painters, inking and networks' layers are called through signatures that are not about runs, so
    they ask by `look_for_cancel` for what is watched here. An engine watches the `is_cancelled` that it was given; who
    works before the engine does, as by reading the drawing, watches it, too.
    """
    token = _watched.set(is_cancelled or _watched.get())
    try:
        yield
    finally:
        _watched.reset(token)


def get_watched() -> IsCancelled | None:
    """Return what says whether the work of this thread was cancelled; None where nobody watches."""
    return _watched.get()


def look_for_cancel() -> None:
    """Raise Cancelled when the work that this thread does was cancelled (`watch_cancel`)."""
    raise_if_cancelled(_watched.get())


def phrase(words: str) -> str:
    """Return words that stand within sentences on the page, unchanged: marked so, the languages have to have them."""
    return words


def quote_error(error: BaseException) -> str:
    """Return the first line of a library's error, at most 300 characters, without its full stop."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300].rstrip(".")
