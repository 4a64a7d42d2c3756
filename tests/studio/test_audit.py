"""A line for each picture: hashes, engine, verdict and seconds, and nothing that tells who asked for what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.metrics.measurements import Measurements
from pipeline.places import Place, hold_place
from pipeline.settings import Settings
from pipeline.store.keeper import Keeper
from pipeline.store.request_hash import hash_request
from pipeline.studio.audit import Audit
from pipeline.values import Drawn, GenerationRequest, Verdict
from tests.conftest import MakeStyle
from tests.tools.small_results import make_small_result

ADDRESS = "203.0.113.7"
OpenAudit = Callable[[str], tuple[Audit, Keeper]]


@pytest.fixture
def request_of(make_style: MakeStyle) -> Callable[[int], GenerationRequest]:
    style = make_style("felt", 1)
    return lambda seed: make_small_result(style, "a secret house", "rain", seed).request


@pytest.fixture
def open_audit(tmp_path: Path) -> Iterator[OpenAudit]:
    opened: list[Keeper] = []

    def open_one(audit: str) -> tuple[Audit, Keeper]:
        settings = Settings(user_dir=tmp_path, audit=audit)  # type: ignore[arg-type]
        opened.append(Keeper(settings, str))
        return Audit(settings, opened[-1], Measurements(settings)), opened[-1]

    yield open_one
    for keeper in opened:
        keeper.close()


def draw(request: GenerationRequest, withheld: bool | None = None) -> Drawn:
    verdicts = () if withheld is None else (Verdict(withheld, "withheld" if withheld else ""),)
    return Drawn((), {}, (), "", verdicts)


def test_equal_requests_have_equal_hashes_and_others_have_not(request_of: Callable[[int], GenerationRequest]) -> None:
    one = request_of(1)
    assert hash_request(one) == hash_request(request_of(1)) != hash_request(request_of(2))
    pixels = one.edges.pixels.copy()
    pixels[0, 0] ^= 255
    assert hash_request(replace(one, edges=replace(one.edges, pixels=pixels))) != hash_request(one)
    with pytest.raises(TypeError, match="set, which cannot be hashed"):
        hash_request({1})  # type: ignore[arg-type]


def test_each_picture_has_a_line_without_words_and_address(
    open_audit: OpenAudit, request_of: Callable[[int], GenerationRequest], tmp_path: Path
) -> None:
    audit, keeper = open_audit("on")
    with hold_place(Place(ADDRESS, lambda _: None)):
        audit.follow(request_of(1), draw)
        audit.follow(request_of(2), lambda each: draw(each, withheld=False))
    audit.follow(request_of(2), lambda each: draw(each, withheld=True))
    keeper.flush()
    third, second, first = keeper.open().records.list_drawings()
    assert [each.verdict for each in (first, second, third)] == ["unchecked", "shown", "withheld"]
    assert first.visitor == second.visitor != third.visitor
    assert (first.request, second.request) == (hash_request(request_of(1)), third.request)
    keeper.close()
    stored = b"".join(file.read_bytes() for file in (tmp_path / "history").iterdir() if file.is_file())
    assert ADDRESS.encode() not in stored and b"secret" not in stored and first.visitor.encode() in stored


def test_nothing_is_written_where_the_host_did_not_ask_for_it(
    open_audit: OpenAudit, request_of: Callable[[int], GenerationRequest], tmp_path: Path
) -> None:
    audit, _ = open_audit("off")
    audit.follow(request_of(1), draw)
    assert list(tmp_path.iterdir()) == []
