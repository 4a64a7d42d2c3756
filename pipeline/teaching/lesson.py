"""Say how a style is taught: every number that decides the weights that come out."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.errors import SettingError, StyleError

LEAST_PICTURES, MOST_PICTURES = 3, 20
STEPS_PER_PICTURE = 100
LEAST_STEPS, MOST_STEPS = 400, 1_500
STEPS_LIMIT = 10_000  # that anyone may ask for
RANKS = (2, 4, 8, 16, 32, 64)


@dataclass(frozen=True)
class Lesson:
    """Lesson holds the settings of one training; the names are those of diffusers' train_text_to_image_lora.

    Raises SettingError for a number that no training has.
    """

    max_train_steps: int
    resolution: int  # px, the side of the squares that are learnt
    rank: int = 8
    learning_rate: float = 1e-4
    train_batch_size: int = 1
    snr_gamma: float = 5.0  # min-SNR weighting of the loss (Hang et al. 2023, arXiv:2303.09556)
    adam_weight_decay: float = 1e-2
    max_grad_norm: float = 1.0
    proportion_empty_prompts: float = 0.1  # of the captions, so that guidance has something to lead away from
    crops: int = 6  # squares cut at random from each picture, every second one mirrored
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.max_train_steps <= STEPS_LIMIT:
            raise SettingError(f"A style is taught in 1 to {STEPS_LIMIT:,} steps; {self.max_train_steps} came.")
        if self.rank not in RANKS:
            raise SettingError(f"The rank is one of {', '.join(map(str, RANKS))}; {self.rank} came.")
        if self.resolution % 8 or not 32 <= self.resolution <= 1024:
            raise SettingError(f"The resolution is 32 to 1024 px in steps of 8; {self.resolution} came.")
        if not 0 < self.learning_rate <= 0.1:
            raise SettingError(f"The learning rate lies above 0, at most 0.1; {self.learning_rate:g} came.")


def choose_steps(pictures: int) -> int:
    """Return how many steps that many pictures get when nobody says: more pictures, more to learn."""
    return min(MOST_STEPS, max(LEAST_STEPS, STEPS_PER_PICTURE * pictures))


def expect_count(count: int) -> None:
    """Raise StyleError unless that many pictures can teach a style."""
    if not LEAST_PICTURES <= count <= MOST_PICTURES:
        raise StyleError(f"A style is taught by {LEAST_PICTURES} to {MOST_PICTURES} pictures; {count} came.")


def parse_steps(steps: object) -> int | None:
    """Return a number of steps; None for 0, which leaves it to the pictures. Raises SettingError."""
    is_whole = isinstance(steps, int) or (isinstance(steps, float) and steps.is_integer())
    if isinstance(steps, bool) or not is_whole:
        raise SettingError(f"steps is a whole number; {str(steps)[:40]} came.")
    return Lesson(int(steps), 64).max_train_steps if steps else None  # type: ignore[call-overload]
