"""Read and write the vectors of the styles' words and of plain things, so that a fresh machine need not encode them.

    python -m pipeline.styles   # assets/words.npz, after any change to styles/*/style.json or plain_things.txt

They are some 2,000 texts. A text that is not in the file is encoded as ever; a file of another text tower is not read.
"""

from __future__ import annotations

import logging
import os
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

log = logging.getLogger(__name__)


def read_word_vectors(file: Path, text_sha256: str) -> Mapping[str, NDArray[np.float32]]:
    """Return each text's unit vector (d,) float32; empty where the file is missing, broken or of another tower."""
    if not file.is_file():
        return {}
    try:
        with np.load(file, allow_pickle=False) as stored:
            if str(stored["tower"]) != text_sha256:
                return {}
            texts, vectors = stored["texts"].tolist(), stored["vectors"].astype(np.float32)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        log.warning("The words' vectors in %s cannot be read and are made again: %s", file, error)
        return {}
    if vectors.ndim != 2 or len(vectors) != len(texts) or not np.isfinite(vectors).all():
        log.warning("The words' vectors in %s do not fit together and are made again.", file)
        return {}
    return dict(zip(texts, vectors / np.linalg.norm(vectors, axis=1, keepdims=True), strict=True))


def write_word_vectors(file: Path, text_sha256: str, texts: Sequence[str], vectors: NDArray[np.float32]) -> None:
    """Write the file whole or not at all; half precision is 0.0005 off at most."""
    draft = file.with_suffix(".tmp.npz")
    np.savez(draft, tower=np.array(text_sha256), texts=np.array(texts), vectors=vectors.astype(np.float16))
    os.replace(draft, file)
