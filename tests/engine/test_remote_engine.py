"""Pictures drawn elsewhere: in time, once more on another worker, and told where that failed, too."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from pipeline.engine.remote_engine import Begun, DeadLetter, EngineFacts, Lost, News, RemoteEngine, name_news
from pipeline.errors import Cancelled, OutOfMemory, SettingError, WorkerLost
from pipeline.models.catalog import POCKET
from pipeline.places import Place, hold_place
from pipeline.values import Drawn, EdgeMap, GenerationRequest, StepPreview
from tests.conftest import MakeStyle
from tests.tools.small_results import make_small_result

DRAWN = Drawn((Image.new("RGB", (8, 8)),), {}, (), "")


class PreparedJob:
    """A picture whose news are written down beforehand."""

    def __init__(self, news: list[News]) -> None:
        self.news: queue.Queue[News] = queue.Queue()
        self.stopped = False
        for each in news:
            self.news.put(each)

    def stop(self) -> None:
        self.stopped = True


class PreparedWorkers:
    """Workers of which each picture gets the next of some answers."""

    def __init__(self, *answers: list[News], count: int = 1) -> None:
        self._answers, self._count = list(answers), count
        self.jobs: list[PreparedJob] = []
        self.waiting: list[int] = []
        self.avoided: list[str] = []

    def count(self) -> int:
        return self._count

    def describe(self) -> EngineFacts:
        return EngineFacts("cpu", {"network": "1"}, {"network": "1"}, has_small_decoder=False)

    def start(
        self, request: GenerationRequest, count: int, waiting: int, *, with_steps: bool, avoided: str = ""
    ) -> PreparedJob:
        self.jobs.append(PreparedJob(self._answers.pop(0)))
        self.waiting.append(waiting)
        self.avoided.append(avoided)
        return self.jobs[-1]


@pytest.fixture
def request_(make_style: MakeStyle) -> GenerationRequest:
    request = make_small_result(make_style("comic"), "a fox").request
    lines = EdgeMap(np.full((512, 512), 255, np.uint8), "lines")
    request = replace(request, edges=lines, width=512, height=512)
    return request.with_settings(sampler="MaskGIT")


def make_engine(workers: PreparedWorkers, dead: list[DeadLetter] | None = None, seconds: float = 5.0) -> RemoteEngine:
    keep: Callable[[DeadLetter], None] = [].append if dead is None else dead.append
    return RemoteEngine(POCKET, workers, seconds, keep)


def test_a_picture_comes_back_with_its_steps(request_):
    preview, seen = StepPreview(1, 4, Image.new("RGB", (8, 8))), []
    workers = PreparedWorkers([Begun(), preview, DRAWN])
    assert make_engine(workers).draw(request_, on_step=seen.append) is DRAWN
    assert seen == [preview] and workers.jobs[0].stopped


def test_a_lost_picture_is_drawn_once_more(request_):
    workers, dead = PreparedWorkers([Begun(), Lost("killed")], [Begun(), DRAWN]), []
    assert make_engine(workers, dead).draw(request_) is DRAWN
    assert len(workers.jobs) == 2 and all(job.stopped for job in workers.jobs) and dead == []


@pytest.mark.parametrize(("news", "avoided"), [([Begun("first"), Lost("x")], "first"), ([Lost("x")], "")])
def test_the_second_try_avoids_the_worker_of_the_first(request_, news, avoided):
    workers = PreparedWorkers(news, [Begun("second"), DRAWN])
    assert make_engine(workers).draw(request_) is DRAWN
    assert workers.avoided == ["", avoided]


def test_a_worker_that_was_too_slow_is_avoided(request_):
    workers = PreparedWorkers([Begun("slow")], [Begun("quick"), DRAWN])
    assert make_engine(workers, seconds=0.2).draw(request_) is DRAWN
    assert workers.avoided == ["", "slow"]


def test_what_was_lost_twice_is_told_and_kept(request_):
    workers, dead = PreparedWorkers([Lost("killed")], [Begun(), Lost("killed again")]), []
    with pytest.raises(WorkerLost, match="Send it once more"):
        make_engine(workers, dead).draw(request_)
    assert [(letter.request, letter.whys) for letter in dead] == [(request_, ("killed", "killed again"))]


def test_a_worker_that_says_nothing_is_given_up_in_time(request_):
    workers, began = PreparedWorkers([], [Begun()]), time.monotonic()
    with pytest.raises(WorkerLost):
        make_engine(workers, seconds=0.2).draw(request_)
    assert time.monotonic() - began < 2.0 and all(job.stopped for job in workers.jobs)


def test_what_the_worker_tells_the_person_is_not_tried_again(request_):
    workers = PreparedWorkers([Begun(), OutOfMemory("Too large.")])
    with pytest.raises(OutOfMemory, match="Too large"):
        make_engine(workers).draw(request_)
    assert len(workers.jobs) == 1


def test_who_leaves_stops_the_worker(request_):
    workers = PreparedWorkers([Begun()])
    left = threading.Event()
    threading.Timer(0.1, left.set).start()
    with pytest.raises(Cancelled):
        make_engine(workers).draw(request_, is_cancelled=left.is_set)
    assert workers.jobs[0].stopped


def test_a_request_of_another_engine_reaches_no_worker(request_):
    workers = PreparedWorkers()
    with pytest.raises(SettingError):
        make_engine(workers).draw(replace(request_, engine="sd15"))
    assert workers.jobs == []


def test_as_many_pictures_are_under_way_as_there_are_workers(request_):
    workers = PreparedWorkers([Begun()], [Begun()], [Begun(), DRAWN], count=2)
    engine, drawn = make_engine(workers), []
    threads = [threading.Thread(target=lambda n=n: draw_for(engine, request_, f"visitor {n}", drawn)) for n in range(3)]
    for each in threads:
        each.start()
        time.sleep(0.05)
    assert len(workers.jobs) == 2 and engine.count_waiting() == 1
    for job in workers.jobs[:2]:
        job.news.put(DRAWN)
    for each in threads:
        each.join(10)
    assert len(drawn) == 3


def draw_for(engine: RemoteEngine, request: GenerationRequest, visitor: str, drawn: list[Drawn]) -> None:
    with hold_place(Place(visitor, lambda place: None)):
        drawn.append(engine.draw(request))


def test_an_error_of_a_worker_is_a_word_for_the_person_or_a_loss():
    told = SettingError("Too many steps.")
    assert name_news(told) is told
    assert name_news(ValueError("a red fox")) == Lost("ValueError")
    assert name_news(Cancelled("Stopped.")) == Lost("Cancelled")


def test_the_workers_say_what_they_draw_with(request_):
    engine = make_engine(PreparedWorkers())
    assert (engine.device.type, engine.revisions, engine.embed_styles([])) == ("cpu", {"network": "1"}, 0)
    assert np.array_equal(engine.settle(request_).edges.pixels, request_.edges.pixels)
    assert engine.settle(request_).shortcuts.decoder == "full"
