"""What the script of many pictures says of a process that grows, and of one that does not."""

from __future__ import annotations

from tests.benchmarks.endurance import Held, summarise


def make_held(pictures: int, rss_mb: float, drawn_mb: float = 1.0) -> Held:
    return Held(pictures, rss_mb, handles=40, threads=30, files=64, files_mb=1.0, drawn_mb=drawn_mb)


def test_the_slope_is_that_after_the_warm_up() -> None:
    warming = [make_held(number, number) for number in (100, 200, 300)]
    growing = [make_held(number, 500 + number / 50) for number in range(400, 2_000, 100)]
    found = summarise(warming + growing, warm_up=400)
    assert found["MB per 100 pictures"] == 2.0 and found["rss_mb at the end less at 400"] == 30.0
    assert found["handles"] == 40 and found["threads at the end less at 400"] == 0


def test_a_process_that_stays_as_it_is_has_no_slope() -> None:
    found = summarise([make_held(number, 700 + number // 100 % 2) for number in range(100, 5_100, 100)], warm_up=1_000)
    assert abs(float(found["MB per 100 pictures"])) < 0.05


def test_it_says_whether_served_pictures_kept_to_their_room() -> None:
    ends = [
        summarise([make_held(100, 700, 5), make_held(200, 700, most)], warm_up=0, room=20) for most in (9, 19.8, 20.2)
    ]
    assert [end["room of 20 MB for drawn ones"] for end in ends] == ["never full", "kept to", "exceeded"]
