"""Pictures that no worker drew: kept without what was asked, and shown."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.engine.remote_engine import DeadLetter
from pipeline.places import Place, hold_place
from pipeline.prompt_syntax import Prompt
from pipeline.serve.__main__ import main
from pipeline.serve.dead_letters import keep_letter
from pipeline.settings import Settings
from pipeline.store.keeper import Keeper
from pipeline.studio.jobs import AcceptedJobs
from tests.conftest import MakeStyle
from tests.tools.small_results import make_small_result


def test_letters_are_kept_and_shown_without_what_was_asked(
    tmp_path: Path, make_style: MakeStyle, capsys: pytest.CaptureFixture[str]
) -> None:
    request = make_small_result(make_style("comic"), "a secret").request
    keeper = Keeper(Settings(user_dir=tmp_path), lambda id: id)
    keeper.start()
    jobs = AcceptedJobs(keeper)
    keep_letter(jobs, DeadLetter(request, ("killed", "killed again")))
    keep_letter(jobs, DeadLetter(replace(request, prompt=Prompt("another")), ("too slow",)))
    keeper.close()
    assert main(["dead-letters", f"--user-dir={tmp_path}"]) == 0
    shown = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["why"] for each in shown] == [["killed", "killed again"], ["too slow"]]
    assert shown[0]["request"] != shown[1]["request"] and shown[0]["engine"] == "pocket"
    assert not any(b"secret" in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


def test_who_has_everything_forgotten_leaves_no_letter(tmp_path: Path, make_style: MakeStyle) -> None:
    request = make_small_result(make_style("comic"), "a fox").request
    keeper = Keeper(Settings(user_dir=tmp_path), lambda id: id)
    keeper.start()
    jobs = AcceptedJobs(keeper)
    for visitor in ("one", "two"):
        with hold_place(Place(f"session of {visitor}", lambda place: None, visitor, jobs.follow)):
            keep_letter(jobs, DeadLetter(request, (visitor,)))
    keeper.open().records.forget("one")
    assert [each["why"] for each in keeper.open().jobs.list_dead()] == [["two"]]
    keeper.close()
