"""Keep the history within what the host gives it: the oldest pictures without a star go first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from pipeline.errors import StoreError
from pipeline.store.faults import FULL_OF_STARS
from pipeline.store.tables import Picture


@dataclass(frozen=True)
class Limits:
    """Limits says how much may be kept."""

    pictures: int  # of each visitor
    bytes: int  # of all visitors together
    bytes_each: int = 10**13  # of each visitor
    days: int = 100_000  # that a picture is kept, with a star too

    @property
    def time(self) -> timedelta:
        """Return how long a picture is kept."""
        return timedelta(days=self.days)


def make_room(session: Session, limits: Limits, new: Picture) -> list[Picture]:
    """Delete the rows of the oldest pictures without a star until `new` fits beside the others; return them.

    Where all visitors together keep too much, those of the one who keeps most go. Raises StoreError where only pictures
    with a star are left.
    """
    gone: list[Picture] = []
    kept = session.scalar(select(func.count()).where(Picture.visitor == new.visitor)) or 0
    if kept > limits.pictures:
        gone += _delete_oldest(session, new, new.visitor, kept - limits.pictures)
    own = select(func.sum(Picture.bytes)).where(Picture.visitor == new.visitor)
    while (session.scalar(own) or 0) > limits.bytes_each:
        gone += _delete_oldest(session, new, new.visitor, 1)
    while (session.scalar(select(func.sum(Picture.bytes))) or 0) > limits.bytes:
        most = select(Picture.visitor).where(_may_go(new)).group_by(Picture.visitor)
        visitor = session.scalar(most.order_by(func.sum(Picture.bytes).desc()).limit(1))
        gone += _delete_oldest(session, new, visitor or new.visitor, 1)
    return gone


def _delete_oldest(session: Session, new: Picture, visitor: str, count: int) -> list[Picture]:
    in_bin_first = Picture.deleted_at.is_(None), Picture.number
    oldest = select(Picture).where(Picture.visitor == visitor, _may_go(new)).order_by(*in_bin_first).limit(count)
    found = list(session.scalars(oldest))
    if len(found) < count:
        raise StoreError(FULL_OF_STARS)
    for picture in found:
        session.delete(picture)
    session.flush()
    return found


def _may_go(new: Picture) -> ColumnElement[bool]:
    return Picture.favourite.is_(False) & (Picture.number != new.number)
