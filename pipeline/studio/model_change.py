"""Let the engine draw with a model or VAE of a person's own: read it in the background, then put it in place."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

from pydantic import Field

from pipeline.errors import SettingError
from pipeline.models.checks import compute_sha256
from pipeline.models.model_folders import hash_folder
from pipeline.plain_file import read_plain_file
from pipeline.sealed_file import seal, unseal
from pipeline.strict_json import StrictModel
from pipeline.studio.opening import explain_failure
from pipeline.studio.studio import Studio
from pipeline.whole_file import write_whole

if TYPE_CHECKING:
    from pipeline.engine.engine import Engine
    from pipeline.engine.own_base import BaseWish

log = logging.getLogger(__name__)

CHOSEN = "model.json"  # in the folder of what is kept
KEPT_LIMIT = 10_000  # bytes
NAME_LIMIT = 300  # characters


class ChosenModel(StrictModel):
    """ChosenModel names the model and the VAE that were let draw last; "" for the engine's own."""

    model: Annotated[str, Field(max_length=NAME_LIMIT)] = ""
    vae: Annotated[str, Field(max_length=NAME_LIMIT)] = ""


@dataclass(frozen=True)
class ChangeState:
    """ChangeState says how far a change of the model is, as the page shows it."""

    stage: Literal["idle", "loading", "failed"]
    activity: str = ""  # what is done now, in words for the page
    fraction: float = 0.0  # [0, 1]
    message: str = ""  # why it failed, in words for the page


def hash_model(path: Path) -> str:
    """Return the SHA-256 of a model: of its file's bytes, or over the weights of a folder."""
    return hash_folder(path) if path.is_dir() else compute_sha256(path)


class ModelChange:
    """ModelChange changes the model of a studio's engine, one change at a time. Safe to call from any thread.

    Where the new one cannot be read, the model before goes on drawing. What was chosen is kept for the next start.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._kept = studio.settings.user_dir / CHOSEN
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.state = ChangeState("idle")

    @property
    def present(self) -> tuple[str, str]:
        """Return the names of the model and the VAE that draw; "" for the engine's own."""
        engine = self._find_engine()
        return ("", "") if engine is None else (engine.own_base.present.name, engine.own_base.present.vae_name)

    def restore(self) -> None:
        """Let the model draw that was chosen before the program ended, once an engine is loaded, in the background.

        Where its file is gone the state says so, and the choice is kept: the file may come again.
        """
        if (chosen := self._read_kept()) != ChosenModel():
            self._thread = threading.Thread(target=self._restore, args=(chosen,), name="croquis-model", daemon=True)
            self._thread.start()

    def start(self, model: str, vae: str) -> None:
        """Begin in a background thread, unless a change is under way; "" stands for the engine's own."""
        with self._lock:
            if self.state.stage == "loading":
                return
            self.state = ChangeState("loading", "Checking the model's files")
            self._thread = threading.Thread(target=self._run, args=(model, vae), name="croquis-model", daemon=True)
            self._thread.start()

    def join(self, timeout: float | None = None) -> None:
        """Wait until the change ended, at most `timeout` seconds."""
        if self._thread is not None:
            self._thread.join(timeout)

    def _run(self, model: str, vae: str) -> None:
        try:
            engine = self._find_engine()
            if engine is None:
                raise SettingError("The pocket model draws now, and it is always the same; let Stable Diffusion draw.")
            engine.own_base.change(self._find_wish(model, vae), self._report)
            self._keep(ChosenModel(model=model, vae=vae))
        except BaseException as error:  # shown on the page: the model before goes on drawing
            log.warning("The model does not change", exc_info=error)
            self.state = ChangeState("failed", message=explain_failure(error, self._studio.profile))
        else:
            self.state = ChangeState("idle")

    def _restore(self, chosen: ChosenModel) -> None:
        """Wait for the engine; change its model where it has one to change."""
        self._studio.engine_or_none()
        if self._find_engine() is not None:
            self.state = ChangeState("loading", "Checking the model's files")
            self._run(chosen.model, chosen.vae)

    def _read_kept(self) -> ChosenModel:
        """Read what was chosen last; a file that is damaged counts as none."""
        try:
            return ChosenModel.model_validate_json(unseal(read_plain_file(self._kept, KEPT_LIMIT)) or b"")
        except FileNotFoundError:
            return ChosenModel()
        except (OSError, ValueError) as error:
            log.warning("Which model was chosen last cannot be read from %s: %s", self._kept, error)
            return ChosenModel()

    def _keep(self, chosen: ChosenModel) -> None:
        """Keep a choice for the next start; where that is not possible the next start has the engine's own."""
        try:
            self._kept.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._kept, seal(chosen.model_dump_json().encode()))
        except OSError as error:
            log.warning("Which model was chosen is not kept: %s", error)

    def _find_engine(self) -> Engine | None:
        """Return the engine where one of Stable Diffusion is loaded; None otherwise."""
        if not self._studio.loading.ready:
            return None
        engine = self._studio.engine_or_none()
        return cast("Engine", engine) if hasattr(engine, "own_base") else None

    def _find_wish(self, model: str, vae: str) -> BaseWish:
        """Find the files of these names. Raises SettingError for one that is not here."""
        from pipeline.engine.own_base import BaseWish

        files, wish = self._studio.own_files, BaseWish()
        if model:
            found = files.find("checkpoint", model)
            wish = replace(wish, name=found.name, file=found.path, sha256=hash_model(found.path))
        if vae:
            found = files.find("vae", vae)
            wish = replace(wish, vae_name=found.name, vae_file=found.path, vae_sha256=files.hash_file(found.path))
        return wish

    def _report(self, activity: str, fraction: float) -> None:
        self.state = replace(self.state, activity=activity, fraction=fraction)
