"""Jobs from their acceptance to their end, on SQLite and on PostgreSQL; those that a killed program left are found."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from pipeline.errors import SketchError, WorkerLost
from pipeline.places import Place, hold_place
from pipeline.settings import ROOT, Settings
from pipeline.store.jobs import DEAD, DONE, INTERRUPTED, RUNNING, WAITING
from pipeline.store.keeper import Keeper
from pipeline.store.programs import Programs
from pipeline.store.tables import Job
from pipeline.studio.jobs import AcceptedJobs
from tests.conftest import MakeStyle, OpenHistory
from tests.tools.small_results import make_small_result

VISITOR = "203.0.113.7"
DRAW_FOR_EVER = """
import sys, time
from pathlib import Path
from pipeline.places import Place, hold_place
from pipeline.settings import Settings
from pipeline.store.keeper import Keeper
from pipeline.studio.jobs import AcceptedJobs
keeper = Keeper(Settings(user_dir=Path(sys.argv[1]), database=sys.argv[2]), str)
keeper.start()
keeper.wait()
with hold_place(Place("finished", lambda _: None, follow=AcceptedJobs(keeper).follow)):
    pass
with hold_place(Place(sys.argv[3], lambda _: None, follow=AcceptedJobs(keeper).follow)):
    print("accepted", flush=True)
    time.sleep(600)
"""
OpenKeeper = Callable[[], Keeper]


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    url = request.getfixturevalue("empty_postgres") if request.param == "PostgreSQL" else ""
    return Settings(user_dir=tmp_path, database=url)


@pytest.fixture
def open_keeper(place: Settings) -> Iterator[OpenKeeper]:
    opened: list[Keeper] = []

    def open_one() -> Keeper:
        opened.append(Keeper(place, str))
        opened[-1].start()
        opened[-1].wait()
        return opened[-1]

    yield open_one
    for keeper in opened:
        keeper.close()


def run_and_accept(place: Settings) -> subprocess.Popen[bytes]:
    """Start a program that has accepted a job and draws it."""
    command = [sys.executable, "-c", DRAW_FOR_EVER, str(place.user_dir), place.database, VISITOR]
    program = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    assert program.stdout is not None and program.stdout.readline() == b"accepted\n"
    return program


def test_a_job_of_a_killed_program_is_found_at_the_next_start(place: Settings, open_keeper: OpenKeeper) -> None:
    with run_and_accept(place) as program:
        beside = open_keeper().open().jobs
        assert len(beside.list_in(WAITING)) == 1 and not beside.list_in(DEAD), "a program that is there was buried"
        os.kill(program.pid, signal.SIGKILL)
    jobs = open_keeper().open().jobs
    [left] = jobs.list_in(DEAD)
    assert left.fault == INTERRUPTED and not jobs.list_in(WAITING) and len(jobs.list_in(DONE)) == 1
    assert VISITOR not in left.visitor and jobs.find_interrupted(VISITOR) == left.made_at
    assert jobs.find_interrupted("finished") is None
    assert [each["why"] for each in jobs.list_dead()] == [[INTERRUPTED]]
    assert len(list((place.user_dir / "programs").iterdir())) <= 3


def test_a_job_is_followed_to_its_end(open_keeper: OpenKeeper, make_style: MakeStyle) -> None:
    keeper = open_keeper()
    accepted, jobs = AcceptedJobs(keeper), keeper.open().jobs
    request = make_small_result(make_style("felt"), "a secret").request

    def hold() -> Place:
        return Place(VISITOR, lambda _: None, follow=accepted.follow)

    with hold_place(hold()):
        [waiting] = jobs.list_in(WAITING)
        accepted.begin(request)
        [running] = jobs.list_in(RUNNING)
        assert running.id == waiting.id and running.engine == "pocket" and len(running.request) == 64
    with pytest.raises(SketchError), hold_place(hold()):
        raise SketchError("The drawing is blank.")
    assert len(jobs.list_in(DONE)) == 2 and not jobs.list_in(WAITING) + jobs.list_in(RUNNING)
    with pytest.raises(ZeroDivisionError), hold_place(hold()):
        raise ZeroDivisionError
    with pytest.raises(WorkerLost), hold_place(hold()):
        accepted.bury("killed | too slow", request)
        raise WorkerLost
    assert [each["why"] for each in jobs.list_dead()] == [["it failed: ZeroDivisionError"], ["killed", "too slow"]]
    assert jobs.find_interrupted(VISITOR) is None


def test_a_job_that_is_held_is_one_whichever_threads_draw_it(open_keeper: OpenKeeper) -> None:
    keeper = open_keeper()
    accepted, jobs = AcceptedJobs(keeper), keeper.open().jobs
    place = Place(VISITOR, lambda _: None, follow=accepted.follow)
    with accepted.hold(place):
        assert len(jobs.list_in(WAITING)) == 1
        for _ in range(2):
            with hold_place(place):
                assert len(jobs.list_in(WAITING)) == 1
        assert len(jobs.list_in(WAITING)) == 1, "it ended with the first of its pictures"
    assert len(jobs.list_in(DONE)) == 1
    with pytest.raises(GeneratorExit), accepted.hold(place):
        raise GeneratorExit
    assert len(jobs.list_in(DONE)) == 2


def test_where_the_store_is_closed_drawing_goes_on(tmp_path: Path) -> None:
    (tmp_path / "history").write_text("no folder")
    keeper = Keeper(Settings(user_dir=tmp_path), str)
    with hold_place(Place(VISITOR, lambda _: None, follow=AcceptedJobs(keeper).follow)):
        pass
    keeper.start()
    keeper.wait()
    with hold_place(Place(VISITOR, lambda _: None, follow=AcceptedJobs(keeper).follow)):
        pass
    assert "cannot be written" in keeper.fault
    keeper.close()


def test_a_job_of_another_machine_is_left_after_an_hour(open_history: OpenHistory) -> None:
    history = open_history()
    jobs = history.jobs
    id = jobs.accept("one", "f" * 32)
    assert jobs.bury_left(lambda name: None) == 0
    with history.database.write() as session:
        session.execute(update(Job).values(changed_at=datetime.now(UTC) - timedelta(hours=2)))
    assert jobs.bury_left(lambda name: False) == 0
    assert jobs.bury_left(lambda name: None) == 1 == len(jobs.list_in(DEAD))
    jobs.end(id)
    assert len(jobs.list_in(DEAD)) == 1, "a dead letter was taken for a picture"


def test_jobs_that_ended_go_and_those_that_wait_stay(open_history: OpenHistory) -> None:
    history = open_history()
    jobs, now = history.jobs, datetime.now(UTC)
    dead, done, waiting = (jobs.accept("one") for _ in range(3))
    jobs.bury(dead, "failed")
    jobs.end(done)
    jobs.prune(now - timedelta(minutes=1))
    assert [len(jobs.list_in(state)) for state in (DEAD, DONE, WAITING)] == [1, 1, 1]
    with history.database.write() as session:
        session.execute(update(Job).values(changed_at=now - timedelta(days=2)))
    jobs.prune(now - timedelta(days=3))
    assert [len(jobs.list_in(state)) for state in (DEAD, DONE, WAITING)] == [1, 0, 1]
    jobs.prune(now)
    assert [job.id for job in jobs.list_in(WAITING)] == [waiting] and not jobs.list_in(DEAD)


def test_a_program_that_is_there_is_not_taken_for_ended(tmp_path: Path) -> None:
    one, two = Programs(tmp_path), Programs(tmp_path)
    one.join()
    two.join()
    name = one.own
    assert (two.has_ended(name), two.has_ended(two.own), two.has_ended(""), two.has_ended("f" * 32)) == (
        *(False, False),
        *(None, None),
    )
    threading.Thread(target=two.delete_ended).start()
    one.leave()
    assert two.has_ended(name) is None and one.own == ""
    two.leave()
