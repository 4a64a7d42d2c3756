"""Find pictures by words, style and star, page after page; by FTS5 and by LIKE alike."""

from __future__ import annotations

import pytest
from sqlalchemy import event

from pipeline.errors import SettingError
from pipeline.store.facts import gather_facts, normalise_text
from pipeline.store.history import History
from pipeline.store.search import Wanted
from tests.conftest import OpenHistory
from tests.store.conftest import DESK, DrawPicture, make_facts

WORDS = {
    "a red fox in a neon city": ("neon",),
    "Ein Häuschen am Fluß": ("water-colour",),
    "a foxglove, 100 % purple": ("water-colour", "neon"),
    "一只红色的狐狸": ("ink",),
    'a "quoted" OR word': ("ink",),
    "きつねの家": ("ink",),
}


@pytest.fixture(params=[True, False], ids=["FTS5", "LIKE"])
def history(request: pytest.FixtureRequest, open_history: OpenHistory, monkeypatch: pytest.MonkeyPatch) -> History:
    """A history of the pictures of WORDS; what is found is found by FTS5, or by LIKE."""
    history = open_history()
    assert history.database.has_text_search
    history.database.has_text_search = request.param
    for number, (words, styles) in enumerate(WORDS.items()):
        add(history, number, words, *styles)
    return history


def add(history: History, number: int, words: str, *styles: str) -> str:
    """Write a row alone: no search opens a file."""
    from datetime import UTC, datetime

    id = f"{number:032x}"
    history.add_row(id, f"{number:064x}", 1_000, make_facts(words, *styles), DESK, datetime.now(UTC))
    return id


def find(history: History, words: str = "", **wanted: object) -> list[str]:
    found = history.find(DESK, Wanted(words=words, **wanted))  # type: ignore[arg-type]
    assert found.total == len(found.pictures)
    return [picture.words for picture in found.pictures]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", [0, 1, 2, 3, 4, 5]),
        ("fox", [0, 2]),
        ("FOX city", [0]),
        ("city fox", [0]),
        ("ox", []),
        ("hauschen", [1]),
        ("Häuschen", [1]),
        ("fluss", [1]),
        ("water", [1, 2]),
        ("neon", [0, 2]),
        ("100", [2]),
        ("%", [0, 1, 2, 3, 4, 5]),
        ('"quoted"', [4]),
        ("or", [4]),
        ("NOT fox", []),
        ("狐狸", [3]),
        ("狐狸 ink", [3]),
        ("家", [5]),
        ("a* OR b", []),
        ("fox)", [0, 2]),
    ],
)
def test_words_are_found_as_beginnings_of_words(history: History, words: str, expected: list[int]) -> None:
    assert find(history, words) == [list(WORDS)[number] for number in reversed(expected)]


def test_styles_and_stars_narrow_the_search(history: History) -> None:
    assert find(history, style="water-colour") == [list(WORDS)[2], list(WORDS)[1]]
    assert find(history, "fox", style="water-colour") == [list(WORDS)[2]]
    history.set_favourite(DESK, f"{1:032x}", True)
    assert find(history, favourites=True) == [list(WORDS)[1]] and find(history, "fox", favourites=True) == []


def test_styles_are_counted_by_their_pictures(history: History) -> None:
    history.delete(DESK, [f"{5:032x}"])
    counts = [(each.style, each.name, each.count) for each in history.count_styles(DESK)]
    assert counts == [("ink", "Ink", 2), ("neon", "Neon", 2), ("water-colour", "Water Colour", 2)]


def test_a_deleted_picture_is_found_no_more_and_its_words_neither(history: History) -> None:
    history.delete(DESK, [f"{0:032x}"])
    assert find(history, "city") == []
    history.restore(DESK, [f"{0:032x}"])
    assert find(history, "city") == ["a red fox in a neon city"]
    history.forget(DESK)
    assert find(history, "city") == []


def test_pages_follow_one_another_while_pictures_come_and_go(open_history: OpenHistory) -> None:
    history = open_history()
    ids = [add(history, number, "a house", "ink") for number in range(25)]
    seen, before = list[str](), None
    for _ in range(3):
        found = history.find(DESK, Wanted(count=10, before=before))
        seen += [picture.id for picture in found.pictures]
        before = found.before
        history.delete(DESK, seen[-1:])  # what an offset would trip over
        add(history, 100 + len(seen), "a new one", "ink")
    assert seen == ids[::-1] and before is None


@pytest.mark.parametrize(
    "wanted", [{"words": "a" * 201}, {"style": "a" * 101}, {"count": 0}, {"count": 201}, {"before": -1}]
)
def test_a_search_without_bounds_is_refused(wanted: dict[str, object]) -> None:
    with pytest.raises(SettingError):
        Wanted(**wanted)  # type: ignore[arg-type]


def test_text_is_compared_without_case_accents_and_signs() -> None:
    assert normalise_text("L'Été, à la MER_bleue!") == " l ete a la mer bleue"
    assert normalise_text("!?") == ""


def test_a_search_counts_so_many_and_all_pictures_are_counted_whole(
    open_history: OpenHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.store.search.MOST_COUNTED", 3)
    history = open_history()
    for number in range(4):
        add(history, number, f"a house {number}", "ink")
        found = history.find(DESK, Wanted(words="house", count=2))
        assert (found.total, found.is_more) == (min(number + 1, 3), number == 3)
    whole, styled = history.find(DESK, Wanted()), history.find(DESK, Wanted(style="ink", count=2))
    assert (whole.total, whole.is_more) == (4, False) and (styled.total, styled.is_more) == (3, True)


def test_what_fits_on_a_page_is_not_counted_and_a_style_is_asked_before_a_row_is_read(
    open_history: OpenHistory,
) -> None:
    history, asked = open_history(), list[tuple[str, object]]()
    for number in range(3):
        add(history, number, f"a house {number}", "ink")
    engine = history.database.engine
    event.listen(engine, "before_cursor_execute", lambda _, __, text, values, *___: asked.append((text, values)))
    assert history.find(DESK, Wanted(words="house", style="ink")).total == 3
    (search,) = [each for each in asked if "FROM pictures" in each[0]]
    assert not any("count(" in text for text, _ in asked)
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {search[0]}", search[1])]  # type: ignore[arg-type]
        assert plan.index("LIST SUBQUERY 1") < next(at for at, step in enumerate(plan) if "SEARCH pictures" in step)


def test_facts_of_a_mix_name_the_heaviest_style_first(draw_picture: DrawPicture) -> None:
    facts = gather_facts(draw_picture(3, "Ein Häuschen, rot"))
    assert facts.search_text == f" ein hauschen rot {facts.styles[0].name.casefold()}"
