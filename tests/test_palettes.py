"""Palettes turned at random: what they do to colours, and that picture, reference and latents change together."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from types import SimpleNamespace

import numpy as np
import torch

from pipeline.pocket.denoiser import Batch, batches
from pipeline.pocket.finish import Pages, lessons
from pipeline.pocket.model import SIDE
from pipeline.pocket.palettes import TURNED, Palettes, draw_palette, turn, turned
from tests.pocket_training import prepared

EMPTY = torch.full((32, 384), -1.0)
ROWS, SCALE, SHOWN = 6, 0.5, 8


def test_turns_keep_greys_and_lengths_and_a_third_of_a_turn_swaps_the_channels() -> None:
    for angle in np.linspace(0, 2 * np.pi, 7):
        np.testing.assert_allclose(turn(angle) @ np.ones(3), np.ones(3), atol=1e-12)
        np.testing.assert_allclose(turn(angle) @ turn(angle).T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(turn(2 * np.pi / 3) @ [1, 0, 0], [0, 1, 0], atol=1e-12)
    np.testing.assert_allclose(turn(0), np.eye(3), atol=1e-12)


def test_a_palette_leads_greys_from_one_colour_to_another_and_some_from_light_to_dark() -> None:
    rng, swapped, colourful = np.random.default_rng(0), 0, 0
    for _ in range(400):
        palette = draw_palette(rng)
        black, middle, white = (palette @ [grey, grey, grey, 1] for grey in (0, 0.5, 1))
        np.testing.assert_allclose(middle, (black + white) / 2, atol=1e-12)
        assert all(0 <= value <= 1 for value in (*black, *white))
        swapped += black.max() > white.max()
        colourful += np.linalg.norm(palette[:, :3] @ [1, -1, 0]) > 0.7
    assert 70 < swapped < 130 and 100 < colourful < 300


def test_turned_pictures_are_their_palette_times_each_colour_within_the_range() -> None:
    swap = torch.tensor([[0.0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 2, 0.25]])
    pixels = torch.tensor([0.2, 0.4, 0.6]).view(1, 3, 1, 1) * 2 - 1
    made = turned(pixels.expand(1, 3, 2, 2), swap[None]) / 2 + 0.5
    torch.testing.assert_close(made[0, :, 1, 0], torch.tensor([0.4, 0.2, 1.0]))


class Mean(torch.nn.Module):
    """In the place of encoder and tower: answers with the picture's mean colour, so that one can see whose it is."""

    config = SimpleNamespace(scaling_factor=SCALE)

    def encode(self, pixels: torch.Tensor) -> SimpleNamespace:
        mean = pixels.mean((2, 3)).repeat(1, 8)
        return SimpleNamespace(latents=mean[..., None, None].expand(-1, -1, 16, 16))

    def encoder(self, pixel_values: torch.Tensor) -> SimpleNamespace:
        assert pixel_values.shape[2:] == (128, 128)
        return SimpleNamespace(image_embeds=pixel_values.mean((2, 3)).repeat(1, 128))


def grey_pages() -> Pages:
    """All rows are grey, each of its own lightness."""
    levels = np.linspace(40, 200, ROWS).astype(np.uint8)
    pages = Pages([])
    pages._shards = [np.broadcast_to(levels[:, None, None, None], (ROWS, SIDE, SIDE, 3))]
    pages._starts = np.array([0, ROWS])
    return pages


def lend(bound: bool = False, styled: bool = True) -> tuple[Batch, Batch, torch.Tensor, torch.Tensor]:
    """A batch before and after, and its pixels before and after."""
    data, pages = prepared((0,) * ROWS, bound=bound), grey_pages()
    batch = next(batches(data, EMPTY, 16, 0))
    batch.style = torch.ones_like(batch.style) * styled
    pixels = torch.from_numpy(np.stack([pages[row] for row in batch.rows[:SHOWN]])).permute(0, 3, 1, 2) / 127.5 - 1
    kept = replace(batch, style=batch.style.clone(), latents=batch.latents.clone(), tokens=batch.tokens.clone())
    lent, worn = Palettes(data, pages, Mean(), Mean(), EMPTY).lend(batch, pixels, np.random.default_rng(1))
    assert torch.equal(batch.latents, kept.latents) and torch.equal(batch.tokens, kept.tokens)
    return kept, lent, pixels, worn


def test_picture_reference_and_latents_are_turned_by_the_same_palette() -> None:
    before, after, pixels, worn = lend()
    count = round(TURNED * SHOWN)
    assert count >= 2
    assert torch.equal(worn[count:], pixels[count:]) and torch.equal(after.latents[count:], before.latents[count:])
    assert torch.equal(after.style[count:], before.style[count:]) and torch.equal(after.tokens, before.tokens)
    rng, pages = np.random.default_rng(1), grey_pages()
    palettes = [draw_palette(rng) for _ in range(count)]
    greys = np.array([pages[row][0, 0, 0] for row in range(ROWS)]) / 255
    for i, palette in enumerate(palettes):
        own = palette @ [*[greys[before.rows[i]]] * 3, 1] * 2 - 1
        np.testing.assert_allclose(worn[i, :, 0, 0], own, atol=1e-5)
        np.testing.assert_allclose(after.latents[i, :3, 0, 0], own * SCALE, atol=1e-5)
        others = [palette @ [*[grey] * 3, 1] * 2 - 1 for row, grey in enumerate(greys) if row != before.rows[i]]
        assert any(np.allclose(after.style[i, :3], other, atol=1e-5) for other in others)


def test_words_of_colours_and_styles_are_left_out_where_they_would_be_untrue() -> None:
    before, after, *_ = lend(bound=True)
    count = round(TURNED * SHOWN)
    assert torch.equal(after.tokens[:count], EMPTY.expand(count, -1, -1))
    assert torch.equal(after.tokens[count:], before.tokens[count:])


def test_who_sees_no_style_keeps_the_palette() -> None:
    before, after, pixels, worn = lend(styled=False)
    assert torch.equal(worn, pixels) and torch.equal(after.latents, before.latents)


def test_lessons_hold_crops_of_what_was_turned() -> None:
    data, pages = prepared((0,) * ROWS), grey_pages()
    colored = 0
    for lesson in islice(lessons(data, pages, Palettes(data, pages, Mean(), Mean(), EMPTY), EMPTY, 16, SHOWN, 0), 4):
        greyish = (lesson.pixels.amax(1) - lesson.pixels.amin(1)).amax((1, 2)) < 1e-3
        colored += int((~greyish).sum())
        assert greyish[round(TURNED * SHOWN) + 4:].all()  # the first that wear a style, whoever comes before them
    assert colored == 4 * round(TURNED * SHOWN)
