"""Take the notations of other programs out of a prompt: what Croquis can do is done, the rest is left out and told."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

FULL_WIDTH = str.maketrans("（）［］｛｝｜＜＞", "()[]{}|<>")
BRACE_WEIGHT = 1.05  # NovelAI's {word}
STEP_WEIGHT = 1.1  # InvokeAI's word++
MOST_ROUNDS = 20  # of nested brackets that are undone
NOT_ESCAPED = r"(?<!\\)"
SHOWN = 40  # characters of what was left out that a notice repeats

FULL_WIDTH_NUMBER = re.compile(r"[：:]\s*([0-9０-９]+(?:[.．,，][0-9０-９]+)?)\s*\)")
TAG = re.compile(r"<\s*[A-Za-z_]+\s*:[^<>]*>|\bembedding:[\w.\-]+(?::[\d.]+)?", re.IGNORECASE)
WILDCARD = re.compile(r"__[\w/*.\-]+?__")
BREAK = re.compile(r"\b(?:BREAK|ADDCOMM|ADDBASE|ADDCOL|ADDROW)\b")
AND = re.compile(r"(?:\s*:\s*\d*\.?\d+)?\s+AND\s+")
OPTION = re.compile(
    r"(?:^|\s)(?:--|—)(?:no\s(?:(?!\s--).)*|(?:aspect|ar|[vsqcwh]|stylize|niji|quality|chaos|iw|seed|stop|style|sref|cref|"
    r"weird|version)\s+(?!--)[\w.:/]+|(?:tile|hd|test|testp|raw|turbo|fast|relax|niji|video|uplight)\b)"
)
DOUBLE_COLON = re.compile(r"\s*::\s*-?\d*\.?\d*(?=\s|,|$)")
ALTERNATION = re.compile(NOT_ESCAPED + r"\[([^\[\]{}]*\|[^\[\]{}]*)\]")
EDITING = re.compile(NOT_ESCAPED + r"\[([^\[\]{}:|]*)(?::([^\[\]{}:|]*))?:\s*(\d*\.?\d+)\s*\]")
CHOICE = re.compile(NOT_ESCAPED + r"\{(?:[\d\-]*\$\$(?:[^{}$]*\$\$)?)?([^{}\[\]]*\|[^{}\[\]]*)\}")
BRACES = re.compile(NOT_ESCAPED + r"\{([^{}|]+)\}")
COMMA_WEIGHT = re.compile(r":\s*(\d+),(\d+)\s*\)")
WEIGHT_BEHIND = re.compile(NOT_ESCAPED + r"\(([^()]*)\)(\d?\.\d+|[0-3])(?![\w.])")
PLUSES = re.compile(r"(?:\(([^()]+)\)(\++|-+)|\b(\w{2,})(\+{2,}|-{2,}))(?=[\s,.;)]|$)")


class Rule(NamedTuple):
    """One notation: where it stands, what takes its place, and what is said of it (None: it is done as meant)."""

    pattern: re.Pattern[str]
    replace: Callable[[re.Match[str]], str]
    notice: str | None


def take_out_syntax(text: str) -> tuple[str, tuple[str, ...]]:
    """Return a prompt in Croquis' own syntax of weights, and a notice for each notation that was not followed.

    A text without any other notation comes back as it is.
    """
    notices: dict[str, None] = {}
    plain = _read_full_width(text)
    for rule in RULES:
        if rule.pattern in (BREAK, AND) and not any(letter.islower() for letter in plain):
            continue  # a prompt in capitals
        plain = _follow(rule, plain, notices)
    if plain == text:
        return text, ()
    return re.sub(r"(?:\s*,){2,}", ",", " ".join(plain.split())).strip(" ,"), tuple(notices)


def _follow(rule: Rule, text: str, notices: dict[str, None]) -> str:
    found = []

    def act(match: re.Match[str]) -> str:
        found.append(match.group().strip(" ,"))
        return rule.replace(match)

    for _ in range(MOST_ROUNDS):
        changed = rule.pattern.sub(act, text)
        if changed == text:
            break
        text = changed
    if found and rule.notice is not None:
        shown = ", ".join(dict.fromkeys(each[:SHOWN] for each in found))
        notices[rule.notice.format(shown)] = None
    return text


def _read_full_width(text: str) -> str:
    """Return brackets, bars and the numbers of weights as they are typed on a Latin keyboard."""

    def read_number(match: re.Match[str]) -> str:
        number = match.group(1).translate(str.maketrans("０１２３４５６７８９．，", "0123456789.,"))
        return f":{number})"

    return FULL_WIDTH_NUMBER.sub(read_number, text.translate(FULL_WIDTH))


def _first(match: re.Match[str]) -> str:
    return next((each.strip() for each in match.group(1).split("|") if each.strip()), "")


def _longer(match: re.Match[str]) -> str:
    """Return the words of [from:to:when] that hold for longer; of [word:when] the word."""
    before, after, when = match.group(1), match.group(2), float(match.group(3))
    if after is None:
        return before
    return before if when >= 0.5 and before.strip() else after or before


def _weigh(match: re.Match[str]) -> str:
    words, signs = match.group(1) or match.group(3), match.group(2) or match.group(4)
    weight = STEP_WEIGHT ** (len(signs) if signs[0] == "+" else -len(signs))
    return f"({words}:{min(weight, 3.0):.2f})"


RULES = (
    Rule(TAG, lambda _: "", "Croquis has no LoRAs or embeddings to load; {} was left out."),
    Rule(WILDCARD, lambda _: "", "Croquis has no wildcards; {} was left out."),
    Rule(BREAK, lambda _: ", ", "{} does not part a prompt here; it was read as a comma."),
    Rule(AND, lambda _: ", ", "AND does not compose pictures here; it was read as a comma."),
    Rule(OPTION, lambda _: "", "Options of Midjourney are not read here; {} was left out."),
    Rule(DOUBLE_COLON, lambda _: ",", "Weights with a double colon are not read here; write (word:1.2)."),
    Rule(ALTERNATION, _first, "{} would alternate between words; Croquis takes the first."),
    Rule(EDITING, _longer, "{} would change words on the way; Croquis takes those that hold longer."),
    Rule(CHOICE, _first, "{} would choose words at random; Croquis takes the first."),
    Rule(BRACES, lambda match: f"({match.group(1)}:{BRACE_WEIGHT})", None),
    Rule(COMMA_WEIGHT, lambda match: f":{match.group(1)}.{match.group(2)})", None),
    Rule(WEIGHT_BEHIND, lambda match: f"({match.group(1)}:{match.group(2)})", None),
    Rule(PLUSES, _weigh, None),
)
