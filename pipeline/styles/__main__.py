"""Write assets/words.npz: `python -m pipeline.styles`, after a change to any style.json or plain_things.txt."""

from __future__ import annotations

import os
from pathlib import Path

from pipeline.styles.word_vectors import write_word_vectors


def main() -> None:
    """Encode every text that a search needs, and write the file."""
    import tempfile

    from pipeline.settings import read_settings
    from pipeline.styles.encoders import PocketEncoder
    from pipeline.styles.library import StyleLibrary
    from pipeline.styles.search import list_searched_texts

    settings = read_settings([], os.environ)
    encoder = PocketEncoder(settings.assets / "pocket" / "image_encoder")
    with tempfile.TemporaryDirectory() as none_added:
        texts = list_searched_texts(StyleLibrary(settings.styles, Path(none_added)).all())
    write_word_vectors(settings.assets / "words.npz", encoder.text_sha256, texts, encoder.encode_text(texts))


if __name__ == "__main__":
    main()
