"""Keep the pictures that were reported, beside the reports in the database, for as long as a report of them is open."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from pipeline.errors import StoreError
from pipeline.kept_files import KeptFiles
from pipeline.store.records import Records

FOLDER = "reported"
MOST_OPEN = 1_000  # reports that nobody has dealt with yet
TOO_MANY = "The host of this Croquis has more reports than can be kept. Tell them in another way."


class Reported:
    """Reported holds the pictures of one store's open reports.

    A picture whose report is not known stays: a database that was damaged may have been set aside with it.
    """

    def __init__(self, files: KeptFiles, records: Records) -> None:
        self._files, self._records = files, records

    def add(self, visitor: str, data: bytes, reason: str, words: str) -> int:
        """Keep a picture that somebody reports, and the report; return its number.

        Raises StoreError where too many are open.
        """
        if len(self._records.list_reports(count=MOST_OPEN)) >= MOST_OPEN:
            raise StoreError(TOO_MANY)
        digest = hashlib.sha256(data).hexdigest()
        self._files.write(name_reported(digest), data)
        return self._records.add_report(visitor, digest, reason, words)

    def locate(self, digest: str) -> str:
        """Return where a reported picture lies, by the SHA-256 of its file."""
        return self._files.locate(name_reported(digest))

    def close(self, number: int) -> None:
        """Note that a report is dealt with; its picture goes with the last one. Raises StoreError for no report."""
        digest = self._records.close_report(number)
        if not self._records.is_reported(digest):
            self._files.delete([name_reported(digest)])

    def delete_left(self) -> None:
        """Delete the pictures of which no report is open any more; earlier their store may have been away."""
        began = datetime.now(UTC)
        settled = {name_reported(each) for each in self._records.list_settled()}
        if settled:
            self._files.delete(sorted(settled.intersection(self._files.list_names(FOLDER))))
        self._records.drop_forgotten(began)


def name_reported(digest: str) -> str:
    """Name the file of a reported picture."""
    return f"{FOLDER}/{digest}.png"
