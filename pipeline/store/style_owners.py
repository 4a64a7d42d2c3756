"""Keep who added which style, so that they, and nobody else but the host, can take it away again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from sqlalchemy import delete, func, select

from pipeline.store.database import Database
from pipeline.store.tables import AddedStyle


class StyleOwners:
    """StyleOwners writes to one database; of visitors it keeps salted hashes alone. Several may have added one style.

    Each method raises SQLAlchemy's DatabaseError where the database fails.
    """

    def __init__(self, database: Database, hash_visitor: Callable[[str], str]) -> None:
        self._database, self._hash_visitor = database, hash_visitor

    def claim(self, style: str, visitor: str, is_shared: bool) -> None:
        """Note that a visitor added the style of this id, everybody's or their own."""
        row = AddedStyle(style=style, visitor=self._hash_visitor(visitor), is_shared=is_shared, at=datetime.now(UTC))
        with self._database.write() as session:
            session.merge(row)

    def list_owned(self, visitors: Sequence[str]) -> set[str]:
        """Return the ids of the styles that somebody added who is known by these names."""
        hashed = [self._hash_visitor(each) for each in visitors]
        with self._database.read() as session:
            return set(session.scalars(select(AddedStyle.style).where(AddedStyle.visitor.in_(hashed))))

    def drop(self, style: str, visitors: Sequence[str] | None = None) -> int:
        """Note that a style is no more of these visitors, or of anybody; return how many others added it, too."""
        own = AddedStyle.style == style
        gone = delete(AddedStyle).where(own)
        if visitors is not None:
            gone = gone.where(AddedStyle.visitor.in_([self._hash_visitor(each) for each in visitors]))
        with self._database.write() as session:
            session.execute(gone)
            return session.scalar(select(func.count()).where(own)) or 0

    def forget(self, visitors: Sequence[str]) -> list[str]:
        """Forget what these visitors added; return the ids of styles of their own that nobody else added."""
        hashed = [self._hash_visitor(each) for each in visitors]
        theirs = AddedStyle.visitor.in_(hashed)
        with self._database.write() as session:
            own = set(session.scalars(select(AddedStyle.style).where(theirs, AddedStyle.is_shared.is_(False))))
            session.execute(delete(AddedStyle).where(theirs))
            others = set(session.scalars(select(AddedStyle.style).where(AddedStyle.style.in_(own))))
        return sorted(own - others)

    def prune(self, before: datetime) -> None:
        """Delete what is older of visitors' own styles, which go by themselves."""
        with self._database.write() as session:
            session.execute(delete(AddedStyle).where(AddedStyle.at < before, AddedStyle.is_shared.is_(False)))
