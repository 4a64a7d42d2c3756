"""Keep a training that is under way in a folder, so that it can be gone on with after any end of the program."""

from __future__ import annotations

import io
import logging
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from PIL import Image
from pydantic import Field, ValidationError

from pipeline.disk_faults import explain_disk_fault
from pipeline.errors import EngineChanged, StoreError
from pipeline.models.catalog import find_profile
from pipeline.sealed_file import has_seal, seal, unseal
from pipeline.strict_json import StrictModel
from pipeline.teaching.lesson import LEAST_PICTURES, MOST_PICTURES, Lesson
from pipeline.whole_file import write_whole

if TYPE_CHECKING:
    from pipeline.engine.own_base import BaseWish

log = logging.getLogger(__name__)

OTHER_MODEL = (
    "“{name}” learns from {model}, and another model draws now. Choose that one again to go on: all of it is kept."
)
FACTS, PICTURES, SAMPLES = "job.json", "picture-*.png", "sample-*.webp"
SAMPLE_SIDE = 320  # px


class JobFacts(StrictModel):
    """JobFacts says what is taught, and how."""

    format: Literal["croquis-teaching"] = "croquis-teaching"
    version: Literal[1] = 1
    name: Annotated[str, Field(min_length=1, max_length=60)]
    pictures: Annotated[int, Field(ge=LEAST_PICTURES, le=MOST_PICTURES)]
    captions: list[str]
    engine: str  # profile that learns
    model: str = ""  # key of the person's own model and VAE that it learns from; "": the engine's own
    model_title: str = ""  # what they are called
    lesson: dict[str, Any] | None  # settings of teaching.lesson.Lesson; None where a look is all that is learnt
    checkpointing: bool = False  # activations are computed again, since memory is short

    def make_lesson(self) -> Lesson | None:
        """Return the lesson, checked. Raises SettingError for one that is none."""
        return None if self.lesson is None else Lesson(**self.lesson)

    def expect_model(self, base: BaseWish | None) -> None:
        """Raise EngineChanged unless `base` draws with the model and VAE that this learns from."""
        if self.model != ("" if base is None else base.key):
            title = self.model_title or find_profile(self.engine).title
            raise EngineChanged(OTHER_MODEL.format(name=self.name, model=title))


class TeachingJob:
    """TeachingJob is the folder of one training: pictures, what is taught, checkpoints and samples."""

    def __init__(self, folder: Path, facts: JobFacts) -> None:
        self.folder, self.facts = folder, facts

    @classmethod
    def make(cls, folder: Path, facts: JobFacts, images: list[Image.Image]) -> TeachingJob:
        """Write a new job beside its place, then put it there; what the folder held before goes. Raises StoreError.

        The facts of the job before go first: a kill between leaves no job that lacks its pictures.
        """
        draft = folder.with_name(f".{folder.name}-new")
        try:
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir(parents=True)
            for number, image in enumerate(images):
                stored = io.BytesIO()
                image.save(stored, "PNG")
                (draft / PICTURES.replace("*", f"{number:02d}")).write_bytes(seal(stored.getvalue()))
            write_whole(draft / FACTS, seal(facts.model_dump_json().encode()), is_synced=True)
            cls(folder, facts).remove()
            draft.replace(folder)
        except OSError as error:
            raise StoreError(
                explain_disk_fault(error) or f"The pictures could not be kept: {error.strerror}."
            ) from error
        return cls(folder, facts)

    @classmethod
    def find(cls, folder: Path) -> TeachingJob | None:
        """Return the job that an earlier run of the program left; None where there is none that can be read."""
        try:
            facts = JobFacts.model_validate_json(read_kept(folder / FACTS))
            facts.make_lesson()
        except FileNotFoundError:
            return None
        except (OSError, ValidationError, TypeError, ValueError) as error:
            log.warning("A style that was being taught in %s cannot be gone on with: %s", folder, error)
            return None
        return cls(folder, facts)

    def read_images(self) -> list[Image.Image]:
        """Read the pictures. Raises StoreError where one is gone or damaged."""
        try:
            return [Image.open(io.BytesIO(read_kept(file))).convert("RGB") for file in self._list_pictures()]
        except OSError as error:
            raise StoreError(f"The pictures in {self.folder} cannot be read: {error}") from error

    def _list_pictures(self) -> list[Path]:
        files = sorted(self.folder.glob(PICTURES))
        if len(files) != self.facts.pictures:
            raise StoreError(f"{self.folder} holds {len(files)} pictures; {self.facts.pictures} were kept.")
        return files

    def write_sample(self, step: int, image: Image.Image) -> None:
        """Keep what a picture in the style looks like after a step. Raises OSError."""
        small = image.convert("RGB")
        small.thumbnail((SAMPLE_SIDE, SAMPLE_SIDE), Image.Resampling.LANCZOS)
        draft = self.folder / f".sample-{step}.webp"
        small.save(draft, "WEBP", quality=85)
        draft.replace(self.folder / SAMPLES.replace("*", f"{step:06d}"))

    def list_samples(self) -> dict[int, Path]:
        """List the samples by the step after which each was drawn."""
        return {int(file.stem.rpartition("-")[2]): file for file in sorted(self.folder.glob(SAMPLES))}

    def finish(self) -> None:
        """Forget the job, since its style is kept; its samples stay to be looked at."""
        (self.folder / FACTS).unlink(missing_ok=True)
        for file in self.folder.iterdir():
            if not file.match(SAMPLES):
                file.unlink(missing_ok=True)

    def remove(self) -> None:
        """Delete all of it: the facts first, so that a crash leaves no half job."""
        (self.folder / FACTS).unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)


def read_kept(file: Path) -> bytes:
    """Return what a file was sealed with, or all of it where it was written without. Raises OSError for a changed byte.

    Where the seal's own mark is damaged, JSON refuses what stands behind it, and a picture is whole before it.
    """
    stored = file.read_bytes()
    content = unseal(stored) if has_seal(stored) else stored
    if content is None:
        raise OSError(f"{file.name}: its bytes are not those that were written")
    return content


def make_facts(
    name: str,
    captions: list[str],
    engine: str,
    lesson: Lesson | None,
    checkpointing: bool = False,
    base: BaseWish | None = None,
) -> JobFacts:
    """Return the facts of a new job, with as many pictures as captions; `base` is the model that is learnt from."""
    described = None if lesson is None else asdict(lesson)
    return JobFacts(
        name=name,
        pictures=len(captions),
        captions=captions,
        engine=engine,
        model="" if base is None else base.key,
        model_title="" if base is None else base.title,
        lesson=described,
        checkpointing=checkpointing,
    )
