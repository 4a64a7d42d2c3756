"""Sign picture files with a host's own key (C2PA 2.1), so that who has one can see who made it and that nobody
changed it. Off unless the host names a folder (CROQUIS_C2PA): a signature differs at each signing, by its very nature.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from threading import Lock
from typing import Any

from PIL import Image

from pipeline.errors import NotSigned, SettingError
from pipeline.picture.provenance import MADE, SOURCE_TYPES
from pipeline.plain_file import read_plain_file

CERTIFICATES, KEY = "certificates.pem", "key.pem"
ALGORITHMS = ("es256", "es384", "es512", "ps256", "ed25519")  # of the keys that C2PA allows; a key fits one of them
PNG = "image/png"
OPTIONS = {
    "builder": {"thumbnail": {"enabled": False}},
    "verify": {"verify_trust": False, "remote_manifest_fetch": False},
}
MISSING = "CROQUIS_C2PA signs pictures by the package c2pa-python: pip install -r requirements-c2pa.txt."
UNREADABLE = (
    f"CROQUIS_C2PA is a folder with {CERTIFICATES} (the signer's certificate and those above it, in that order) "
    f"and {KEY}, both readable; {{reason}}."
)
UNFIT = (
    f"No picture can be signed by {KEY} and {CERTIFICATES} in CROQUIS_C2PA: they belong together, the certificate is "
    "valid now, made for signing (emailProtection or documentSigning) and not signed by itself ({reason})."
)


class Signer:
    """Signer signs PNG files with one key. Safe to call from many threads."""

    def __init__(self, folder: Path) -> None:
        """Read the key and its certificates, and sign a trial. Raises SettingError that says what is wrong."""
        try:
            import c2pa
        except ImportError as error:
            raise SettingError(MISSING) from error
        self._c2pa, self._lock = c2pa, Lock()
        self._certificates, self._key = (read_pem(folder / name) for name in (CERTIFICATES, KEY))
        self._options = c2pa.Settings.from_dict(OPTIONS)
        self._signer = self._find_signer()

    def sign(self, data: bytes, source_type: str) -> bytes:
        """Return a PNG file with a manifest that says what its picture came from. Raises NotSigned."""
        try:
            return self._sign(self._signer, data, source_type)
        except self._c2pa.C2paError as error:
            raise NotSigned from error

    def _find_signer(self) -> Any:
        """Return a signer by the algorithm of the key: the one with which a trial can be read again.

        Raises SettingError with what stands against it; that a key is of another kind is told where nothing else is.
        """
        reasons = []
        stream = io.BytesIO()
        Image.new("RGB", (1, 1)).save(stream, "PNG")
        for algorithm in ALGORITHMS:
            try:
                info = self._c2pa.C2paSignerInfo(algorithm, self._certificates, self._key, None)
                signer = self._c2pa.Signer.from_info(info)
                fault = self._find_fault(self._sign(signer, stream.getvalue(), MADE))
            except self._c2pa.C2paError as error:
                fault = str(error)
            if fault is None:
                return signer
            reasons.append(fault)
        telling = [each for each in reasons if "private key" not in each] or reasons
        raise SettingError(UNFIT.format(reason=telling[0]))

    def _sign(self, signer: Any, data: bytes, source_type: str) -> bytes:
        action = {
            "action": "c2pa.created",
            "digitalSourceType": f"{SOURCE_TYPES}{source_type}",
            "softwareAgent": {"name": "Croquis"},
        }
        manifest = {
            "claim_generator_info": [{"name": "Croquis"}],
            "format": PNG,
            "assertions": [{"label": "c2pa.actions", "data": {"actions": [action]}}],
        }
        signed = io.BytesIO()
        with self._lock, self._c2pa.Context(self._options) as context, self._c2pa.Builder(manifest, context) as builder:
            builder.sign(signer, PNG, io.BytesIO(data), signed)
        return signed.getvalue()

    def _find_fault(self, signed: bytes) -> str | None:
        """Return what a reader says against a signed file; None where nothing but who is trusted, which readers say."""
        with (
            self._c2pa.Context(self._options) as context,
            self._c2pa.Reader(PNG, io.BytesIO(signed), None, context) as reader,
        ):
            if reader.get_validation_state() in ("Valid", "Trusted"):
                return None
            faults = json.loads(reader.json()).get("validation_status", [])
        return "; ".join(str(each.get("explanation", each.get("code"))) for each in faults) or "it is not valid"


def read_pem(file: Path) -> bytes:
    """Read the key or the certificates. Raises SettingError that names the file."""
    try:
        return read_plain_file(file)
    except OSError as error:
        raise SettingError(UNREADABLE.format(reason=f"{file}: {error.strerror or error}")) from error


def open_signer(folder: Path | None) -> Signer | None:
    """Return the signer of a host that has a key; None without one. Raises SettingError."""
    return None if folder is None else Signer(folder)
