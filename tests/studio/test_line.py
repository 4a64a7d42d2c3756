"""Who may draw, who is told to come back, and when."""

from __future__ import annotations

from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.errors import LineFull, SettingError
from pipeline.settings import Settings, read_settings
from pipeline.studio.callers import Caller, name_caller
from pipeline.studio.line import Line, read_rate

SECONDS = 4.0  # that a picture takes


class Clock:
    """Clock is set by hand."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def make_line(clock: Clock | None = None, **limits: Any) -> Line:
    engine: Any = SimpleNamespace(expect_picture=lambda: SECONDS, look_ahead=lambda place: None)
    return Line(Settings(**limits), lambda: engine, clock or Clock())


def name(number: int) -> Caller:
    return Caller(f"session {number}", f"192.0.2.{number}")


def test_each_visitor_has_so_many_places_and_all_together() -> None:
    line = make_line(waiting=5, waiting_each=2)
    with ExitStack() as stack:
        for number in (1, 1, 2, 2):
            stack.enter_context(line.join(name(number)))
        with pytest.raises(LineFull, match="^2 of your pictures are waiting already. Try again in 8 seconds.$"):
            stack.enter_context(line.join(name(1)))
        stack.enter_context(line.join(name(3)))
        with pytest.raises(LineFull, match="^Too many people draw at once. Try again in 4 seconds.$") as refused:
            line.expect_place(name(4))
        assert refused.value.seconds == 4 and line.count_open() == 5
    assert line.count_open() == 0
    with line.join(name(1)):
        assert line.count_open() == 1


def test_each_who_is_refused_is_told_of_another_place() -> None:
    clock = Clock()
    line = make_line(clock, waiting=3, waiting_each=1)

    def refuse() -> int:
        with pytest.raises(LineFull) as refused:
            line.expect_place(name(9))
        return refused.value.seconds

    with ExitStack() as stack:
        for number in range(3):
            stack.enter_context(line.join(name(number)))
        assert [refuse() for _ in range(5)] == [4, 8, 12, 12, 12]  # nobody is told more than the whole line takes
        clock.now += 10
        assert refuse() == 6


def test_who_is_in_when_it_ends_goes_on_and_nobody_else_comes_in() -> None:
    line = make_line()
    with line.join(name(1)):
        line.end()
        for ask in (lambda: line.expect_place(name(1)), lambda: line.join(name(2)).__enter__()):
            with pytest.raises(LineFull, match="being stopped, .* Try again in 60 seconds.$"):
                ask()
        assert line.count_open() == 1
    assert line.count_open() == 0


def test_an_address_that_makes_up_sessions_leaves_others_some_places() -> None:
    line = make_line(waiting=8, waiting_each=2)

    def call(number: int, address: str = "198.51.100.7") -> Caller:
        return Caller(f"session {number}", address)

    with ExitStack() as stack:
        for number in range(6):
            stack.enter_context(line.join(call(number)))
        with pytest.raises(LineFull, match="^Too many people draw at once from your address. Try again in 4 seconds.$"):
            line.expect_place(call(6))
        stack.enter_context(line.join(call(7, "203.0.113.4")))
    with line.join(call(6)):  # what left is not counted
        assert line.count_open() == 1


def test_an_error_frees_the_place() -> None:
    line = make_line(waiting=1)
    with pytest.raises(ZeroDivisionError), line.join(name(1)):
        raise ZeroDivisionError
    assert line.count_open() == 0


def test_an_address_may_ask_for_so_many_pictures_in_a_time() -> None:
    line = make_line(rate="3/minute")

    def name(number: int) -> Caller:
        return Caller(f"session {number}", "198.51.100.7")

    for number in range(3):
        with line.join(name(number)):
            pass
    for ask in (line.expect_place, lambda caller: line.join(caller).__enter__()):
        with pytest.raises(LineFull, match="^Too many pictures came from your address. Try again in") as refused:
            ask(name(4))
        assert 1 <= refused.value.seconds <= 60
    with line.join(Caller("session 5", "192.0.2.2")):
        assert line.count_open() == 1


def test_a_visitor_is_a_session_or_an_address() -> None:
    assert name_caller("s1", "192.0.2.1") == Caller("session s1", "192.0.2.1")
    assert name_caller(None, "192.0.2.1").visitor == "address 192.0.2.1"
    one, neighbour = (name_caller(None, f"2001:db8:0:{n}::1") for n in (1, 2))
    assert one.address == "2001:db8:0:1::/64" != neighbour.address
    assert name_caller(None, "2001:db8:0:1:ffff::7") == one, "a household has many addresses"
    assert name_caller(None, None) == name_caller("", "") == Caller("address ", "")


@pytest.mark.parametrize("came", ["many", "30", "/minute", "30/fortnight"])
def test_a_wrong_rate_is_refused_at_the_start(came: str) -> None:
    with pytest.raises(SettingError, match="CROQUIS_RATE.* such as 30/minute; .* came"):
        make_line(rate=came)
    assert read_rate("off") is None and str(read_rate("200/hour")) == "200 per 1 hour"


def test_the_host_sets_the_limits() -> None:
    given = {"CROQUIS_WAITING": "9", "CROQUIS_WAITING_EACH": "2", "CROQUIS_RATE": " 5/Minute "}
    settings = read_settings([], given)
    assert (settings.waiting, settings.waiting_each, settings.rate) == (9, 2, "5/minute")
    with pytest.raises(SettingError, match="CROQUIS_WAITING_EACH.* whole number from 1 to 1,000; 0 came"):
        read_settings([], {"CROQUIS_WAITING_EACH": "0"})
