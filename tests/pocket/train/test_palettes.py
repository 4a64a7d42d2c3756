"""Palettes turned at random: what they do to colours, and that picture, reference and latents change together."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from types import SimpleNamespace

import numpy as np
import torch

from pipeline.pocket.model import SIDE, make_autoencoder, to_pixels
from pipeline.pocket.train.denoiser_data import Batch, draw_batches
from pipeline.pocket.train.palettes import RECOLORED_SHARE, Palettes, apply_palettes, draw_palette, rotate_hues
from pipeline.pocket.train.prepare import encode_pictures
from pipeline.pocket.train.together import PictureFiles, draw_lessons
from pipeline.pocket.train.tower import Tower, embed_pictures
from tests.tools.pocket_training import make_prepared_data

CPU = torch.device("cpu")
EMPTY = torch.full((32, 384), -1.0)
ROWS, SCALE, SHOWN = 6, 0.5, 8


def test_turns_keep_greys_and_lengths_and_a_third_of_a_turn_swaps_the_channels() -> None:
    for angle in np.linspace(0, 2 * np.pi, 7):
        np.testing.assert_allclose(rotate_hues(angle) @ np.ones(3), np.ones(3), atol=1e-12)
        np.testing.assert_allclose(rotate_hues(angle) @ rotate_hues(angle).T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(rotate_hues(2 * np.pi / 3) @ [1, 0, 0], [0, 1, 0], atol=1e-12)
    np.testing.assert_allclose(rotate_hues(0), np.eye(3), atol=1e-12)


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
    made = apply_palettes(pixels.expand(1, 3, 2, 2), swap[None]) / 2 + 0.5
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


def grey_pages() -> PictureFiles:
    """All rows are grey, each of its own lightness."""
    levels = np.linspace(40, 200, ROWS).astype(np.uint8)
    pages = PictureFiles([])
    pages._shards = [np.broadcast_to(levels[:, None, None, None], (ROWS, SIDE, SIDE, 3))]
    pages._starts = np.array([0, ROWS])
    return pages


STYLED = torch.tensor([0, 1, 1, 0, 1, 1, 1, 0] + [1] * 8, dtype=torch.bool)
BOUND = np.array([True, False, True, False, True, False])


def lend(seed: int = 1) -> tuple[Batch, Batch, torch.Tensor, torch.Tensor]:
    """A batch, some of which see no style, before and after; its pixels before and after."""
    data, pages = replace(make_prepared_data((0,) * ROWS), bound=BOUND), grey_pages()
    batch = next(draw_batches(data, EMPTY, 16, 0))
    batch.style = torch.where(STYLED[:, None], 1.0, 0.0).expand(-1, 384).clone()
    pixels = to_pixels(np.stack([pages[row] for row in batch.rows[:SHOWN]]), CPU)
    kept = replace(batch, style=batch.style.clone(), latents=batch.latents.clone(), tokens=batch.tokens.clone())
    lent, worn = Palettes(data, pages, Mean(), Mean(), EMPTY).recolor_batch(batch, pixels, np.random.default_rng(seed))
    assert torch.equal(batch.latents, kept.latents) and torch.equal(batch.tokens, kept.tokens)
    assert torch.equal(batch.style, kept.style), "the batch that was given has changed"
    return kept, lent, pixels, worn


def changed(before: torch.Tensor, after: torch.Tensor) -> list[int]:
    return torch.nonzero((before != after).flatten(1).any(1)).flatten().tolist()


def test_picture_reference_and_latents_are_turned_by_the_same_palette() -> None:
    greys, seen = np.array([grey_pages()[row][0, 0, 0] for row in range(ROWS)]) / 255, 0
    for seed in range(12):
        before, after, pixels, worn = lend(seed)
        rng = np.random.default_rng(seed)
        expected = [row for row, lot in enumerate(rng.random(SHOWN)) if lot < RECOLORED_SHARE and STYLED[row]]
        assert changed(pixels, worn) == expected
        assert changed(before.latents, after.latents) == expected == changed(before.style, after.style)
        for row in expected:
            palette, own = draw_palette(rng), greys[before.rows[row]]
            np.testing.assert_allclose(worn[row, :, 0, 0], palette @ [own, own, own, 1] * 2 - 1, atol=1e-5)
            np.testing.assert_allclose(after.latents[row, :3, 0, 0], worn[row, :, 0, 0] * SCALE, atol=1e-5)
            others = [palette @ [grey, grey, grey, 1] * 2 - 1 for grey in np.delete(greys, before.rows[row])]
            assert any(np.allclose(after.style[row, :3], other, atol=1e-5) for other in others)
        seen += len(expected)
    assert seen > 6


def test_words_of_colours_and_styles_are_left_out_where_they_would_be_untrue() -> None:
    silenced = 0
    for seed in range(12):
        before, after, pixels, worn = lend(seed)
        untrue = [row for row in changed(pixels, worn) if BOUND[before.rows[row]]]
        assert changed(before.tokens, after.tokens) == untrue
        assert all(torch.equal(after.tokens[row], EMPTY) for row in untrue)
        silenced += len(untrue)
    assert silenced > 2


def test_the_models_that_made_the_lessons_see_the_turned_pictures() -> None:
    torch.manual_seed(0)
    vae, tower = make_autoencoder().eval(), Tower().eval()
    vae.register_to_config(scaling_factor=0.5)
    noise = np.random.default_rng(0).integers(0, 256, (2, SIDE, SIDE, 3), np.uint8)
    data = make_prepared_data((0, 0))
    batch = next(draw_batches(data, EMPTY, 8, 0))
    batch.style = torch.ones_like(batch.style)
    lent, worn = Palettes(data, noise, vae, tower, EMPTY).recolor_batch(
        batch, to_pixels(noise[batch.rows], CPU), np.random.default_rng(1)
    )
    turned_rows = changed(batch.latents, lent.latents)
    assert turned_rows
    pictures = ((worn[turned_rows] + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
    expected = encode_pictures(vae, pictures).astype(np.float32) * 0.5
    np.testing.assert_allclose(lent.latents[turned_rows], expected, atol=0.02)
    rng = np.random.default_rng(1)
    rng.random(8)
    palettes = torch.from_numpy(np.stack([draw_palette(rng) for _ in turned_rows])).float()
    shown = apply_palettes(to_pixels(noise[1 - batch.rows[turned_rows]], CPU), palettes)
    embedded = embed_pictures(tower, ((shown + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy())
    np.testing.assert_allclose(lent.style[turned_rows], embedded.astype(np.float32), atol=0.02)


def test_lessons_hold_crops_of_what_was_turned() -> None:
    data, pages = make_prepared_data((0,) * ROWS), grey_pages()
    shares = []
    for lesson in islice(draw_lessons(data, pages, Palettes(data, pages, Mean(), Mean(), EMPTY), EMPTY, 64, 64, 0), 2):
        greyish = (lesson.pixels.amax(1) - lesson.pixels.amin(1)).amax((1, 2)) < 1e-3
        shares.append(float((~greyish).float().mean()))
    assert 0.6 * RECOLORED_SHARE < np.mean(shares) < 1.2 * RECOLORED_SHARE  # a fifth sees no style
