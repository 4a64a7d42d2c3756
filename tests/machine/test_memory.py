"""How much memory can still be had."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from pipeline.machine import memory as free_memory
from pipeline.machine.memory import free_in_container, free_in_main_memory, measure_free_memory

GIB = 2**30


def test_it_is_what_the_machine_says() -> None:
    free = measure_free_memory("cpu")
    assert free.gpu is None and 0 < free.main <= psutil.virtual_memory().total


def write_group(folder: Path, limit: str, used: int = GIB, cached: int = 0) -> Path:
    (folder / "memory.max").write_text(limit)
    (folder / "memory.current").write_text(str(used))
    (folder / "memory.stat").write_text(f"anon 5\ninactive_file {cached}\n")
    return folder


def test_a_containers_limit_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert free_in_container(write_group(tmp_path, str(3 * GIB), cached=GIB // 2)) == 2 * GIB + GIB // 2
    write_group(tmp_path, str(GIB + 4096))
    monkeypatch.setattr(free_memory, "CGROUP", tmp_path)
    assert free_in_main_memory() == 4096
    write_group(tmp_path, str(GIB // 2))
    assert free_in_main_memory() == 0, "over its limit, not below nothing"


def test_no_limit_and_no_group_take_nothing_away(tmp_path: Path) -> None:
    assert free_in_container(tmp_path) > 2**60
    assert free_in_container(write_group(tmp_path, "max")) > 2**60


def test_machines_without_proc_are_asked_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(free_memory, "MEMINFO", tmp_path / "none")
    assert 0 < free_in_main_memory() <= psutil.virtual_memory().total
