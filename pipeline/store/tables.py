"""Define the tables as SQLAlchemy has them; pipeline/store/migrations makes them, and a test compares the two."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator

NAMES = {  # constraints have names of their own, so that a later migration can change them
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
Number = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up by itself in an INTEGER alone


class UtcTime(TypeDecorator[datetime]):
    """UtcTime is a moment in UTC; SQLite itself forgets the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Return the moment in UTC. Raises ValueError for one without a zone."""
        if value is not None and value.tzinfo is None:
            raise ValueError("A moment has a time zone here; this one has none.")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Return the moment with its zone, UTC."""
        return None if value is None else value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Table(DeclarativeBase):
    """Table is what all tables derive from."""

    metadata = MetaData(naming_convention=NAMES)


class Picture(Table):
    """Picture is one kept picture; its file and its thumbnail lie in folders, under its id."""

    __tablename__ = "pictures"
    __table_args__ = (
        UniqueConstraint("visitor", "sha256"),
        Index(None, "visitor", "number"),
        Index(None, "visitor", "deleted_at", "favourite", "number"),  # a visitor's pictures are counted by it alone
        {"sqlite_autoincrement": True},  # a number is never given twice, so the order holds
    )

    number: Mapped[int] = mapped_column(Number, primary_key=True)  # counts up: the order, whatever the clock says
    id: Mapped[str] = mapped_column(String(32), unique=True)  # 32 hex digits that nobody can guess
    visitor: Mapped[str] = mapped_column(String(64))  # whose it is: see pipeline/page/visitors.py
    sha256: Mapped[str] = mapped_column(String(64))  # of the file
    bytes: Mapped[int] = mapped_column(Integer)  # of file and thumbnail
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcTime)  # in the bin since then
    favourite: Mapped[bool] = mapped_column(default=False)
    words: Mapped[str] = mapped_column(Text)
    negative_words: Mapped[str] = mapped_column(Text)
    engine: Mapped[str] = mapped_column(String(100))
    seed: Mapped[int] = mapped_column(BigInteger)
    width: Mapped[int] = mapped_column(Integer)  # px
    height: Mapped[int] = mapped_column(Integer)  # px
    search_text: Mapped[str] = mapped_column(Text)  # words and names of styles, as normalise_text writes them

    styles: Mapped[list[WornStyle]] = relationship(
        order_by="WornStyle.place", cascade="all, delete-orphan", passive_deletes=True, lazy="selectin"
    )


class WornStyle(Table):
    """WornStyle is one style that a kept picture wears."""

    __tablename__ = "worn_styles"
    __table_args__ = (Index(None, "style"),)

    picture: Mapped[int] = mapped_column(Number, ForeignKey("pictures.number", ondelete="CASCADE"), primary_key=True)
    place: Mapped[int] = mapped_column(Integer, primary_key=True)  # 0 is the heaviest
    style: Mapped[str] = mapped_column(String(100))  # the style's id
    name: Mapped[str] = mapped_column(String(200))
    weight: Mapped[float] = mapped_column(Float)  # [0, 1]


class Entry(Table):
    """Entry is one line of the audit: that somebody had a picture drawn; no picture, no words, no address."""

    __tablename__ = "audit"
    __table_args__ = (Index(None, "at"), {"sqlite_autoincrement": True})

    number: Mapped[int] = mapped_column(Number, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcTime)
    visitor: Mapped[str] = mapped_column(String(64))  # a salted hash: see Records.hash_visitor
    request: Mapped[str] = mapped_column(String(64))  # hash of the whole request
    engine: Mapped[str] = mapped_column(String(100))
    verdict: Mapped[str] = mapped_column(String(20))  # of the safety checker: shown, withheld or unchecked
    seconds: Mapped[float] = mapped_column(Float)


class Report(Table):
    """Report is what a user says is wrong with a picture."""

    __tablename__ = "reports"
    __table_args__ = (Index(None, "closed_at"), {"sqlite_autoincrement": True})

    number: Mapped[int] = mapped_column(Number, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcTime)
    visitor: Mapped[str] = mapped_column(String(64))  # who reports, a salted hash
    picture: Mapped[str] = mapped_column(String(64))  # SHA-256 of its file
    reason: Mapped[str] = mapped_column(String(40))
    words: Mapped[str] = mapped_column(Text)  # what the user wrote
    closed_at: Mapped[datetime | None] = mapped_column(UtcTime)  # since when the host has dealt with it


class Job(Table):
    """Job is a picture that was accepted to be drawn, by whichever machine; one that failed for good stays as told."""

    __tablename__ = "jobs"
    __table_args__ = (Index(None, "state", "made_at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)  # 32 hex digits that nobody can guess
    visitor: Mapped[str] = mapped_column(String(64))  # a salted hash
    program: Mapped[str] = mapped_column(String(32), default="", server_default="")  # of pipeline/store/programs.py
    state: Mapped[str] = mapped_column(String(10))  # one of pipeline.store.jobs.STATES
    engine: Mapped[str] = mapped_column(String(100))  # "": it was not begun
    request: Mapped[str] = mapped_column(String(64))  # hash of what was asked; "": it was not begun
    fault: Mapped[str] = mapped_column(Text, default="")  # what it ended in, in words
    made_at: Mapped[datetime] = mapped_column(UtcTime)
    changed_at: Mapped[datetime] = mapped_column(UtcTime)


class AddedStyle(Table):
    """AddedStyle is a style that somebody added; the style itself lies in a folder."""

    __tablename__ = "added_styles"
    __table_args__ = (Index(None, "visitor"),)

    style: Mapped[str] = mapped_column(String(200), primary_key=True)  # its id
    visitor: Mapped[str] = mapped_column(String(64), primary_key=True)  # who added it, a salted hash
    is_shared: Mapped[bool] = mapped_column()  # everybody's; else the visitor's own
    at: Mapped[datetime] = mapped_column(UtcTime)


class ApiKey(Table):
    """ApiKey is a key that a program calls with, known by its hash alone."""

    __tablename__ = "api_keys"

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)  # SHA-256 of the key
    name: Mapped[str] = mapped_column(String(40))  # one of those that work has it, and revoked ones may
    made_at: Mapped[datetime] = mapped_column(UtcTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcTime)  # since when it works no more


class Note(Table):
    """Note is a value that all machines of one store share, such as the salt of visitors' hashes."""

    __tablename__ = "notes"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[str] = mapped_column(Text)
