import logging

import pytest
from safetensors import SafetensorError

from pipeline.errors import ModelError
from pipeline.loading import loading


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
    with told as caught, loading(tmp_path):
        raise error("first\nsecond")
    assert isinstance(caught.value.__cause__, error)
    if error is not KeyError:  # which shows its text quoted on one line
        assert "second" not in str(caught.value)


def test_an_error_without_words_gets_its_name(tmp_path):
    with pytest.raises(ModelError, match="RuntimeError"), loading(tmp_path):
        raise RuntimeError


def test_a_mistake_in_our_own_code_is_not_hidden(tmp_path):
    with pytest.raises(AttributeError), loading(tmp_path):
        raise AttributeError("typo")


def test_logs_are_quiet_inside_and_as_before_outside(tmp_path):
    log = Log()
    with loading(tmp_path, log):
        assert (log.verbosity, log.bars) == (logging.ERROR, False)
    assert log.verbosity == logging.WARNING
    with pytest.raises(ModelError), loading(tmp_path, log):
        raise OSError("gone")
    assert log.verbosity == logging.WARNING
