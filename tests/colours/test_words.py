import numpy as np
import pytest
import torch

from pipeline.colours.palette import COLOURS, SLOTS, make_palette
from pipeline.colours.words import TEXT_TOKENS, join_palettes

STATES = torch.randn(1, TEXT_TOKENS, 384, generator=torch.Generator().manual_seed(0))


def test_words_come_first_and_palettes_after_them() -> None:
    palette = make_palette(np.array([[255, 0, 0], [0, 0, 255]], np.uint8))
    plain, coloured = join_palettes(STATES, []), join_palettes(STATES, [palette])
    assert plain.shape == coloured.shape == (1, TEXT_TOKENS + SLOTS * COLOURS, 384)
    assert torch.equal(coloured[:, :TEXT_TOKENS], STATES) and not plain[:, TEXT_TOKENS:].any()
    assert coloured[0, TEXT_TOKENS:].any(-1).nonzero().flatten().tolist() == [0, 1]


def test_states_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="24, 384"):
        join_palettes(STATES[:, :8], [])
