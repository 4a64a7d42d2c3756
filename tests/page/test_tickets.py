"""Stop flags: one's own run, before, while and after it runs."""

from __future__ import annotations

import pytest

from pipeline.page.tickets import MAX_FLAGS, Tickets


def test_stop_sets_the_flag_of_that_run_only() -> None:
    tickets = Tickets()
    with tickets.open("one", "a") as one, tickets.open("two", "b") as two:
        tickets.stop("one")
        assert one.is_set()
        assert not two.is_set()


def test_a_run_stopped_while_it_waited_begins_stopped() -> None:
    tickets = Tickets()
    tickets.stop("waiting")
    with tickets.open("waiting", "a") as flag:
        assert flag.is_set()


def test_the_same_ticket_may_run_again_after_it_ended() -> None:
    tickets = Tickets()
    with tickets.open("one", "a"):
        tickets.stop("one")
    with tickets.open("one", "a") as flag:
        assert not flag.is_set()


def test_leaving_stops_all_runs_of_that_visitor() -> None:
    tickets = Tickets()
    with tickets.open("one", "a") as one, tickets.open("two", "a") as two, tickets.open("three", "b") as three:
        tickets.stop_session("a")
        assert (one.is_set(), two.is_set(), three.is_set()) == (True, True, False)
    tickets.stop_session("nobody")


def test_a_run_that_fails_sets_its_flag_and_is_forgotten() -> None:
    tickets = Tickets()
    with pytest.raises(RuntimeError), tickets.open("one", "a") as flag:
        raise RuntimeError
    assert flag.is_set()
    with tickets.open("one", "a") as again:
        assert not again.is_set()


def test_made_up_tickets_do_not_pile_up_nor_push_out_a_running_one() -> None:
    tickets = Tickets()
    with tickets.open("mine", "a") as mine:
        for number in range(MAX_FLAGS * 2):
            tickets.stop(f"made up {number}")
        assert len(tickets._flags) <= MAX_FLAGS
        tickets.stop("mine")
        assert mine.is_set()


def test_a_ticket_of_any_kind_and_length_is_taken() -> None:
    tickets = Tickets()
    for odd in (None, {"a": 1}, "x" * 100_000):
        with tickets.open(odd, "a") as flag:
            tickets.stop(odd)
            assert flag.is_set()
