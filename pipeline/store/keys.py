"""Keep the API keys: each has a name and works until it is revoked; of the key itself there is a hash alone."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import select, update

from pipeline.errors import StoreError
from pipeline.store.database import Database
from pipeline.store.tables import ApiKey

PREFIX = "croquis_"  # tells our keys from other bearers' tokens, such as the Hub's, and searchers of secrets find it
KEY = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")  # 256 random bits: guessing needs no slow hash against it
KEY_BYTES = 32
NAME = re.compile(r"[\w][\w .-]{0,39}")
WRONG_NAME = "A key's name has 1 to 40 letters, digits, spaces, dots, - and _, a letter or digit first; {name!r} came."
TAKEN = "There is a key called {name!r}. Revoke it first, or choose another name."
NO_KEY = "No key that works is called {name!r}."


class Keys:
    """Keys makes, lists and revokes the keys of one store. Safe to use from many threads.

    Each method raises SQLAlchemy's DatabaseError where the database fails.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def make(self, name: str) -> str:
        """Make a key of that name and return it; nothing can show it again. Raises StoreError for a wrong name."""
        if not NAME.fullmatch(name):
            raise StoreError(WRONG_NAME.format(name=name[:60]))
        key = PREFIX + secrets.token_urlsafe(KEY_BYTES)
        with self._database.write() as session:
            if session.scalar(select(ApiKey).where(ApiKey.name == name, ApiKey.revoked_at.is_(None))) is not None:
                raise StoreError(TAKEN.format(name=name))
            session.add(ApiKey(hash=hash_key(key), name=name, made_at=datetime.now(UTC)))
        return key

    def find(self, key: str) -> str | None:
        """Return the name of a key; None for one that was never made, or is revoked."""
        if not KEY.fullmatch(key):
            return None
        wanted = select(ApiKey.name).where(ApiKey.hash == hash_key(key), ApiKey.revoked_at.is_(None))
        with self._database.read() as session:
            return session.scalar(wanted)

    def list_all(self) -> Sequence[ApiKey]:
        """List every key, the revoked ones too, the oldest first."""
        with self._database.read() as session:
            return session.scalars(select(ApiKey).order_by(ApiKey.made_at, ApiKey.name)).all()

    def revoke(self, name: str) -> None:
        """Let a key work no more, from its next call on. Raises StoreError where none of that name works."""
        change = update(ApiKey).where(ApiKey.name == name, ApiKey.revoked_at.is_(None))
        with self._database.write() as session:
            done = session.execute(change.values(revoked_at=datetime.now(UTC)))
            if getattr(done, "rowcount", 0) == 0:
                raise StoreError(NO_KEY.format(name=name[:60]))


def hash_key(key: str) -> str:
    """Return the SHA-256 that stands for a key in the store."""
    return hashlib.sha256(key.encode()).hexdigest()
