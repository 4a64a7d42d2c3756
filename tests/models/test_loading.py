import logging
from pathlib import Path

import pytest
from safetensors import SafetensorError

from pipeline.errors import ModelError
from pipeline.models.loading import guard_loading


class Log:
    """A library's logging module."""

    def __init__(self):
        self.verbosity, self.bars = logging.WARNING, True

    def get_verbosity(self):
        return self.verbosity

    def set_verbosity(self, verbosity):
        self.verbosity = verbosity

    def set_verbosity_error(self):
        self.verbosity = logging.ERROR

    def disable_progress_bar(self):
        self.bars = False


@pytest.mark.parametrize("error", [OSError, ValueError, KeyError, RuntimeError, SafetensorError])
def test_what_libraries_raise_becomes_one_error_with_its_first_line(tmp_path, error):
    told = pytest.raises(ModelError, match=rf"The model in {tmp_path} could not be loaded: .?first")
    with told as caught, guard_loading(tmp_path):
        raise error("first\nsecond")
    assert isinstance(caught.value.__cause__, error)
    if error is not KeyError:  # which shows its text quoted on one line
        assert "second" not in str(caught.value)


def test_an_error_without_words_gets_its_name(tmp_path):
    with pytest.raises(ModelError, match="RuntimeError"), guard_loading(tmp_path):
        raise RuntimeError


def test_a_mistake_in_our_own_code_is_not_hidden(tmp_path):
    with pytest.raises(AttributeError), guard_loading(tmp_path):
        raise AttributeError("typo")


def test_logs_are_quiet_inside_and_as_before_outside(tmp_path):
    log = Log()
    with guard_loading(tmp_path, log):
        assert (log.verbosity, log.bars) == (logging.ERROR, False)
    assert log.verbosity == logging.WARNING
    with pytest.raises(ModelError), guard_loading(tmp_path, log):
        raise OSError("gone")
    assert log.verbosity == logging.WARNING


def test_models_loaded_at_once_by_many_threads_hold_their_weights(tmp_path: Path) -> None:
    """The search's and the engine's towers may be asked for in the same moment."""
    from concurrent.futures import ThreadPoolExecutor

    import torch
    import transformers

    config = transformers.CLIPVisionConfig(
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=8,
        num_attention_heads=2,
        image_size=16,
        patch_size=8,
        projection_dim=8,
    )
    transformers.CLIPVisionModelWithProjection(config).save_pretrained(tmp_path)

    def load(_: int) -> float:
        with guard_loading(tmp_path, transformers.utils.logging):
            model = transformers.CLIPVisionModelWithProjection.from_pretrained(tmp_path)
        return float(model(pixel_values=torch.ones(1, 3, 16, 16)).image_embeds.sum())

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(load, range(24)))) == 1
