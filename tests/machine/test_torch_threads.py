from __future__ import annotations

import threading

import pytest
import torch

from pipeline.machine import torch_threads
from pipeline.machine.torch_threads import use_threads, use_usual_threads


def test_the_count_is_as_before_afterwards_even_after_an_error() -> None:
    before = torch.get_num_threads()
    with pytest.raises(ValueError, match="broken"), use_threads(before + 1):
        assert torch.get_num_threads() == before + 1
        raise ValueError("broken")
    assert torch.get_num_threads() == before


def test_a_thread_that_is_new_while_another_keeps_to_one_gets_the_usual_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_threads, "USUAL_COUNT", 3)
    seen = []

    def compute() -> None:
        seen.append(torch.get_num_threads())
        with use_usual_threads():
            seen.append(torch.get_num_threads())

    with use_threads(1):
        other = threading.Thread(target=compute)
        other.start()
        other.join()
    assert seen == [1, 3]  # the first is why an engine must not rely on what it finds
