"""Write pictures into the history in a thread of its own: no drawing waits for it, and none fails by it."""

from __future__ import annotations

import atexit
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import astuple, dataclass
from functools import partial
from queue import Empty, Full, Queue
from typing import TYPE_CHECKING
from uuid import uuid4

from pipeline.errors import StoreError, quote_error
from pipeline.kept_files import KeptFiles, open_kept_files
from pipeline.settings import Settings
from pipeline.store.facts import Facts
from pipeline.store.faults import BEHIND, DAMAGED, UNKNOWN, explain_fault, is_damage
from pipeline.store.files import PictureFiles
from pipeline.store.programs import Programs

if TYPE_CHECKING:
    from pipeline.store.history import History
    from pipeline.store.limits import Limits

log = logging.getLogger(__name__)

DATABASE = "history.sqlite3"
MOST_WAITING = 64  # pictures that wait to be written
TIDY_SECONDS = 600.0  # between two emptyings of the bin
OPENING_SECONDS = 20.0  # that a reader waits until the history is open
DRAWING_SECONDS = 1.0  # that a picture waits for the same, so that its job is in it
CLOSING_SECONDS = 15.0  # that the end of the program waits until all is written


@dataclass(frozen=True)
class Kept:
    """Kept is a picture that waits to be written."""

    data: bytes  # of its file
    facts: Facts
    visitor: str


@dataclass(frozen=True)
class Drawing:
    """Drawing is a line of the audit that waits to be written."""

    visitor: str  # not hashed yet
    request: str  # its hash
    engine: str
    verdict: str
    seconds: float


class Keeper:
    """Keeper opens the history of these settings and writes into it what `keep` hands over.

    Safe to call from many threads. `fault` is one sentence on what goes wrong at present, "" where nothing does.
    """

    def __init__(self, settings: Settings, name_style: Callable[[str], str]) -> None:
        self.fault = ""
        self._settings, self._folder, self._name_style = settings, settings.history_folder, name_style
        self._waiting: Queue[Kept | Drawing | None] = Queue(MOST_WAITING)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._tried = threading.Event()  # to open the history
        self._history: History | None = None
        self._programs = Programs(settings.user_dir / "programs")
        self._damaged = self._behind = self._closing = False

    def start(self) -> None:
        """Open the history in the background; a second call does nothing."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="croquis-history", daemon=True)
                self._thread.start()
                atexit.register(self.close)

    def keep(self, data: bytes, facts: Facts, visitor: str) -> None:
        """Have a picture written soon. Raises nothing and waits for nothing; what goes wrong is told as `fault`."""
        self._hand_over(Kept(data, facts, visitor))

    def note_drawing(self, drawing: Drawing) -> None:
        """Have a line of the audit written soon, as `keep` does a picture."""
        self._hand_over(drawing)

    def open(self) -> History:
        """Return the history, once it is open. Raises StoreError with the sentence on what keeps it closed."""
        self.start()
        self._tried.wait(OPENING_SECONDS)
        if self._history is None:
            self._wake()  # another try, for the next who asks
            raise StoreError(self.fault or UNKNOWN)
        return self._history

    def find_open(self) -> History | None:
        """Return the history of a keeper that was started, once it is open; None of others, and where it stays closed.

        Waits for its opening at most DRAWING_SECONDS.
        """
        if self._thread is None:
            return None
        self._tried.wait(DRAWING_SECONDS)
        return self._history

    @property
    def program(self) -> str:
        """Return the name that this program has among those of its home; "" where it has none."""
        return self._programs.own

    def find_key(self, key: str) -> str | None:
        """Return the name of an API key; None for one that does not work. Raises StoreError, DatabaseError."""
        return self.open().keys.find(key)

    def flush(self) -> None:
        """Wait until everything that was handed over so far is written, or was told as a fault."""
        self._waiting.join()

    def wait(self) -> None:
        """Wait until the history is open and what it did not know of its folder came in, or a fault says why not."""
        self.start()
        self._waiting.put(None)
        self.flush()

    def close(self) -> None:
        """Write what waits, at most CLOSING_SECONDS long, and close the history."""
        atexit.unregister(self.close)
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._closing = True
            self._wake()
            thread.join(CLOSING_SECONDS)

    def report(self, error: Exception) -> None:
        """Take note of an error of the history that a reader met."""
        fault = explain_fault(error)
        is_known = fault not in (UNKNOWN, DAMAGED)
        log.warning("The history failed: %s", quote_error(error), exc_info=None if is_known else error)
        self._tell(fault)
        if is_damage(error):
            self._damaged = True
            self._wake()

    def _hand_over(self, work: Kept | Drawing) -> None:
        self.start()
        try:
            self._waiting.put_nowait(work)
        except Full:
            self._tell(BEHIND)

    def _run(self) -> None:
        self._attempt(self._open)
        while not (self._closing and self._waiting.empty()):
            try:
                kept = self._waiting.get(timeout=TIDY_SECONDS)
            except Empty:
                self._attempt(lambda: self._tidy(self._open()))
                continue
            try:
                self._attempt(partial(self._carry_out, kept))
            finally:
                self._waiting.task_done()
        if self._history is not None:
            self._history.close()
        self._programs.leave()

    def _carry_out(self, work: Kept | Drawing | None) -> None:
        """Open the history, and write what was handed over."""
        if isinstance(work, Kept):
            self._write(work)
        elif work is None:
            self._open()
        else:
            self._open().records.note_drawing(*astuple(work))

    def _attempt(self, work: Callable[[], object]) -> None:
        """Do some work on the history, once more where its database turned out damaged; tell what goes wrong."""
        for last in (False, True):
            try:
                work()
            except Exception as error:  # noqa: BLE001 - whatever it is, drawing goes on, and the next picture is tried
                self.report(error)
                if last or not is_damage(error):
                    return
            else:
                return
            finally:
                self._tried.set()

    def _open(self) -> History:
        """Return the open history; open it where it is not, setting a damaged database aside."""
        if self._damaged and self._history is not None:
            self._history.close()
            self._history = None
        if self._history is None:
            from pipeline.store.adopting import adopt_files
            from pipeline.store.database import open_database, open_server
            from pipeline.store.history import History

            database, aside = (
                (open_server(self._settings.database), None)
                if self._settings.database
                else open_database(self._folder / DATABASE, is_damaged=self._damaged)
            )
            self._damaged = False
            if aside is not None:
                self._tell(DAMAGED)
            history = History(self._open_files(), database, self._read_limits())
            self._find_left(history)
            self._history, self._behind = history, True
            self._tried.set()
            history.files.files.delete_unfinished()
            tidy(history)
            adopt_files(history, self._name_style)
            self._behind = False
        return self._history

    def _tidy(self, history: History) -> None:
        """Find the jobs that programs left behind, and delete what is kept no longer."""
        self._find_left(history)
        tidy(history)

    def _find_left(self, history: History) -> None:
        """Have a name among the programs of this home, and bury the jobs of those that ended."""
        try:
            self._programs.join()
        except OSError as error:
            log.warning("Pictures that this program leaves behind are told after an hour alone: %s", error)
        if left := history.jobs.bury_left(self._programs.has_ended):
            log.warning("%d pictures were accepted and not drawn: Croquis ended before", left)
        self._programs.delete_ended()

    def _open_files(self) -> KeptFiles:
        return open_kept_files(self._settings.pictures, self._folder)

    def _read_limits(self) -> Limits:
        from pipeline.store.limits import Limits

        given = self._settings
        each, all = given.history_megabytes_each * 10**6, given.history_megabytes * 10**6
        return Limits(given.history_pictures, all, each, given.history_days)

    def _write(self, kept: Kept) -> None:
        """Write one picture. Where the database fails, its file stays, to be taken in later."""
        try:
            history = self._open()
        except Exception:
            self._behind = True
            PictureFiles(self._open_files()).write(kept.visitor, uuid4().hex, kept.data)
            raise
        try:
            history.keep(kept.data, kept.facts, kept.visitor)
        except StoreError:
            raise
        except Exception:
            self._behind = True
            raise
        if self._behind:
            from pipeline.store.adopting import adopt_files

            adopt_files(history, self._name_style)
            self._behind = False
        if self.fault != DAMAGED:  # this one is over and still has to be told
            self.fault = ""

    def _wake(self) -> None:
        """Have the thread look at the history again."""
        with suppress(Full):  # where it is full, the thread is awake
            self._waiting.put_nowait(None)

    def _tell(self, fault: str) -> None:
        if fault != self.fault:
            log.warning("%s", fault)
        self.fault = fault


def tidy(history: History) -> None:
    """Delete for good what lay in the bin long enough, and what is older than the host keeps."""
    history.empty_bin()
    history.remove_old()
