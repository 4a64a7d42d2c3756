"""Choose how a style is taught on this machine, and write the captions that stand beside its pictures."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from pipeline.machine.device import name_dtype
from pipeline.machine.memory import measure_free_memory
from pipeline.machine.teaching_plan import choose_checkpointing
from pipeline.models.catalog import POCKET
from pipeline.studio.likeness import Likeness
from pipeline.studio.loader import Loader
from pipeline.teaching.lesson import Lesson
from pipeline.values import Style

WORDS_OF_STYLE = 2  # of the nearest style's phrases in a caption
PROCESSOR_SHARE = 2  # a processor learns from squares of this part of the picture's side


def choose_lesson(loader: Loader, steps: int) -> tuple[Lesson | None, bool]:
    """Return how the engine that draws is taught, None where it learns a look alone, and whether it has to compute
    activations again to fit into memory. Raises SettingError for a number of steps that no training has, OutOfMemory
    where nothing fits.
    """
    profile = loader.profile
    if profile.name == POCKET.name:
        Lesson(steps, profile.width)  # checked all the same: what is asked is one thing on every engine
        return None, False
    engine = loader.engine
    on_processor = engine.device.type == "cpu"
    side = profile.width // PROCESSOR_SHARE if on_processor else profile.width
    lesson = Lesson(steps, side)
    free = measure_free_memory(engine.device.type)
    return lesson, choose_checkpointing(profile, lesson.resolution, engine.device.type, name_dtype(engine.dtype), free)  # type: ignore[union-attr]


def write_captions(images: Sequence[Image.Image], name: str, styles: Sequence[Style]) -> list[str]:
    """Write a caption for each picture: what the nearest style of the library is called by, and the new style's name
    as its template has it. What the model knows already need not be learnt again.
    """
    known, likeness = [style for style in styles if style.builtin and style.words], Likeness()
    look = name.replace("{", "(").replace("}", ")")
    nearest = [likeness.find_similar(image, known)[0] for image in images]
    return [", ".join([*style.words[:WORDS_OF_STYLE], f"{look} style"]) for style in nearest]
