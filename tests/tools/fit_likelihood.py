"""Fit the weights of pipeline/styles/likelihood.py and print them: python -m tests.tools.fit_likelihood.

Fitted on the prompts of tests/data that are not held out and that name no style outright; the held-out ones are only
counted.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import astuple
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from pipeline.prompt_syntax import Prompt
from pipeline.styles.encoders import PocketEncoder
from pipeline.styles.library import StyleLibrary
from pipeline.styles.likelihood import Evidence, estimate
from pipeline.styles.search import StyleSearch

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "data"


def read_rows() -> list[dict[str, Any]]:
    """Return every English prompt with `style` (None: names none) and `held_out`."""
    library = json.loads((DATA / "style_prompts.json").read_text(encoding="utf-8"))
    own = json.loads((DATA / "word_prompts.json").read_text(encoding="utf-8"))
    return [
        *library["labelled"],
        *own["styled"],
        *({"style": None} | row for row in library["styleless"] + own["plain"]),
    ]


def gather(search: StyleSearch, prompt: str) -> Evidence | None:
    """Return the evidence for the style found first; None where words name it outright or are not English."""
    seen: list[Evidence] = []

    def record(evidence: Evidence) -> float:
        seen.append(evidence)
        return estimate(evidence)

    with patch("pipeline.styles.search.estimate", record):
        finding = search.find(Prompt(prompt), 1)
    return None if finding.outright or finding.language or not seen else seen[0]


def main() -> None:
    from sklearn.linear_model import LogisticRegression

    encoder = PocketEncoder(ROOT / "assets" / "pocket" / "image_encoder", words=ROOT / "assets" / "words.npz")
    with tempfile.TemporaryDirectory() as folder:
        search = StyleSearch(StyleLibrary(ROOT / "styles", Path(folder) / "added"), encoder, Path(folder) / "cache")
        pairs = [(row, gather(search, row["prompt"])) for row in read_rows()]
    kept = [(row, evidence) for row, evidence in pairs if evidence is not None]
    inputs = np.array([astuple(evidence) for _, evidence in kept], float)
    asks = np.array([row["style"] is not None for row, _ in kept])
    held = np.array([row["held_out"] for row, _ in kept])
    model = LogisticRegression(max_iter=10_000).fit(inputs[~held], asks[~held])
    chances = model.predict_proba(inputs)[:, 1]
    print("WEIGHTS =", tuple(float(weight) for weight in model.coef_[0].round(2)))
    print("BIAS =", float(model.intercept_[0].round(2)))
    for out in (False, True):
        for threshold in (0.3, 0.4, 0.5, 0.6):
            found = chances >= threshold
            print(
                f"held out {out}, from {threshold}: found {found[held == out][asks[held == out]].mean():.3f} of "
                f"{asks[held == out].sum()} that ask, {found[held == out][~asks[held == out]].mean():.3f} of "
                f"{(~asks[held == out]).sum()} that do not"
            )


if __name__ == "__main__":
    main()
