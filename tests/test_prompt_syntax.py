from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from pipeline.errors import SettingError
from pipeline.prompt_syntax import MOST_PLACES, MOST_WEIGHT, PROMPT_LIMIT, Prompt, escape, read_weights


def parts(prompt: str) -> list[tuple[str, float]]:
    return [(part.text, part.weight) for part in read_weights(prompt)]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a red fox", [("a red fox", 1)]),
        ("", [("", 1)]),
        ("a (red) fox", [("a ", 1), ("red", 1.1), (" fox", 1)]),
        ("((red)) fox", [("red", 1.21), (" fox", 1)]),
        ("[red] fox", [("red", 0.909091), (" fox", 1)]),
        ("[[red]]", [("red", 0.826446)]),
        ("(red:1.5) fox", [("red", 1.5), (" fox", 1)]),
        ("(red: .5 )", [("red", 0.5)]),
        ("(a (red:2) fox:0.5)", [("a ", 0.5), ("red", 1), (" fox", 0.5)]),
        ("((red) fox:1.2)", [("red", 1.32), (" fox", 1.2)]),
        ("((a)(b):1.2)", [("ab", 1.32)]),
        ("(red)(fox)", [("redfox", 1.1)]),
        ("([red])", [("red", 1)]),
        ("(a house (b:1.3) [c])", [("a house ", 1.1), ("b", 1.43), (" ", 1.1), ("c", 1)]),
        ("(a [b) c]", [("a ", 1.1), ("b", 1), (" c", 0.909091)]),  # they may cross, as there
        ("(1:2:0.5)", [("1:2", 0.5)]),
        ("[red:1.5]", [("red:1.5", 0.909091)]),  # numbers belong to round brackets
        (r"\(red\) fox", [("(red) fox", 1)]),
        (r"(red \(dark\):1.5)", [("red (dark)", 1.5)]),
        (r"(red\))", [("red)", 1.1)]),
        (r"\[a\] \\ b\c", [(r"[a] \ b\c", 1)]),
        ("(red:0)", [("red", 0)]),
    ],
)
def test_weights_are_read(prompt: str, expected: list[tuple[str, float]]) -> None:
    assert parts(prompt) == [(text, pytest.approx(weight)) for text, weight in expected]


@pytest.mark.parametrize(
    "prompt",
    [
        "a smile :( and more",
        "(red",
        "red)",
        "1) a fox 2) a boat",
        "[red",
        "red]",
        ")(",
        "](",
        "((((",
        "time: 12:30",
        "a\\",
        ":)",
    ],
)
def test_brackets_without_partners_are_text(prompt: str) -> None:
    assert parts(prompt) == [(prompt, 1)]


@pytest.mark.parametrize("prompt", ["(red:big)", "(red:1.2.3)", "(red:)", "(red:1,2)", "(red:1.2x)"])
def test_what_is_no_number_is_text(prompt: str) -> None:
    assert parts(prompt) == [(prompt[1:-1], 1.1)]


@pytest.mark.parametrize("number", ["nan", "NaN", "1e9", "-0.5", "inf", "-Infinity", "3.01", "9" * 400])
def test_weights_that_no_model_follows_are_refused(number: str) -> None:
    with pytest.raises(SettingError, match=r"from 0 to 3, as in \(word:1.2\); “red fox” has"):
        read_weights(f"a (red fox:{number})")


def test_brackets_around_brackets_end_at_the_greatest_weight() -> None:
    assert parts("(" * 11 + "red" + ")" * 11) == [("red", pytest.approx(1.1**11, rel=1e-5))]
    with pytest.raises(SettingError, match="“red” has 3.138"):
        read_weights("(" * 12 + "red" + ")" * 12)
    with pytest.raises(SettingError, match=r"“red” has 6.504e\+40"):
        read_weights("(" * 986 + "red" + ")" * 986)


def test_weighted_places_are_counted() -> None:
    assert len(parts("(a) b " * MOST_PLACES)) == 2 * MOST_PLACES
    with pytest.raises(SettingError, match="at most 32 weighted places"):
        read_weights("(a) b " * (MOST_PLACES + 1))


def test_plain_words_are_what_was_said() -> None:
    assert Prompt(r"a ((red)) fox in (neon:1.4), [grey] sky \(1970s\)").words == "a red fox in neon, grey sky (1970s)"


@given(st.text())
@example("\\")
@example(r"\(a:1.2)")
def test_escape_keeps_any_text(text: str) -> None:
    assert parts(escape(text)) == [(text, 1)]


@pytest.mark.parametrize(
    ("text", "template", "written", "read"),
    [
        ("a fox", "{prompt}, ice", "a fox, ice", [("a fox, ice", 1)]),
        ("", "{prompt}, ice", "ice", [("ice", 1)]),
        (" , fox, ", "{prompt}", "fox", [("fox", 1)]),
        ("(fox:2), ", "{prompt}", "(fox:2)", [("fox", 2)]),
        ("( fox:2)", "{prompt} [sky]", r"( fox:2) \[sky\]", [(" fox", 2), (" [sky]", 1)]),
        ("a :(", "({prompt})", r"\(a :(\)", [("(a :()", 1)]),
        ("fox\\", "{prompt} (old)", "fox\\ \\(old\\)", [("fox\\ (old)", 1)]),
        ("", "{prompt}", "", [("", 1)]),
    ],
)
def test_a_template_surrounds_the_words(text: str, template: str, written: str, read: list[tuple[str, float]]) -> None:
    prompt = Prompt(text).within(template)
    assert prompt.written == written and [(part.text, part.weight) for part in prompt.parts] == read
    assert (prompt.text, Prompt(text).written) == (text, text)


@given(st.text(alphabet="()[]\\:.,12a ", max_size=12), st.text(alphabet="()[], x", max_size=6))
def test_a_templates_words_weigh_nothing(text: str, after: str) -> None:
    """As if the whole had been typed, but for spaces that a bracket of weight 1 leaves at an end."""
    assume(not text.endswith("\\"))  # written, it would escape the backslash of the template's bracket
    try:
        prompt = Prompt(text).within(f"{{prompt}}{after}")
    except SettingError:
        return
    assert [(part.text.strip(" ,"), part.weight) for part in prompt.parts if part.text.strip(" ,")] == [
        (said.strip(" ,"), weight) for said, weight in parts(prompt.written) if said.strip(" ,")
    ]


def test_a_prompt_checks_itself() -> None:
    with pytest.raises(SettingError, match="at most 1,000 characters; 1,001 came"):
        Prompt("x" * (PROMPT_LIMIT + 1))
    with pytest.raises(SettingError, match="“fox” has nan"):
        Prompt("(fox:nan)")
    with pytest.raises(SettingError, match="half of a surrogate pair"):
        Prompt("half a letter \ud83e")
    assert Prompt("a") == Prompt("a") != Prompt("a").within("{prompt}, ice")


@given(st.text(alphabet="()[]\\:.12ae ", max_size=40))
def test_any_prompt_is_read_or_refused_in_words(prompt: str) -> None:
    try:
        found = read_weights(prompt)
    except SettingError:
        return
    assert found and all(0 <= part.weight <= MOST_WEIGHT for part in found)
    assert all(one.weight != other.weight for one, other in pairwise(found))
    said = "".join(part.text for part in found)
    letters = iter(prompt)
    assert all(letter in letters for letter in said)  # nothing is added, nothing changes its place
