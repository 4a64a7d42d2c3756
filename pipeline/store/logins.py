"""Keep who may log in, in a file of names and hashed passwords that the host writes by a command."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from pathlib import Path

from pipeline.errors import StoreError
from pipeline.whole_file import write_whole

NAME = re.compile(r"[^\s:]{1,64}")
SALT_BYTES = 16
COST = {"n": 2**14, "r": 8, "p": 1}  # of scrypt: some 50 ms and 16 MB a try (RFC 7914, 2)
LEAST_LETTERS = 8
WRONG_NAME = "A name to log in by has 1 to 64 letters without spaces and colons; {name!r} came."
SHORT = f"A password has at least {LEAST_LETTERS} letters."
NOBODY = "Nobody who may log in is called {name!r}."
UNREADABLE = "The file of those who may log in cannot be read: line {line} of {file} is not name:salt:hash."
NEVER = ("AAAA", "AAAA")  # salt and hash of who is not known: an answer takes as long for them


class Logins:
    """Logins reads and writes one file; each call reads it anew, so that a change counts at once."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def add(self, name: str, password: str) -> None:
        """Let somebody log in, or give them another password. Raises StoreError, OSError."""
        if not NAME.fullmatch(name):
            raise StoreError(WRONG_NAME.format(name=name[:80]))
        if len(password) < LEAST_LETTERS:
            raise StoreError(SHORT)
        salt = secrets.token_bytes(SALT_BYTES)
        self._write({**self._read(), name: (_encode(salt), _hash(password, salt))})

    def remove(self, name: str) -> None:
        """Let somebody log in no more. Raises StoreError where nobody is called so, OSError."""
        known = self._read()
        if known.pop(name, None) is None:
            raise StoreError(NOBODY.format(name=name[:80]))
        self._write(known)

    def list_names(self) -> list[str]:
        """List who may log in. Raises StoreError, OSError."""
        return sorted(self._read())

    def check(self, name: str, password: str) -> bool:
        """Return whether somebody of that name has that password. Raises StoreError, OSError."""
        salt, expected = self._read().get(name, NEVER)
        return secrets.compare_digest(_hash(password, base64.b64decode(salt)), expected)

    def _read(self) -> dict[str, tuple[str, str]]:
        lines = self._file.read_text("utf-8").splitlines() if self._file.exists() else []
        known = {}
        for number, line in enumerate(lines, 1):
            parts = line.split(":")
            if len(parts) != 3 or not all(parts):
                raise StoreError(UNREADABLE.format(line=number, file=self._file))
            known[parts[0]] = (parts[1], parts[2])
        return known

    def _write(self, known: dict[str, tuple[str, str]]) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        lines = "".join(f"{name}:{salt}:{hashed}\n" for name, (salt, hashed) in sorted(known.items()))
        write_whole(self._file, lines.encode(), is_synced=True)
        self._file.chmod(0o600)


def _hash(password: str, salt: bytes) -> str:
    return _encode(hashlib.scrypt(password.encode("utf-8", "replace"), salt=salt, **COST))


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode()
