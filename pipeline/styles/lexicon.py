"""Find the styles that a prompt names outright, in eleven languages: the encoders of words know English alone.

The names of the built-in styles, their synonyms and turns of speech lie in words/<language>.json: `styles` holds
phrases by a style's id; in English only those that mean a look and never a thing. A `*` stands for any ending
("aquarell*"), a `~` before a phrase for a general word that counts only where no other style is named ("~skizze*").
`not` and `not_after` refuse the style behind or before them, `but` ends that, and `common` are words by which the
language is known.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from pipeline.styles.refusals import split_refused

FOLDER = Path(__file__).with_name("words")
UNKNOWN = "another language"
OTHERS = "others"  # languages that are known by their common words, without phrases
ENDING = r"\w{0,14}"  # what a `*` stands for: Aquarellzeichnungen
ENGLISH = frozenset(
    [
        "the",
        "of",
        "and",
        "with",
        "at",
        "by",
        "from",
        "his",
        "her",
        "is",
        "are",
        "to",
        "for",
        "my",
        "your",
        "it",
        "its",
        "this",
        "that",
        "into",
        "over",
        "under",
        "between",
        "very",
    ]
)
ENGLISH_OR_OTHER = frozenset(["a", "an", "in", "on", "as", "no", "like"])  # words that other languages have too
FEW_WORDS_BETWEEN = 2  # words without meaning aside, between a refusal and what it refuses
FEW_LETTERS_BETWEEN = 6  # the same where no spaces part words
CLAUSE = re.compile(r"[^,;:.!?()\[\]|/\n、。，；：！？（）「」]+")
HYPHEN = re.compile(r"(?<=\w)[-‐‑_](?=\w)")
WITHOUT_SPACES = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")  # kana and Chinese characters
HANGUL, KANA = re.compile(r"[\uac00-\ud7a3\u1100-\u11ff]"), re.compile(r"[\u3040-\u30ff]")


@dataclass(frozen=True)
class Phrase:
    """One way to say a style; `pattern` matches folded text."""

    style: str
    pattern: re.Pattern[str]
    length: int  # letters without endings
    general: bool


@dataclass(frozen=True)
class Named:
    """A style that words name, and where in its clause."""

    phrase: Phrase
    start: int
    end: int


@dataclass(frozen=True)
class Reading:
    """What a prompt says in another language."""

    language: str | None = None  # its English name; None: English, or too little to tell
    styles: tuple[str, ...] = ()  # ids of those asked for, the clearest first
    refused: tuple[str, ...] = ()  # ids of those that shall not be chosen
    wanted: str = ""  # in English: the prompt without what it refuses
    refused_words: tuple[str, ...] = ()  # in English: what it refuses


@dataclass(frozen=True)
class Language:
    """The words of one language."""

    name: str
    common: frozenset[str]
    before: tuple[re.Pattern[str], ...]  # refuse what follows
    after: tuple[re.Pattern[str], ...]  # refuse what went before
    but: frozenset[str]
    phrases: tuple[Phrase, ...] = field(repr=False)
    spaced: bool  # spaces part words; where not, a phrase may stand anywhere

    @cached_property
    def by_start(self) -> Mapping[str, tuple[Phrase, ...]]:
        """The phrases by their first letter, the longest first."""
        lists: dict[str, list[Phrase]] = {}
        for phrase in sorted(self.phrases, key=lambda each: -each.length):
            lists.setdefault(phrase.pattern.pattern[0], []).append(phrase)
        return {letter: tuple(each) for letter, each in lists.items()}

    def find_phrases(self, clause: str) -> list[Named]:
        """Return the phrases in a folded clause, in order; of those that overlap the first and longest."""
        found, place = [], 0
        while place < len(clause):
            named = self._match_at(clause, place)
            if named is not None:
                found.append(named)
            place = named.end if named is not None else place + 1
        return found

    def is_refused(self, clause: str, named: Named) -> bool:
        """Return whether the clause says that it does not want the style it names."""
        behind = clause[named.end : named.end + FEW_LETTERS_BETWEEN + 6]
        if any((found := pattern.search(behind)) and found.start() <= FEW_LETTERS_BETWEEN for pattern in self.after):
            return True
        refusals = [found.end() for pattern in self.before for found in pattern.finditer(clause, 0, named.start)]
        return bool(refusals) and self._reaches(clause[max(refusals) : named.start])

    def _match_at(self, clause: str, place: int) -> Named | None:
        if self.spaced and place and (clause[place - 1].isalnum()):
            return None
        for phrase in self.by_start.get(clause[place], ()):
            if found := phrase.pattern.match(clause, place):
                return Named(phrase, place, found.end())
        return None

    def _reaches(self, between: str) -> bool:
        """Return whether a refusal reaches over these words: "no hat in watercolour" refuses the hat alone."""
        if not self.spaced:
            return len(between.strip()) <= FEW_LETTERS_BETWEEN and not any(word in between for word in self.but)
        words = re.findall(r"\w+", between)
        meant = [n for n, word in enumerate(words) if word not in self.common and len(word) > 3]
        if any(word in self.but for word in words) or len(meant) > FEW_WORDS_BETWEEN:
            return False
        return not meant or meant[-1] == len(words) - 1


def fold(text: str) -> str:
    """Return text in one form for comparing: small letters without accents, spaces for hyphens, plain apostrophes."""
    small = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    bare = "".join(letter for letter in unicodedata.normalize("NFD", small) if not "\u0300" <= letter <= "\u036f")
    return " ".join(HYPHEN.sub(" ", unicodedata.normalize("NFC", bare)).split())


def read_names(prompt: str, english: frozenset[str] = frozenset()) -> Reading:
    """Find the language of a prompt, and the styles that it names and refuses.

    `english` are words that English has too: a prompt too short to tell its language is not read by them. Where the
    language stays open, words of every language are looked for ("Aquarell, Fuchs").
    """
    text = fold(prompt)
    name, candidates = _guess_language(text)
    readings = [_read(text, language, frozenset() if name else english) for language in candidates]
    best = max(readings, key=lambda each: len(each.styles) + len(each.refused), default=Reading())
    if name is not None:
        return replace(best, language=best.language if best.styles or best.refused else name)
    wanted, refused_words = split_refused(prompt)
    own = _read(fold(wanted), read_english(), frozenset())
    return Reading(None, own.styles or best.styles, best.refused, wanted, refused_words)


@cache
def read_languages() -> tuple[Language, ...]:
    """Read every words/<language>.json but the English one."""
    names = sorted(file.stem for file in FOLDER.glob("*.json") if file.stem not in ("english", OTHERS))
    return tuple(_parse(_load(name)) for name in names)


@cache
def read_english() -> Language:
    """Read words/english.json."""
    return _parse(_load("english"))


@cache
def read_common_words() -> Mapping[str, frozenset[str]]:
    """Return the common words of every language but English by its name, those without phrases included."""
    known = {each.name: each.common for each in read_languages()}
    return known | {name: _fold_all(words) for name, words in _load(OTHERS).items()}


def compile_phrase(written: str, spaced: bool) -> re.Pattern[str]:
    """Return the pattern of a phrase as the files write it: a `*` is any ending, words part where letters end."""
    words = [re.escape(fold(word.rstrip("*"))) + (ENDING if word.endswith("*") else "") for word in written.split()]
    if not spaced:
        return re.compile(r"\s*".join(words))
    last = written.rsplit(maxsplit=1)[-1]
    return re.compile(r"\s+".join(words) + ("" if last.endswith("'") else r"(?!\w)"))


def _load(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return read


def _parse(data: dict[str, Any]) -> Language:
    name, spaced = str(data["language"]), data["language"] not in ("Japanese", "Chinese", "Korean")
    phrases = [
        Phrase(id, compile_phrase(form, spaced), len(form.strip("*")), written.startswith("~"))
        for id, listed in data["styles"].items()
        for written in listed
        for form in _spell(written.lstrip("~"), name)
    ]
    edge = r"\b" if spaced else ""
    return Language(
        name,
        _fold_all(data["common"]),
        tuple(re.compile(edge + compile_phrase(word, spaced).pattern) for word in data["not"]),
        tuple(compile_phrase(word, spaced) for word in data["not_after"]),
        _fold_all(data["but"]),
        tuple(phrases),
        spaced,
    )


def _fold_all(words: Sequence[str]) -> frozenset[str]:
    return frozenset(map(fold, words))


def _spell(written: str, language: str) -> Iterable[str]:
    """Return a phrase, and in German the way it is typed without the dots."""
    plain = written.replace("ä", "ae").replace("ö", "oe").replace("ü", "ue") if language == "German" else written
    return dict.fromkeys((written, plain))


def _guess_language(text: str) -> tuple[str | None, tuple[Language, ...]]:
    """Return the language's name, None where it is English or open, and the languages to look in."""
    languages = read_languages()
    letters = [letter for letter in text if letter.isalpha()]
    latin = sum(letter < "\u0250" for letter in letters)
    if letters and latin * 2 < len(letters):
        return _guess_by_script(text, languages)
    words = re.findall(r"\w+", text)
    counts = {name: sum(word in common for word in words) for name, common in read_common_words().items()}
    likely = max(counts, key=lambda name: counts[name])
    certain = sum(word in ENGLISH for word in words)
    english = certain + 0.4 * sum(word in ENGLISH_OR_OTHER for word in words)
    if counts[likely] > english:
        return likely, tuple(sorted(languages, key=lambda each: -counts[each.name]))
    return None, () if certain else languages


def _guess_by_script(text: str, languages: tuple[Language, ...]) -> tuple[str, tuple[Language, ...]]:
    by_name = {each.name: each for each in languages}
    if HANGUL.search(text):
        names = ["Korean"]
    elif KANA.search(text):
        names = ["Japanese"]
    elif WITHOUT_SPACES.search(text):
        names = ["Chinese", "Japanese"]
    elif re.search(r"[\u0400-\u04ff]", text):
        names = ["Russian"]
    else:
        return UNKNOWN, ()
    return names[0], tuple(by_name[name] for name in names)


def _read(text: str, language: Language, english: frozenset[str]) -> Reading:
    asked: list[Named] = []
    refused: list[str] = []
    for clause in CLAUSE.findall(text):
        for named in language.find_phrases(clause):
            if set(re.findall(r"\w+", clause[named.start : named.end])) <= english:
                continue
            if language.is_refused(clause, named):
                refused.append(named.phrase.style)
            else:
                asked.append(named)
    asked.sort(key=lambda named: (named.phrase.general, -named.phrase.length))
    clear = [named for named in asked if not named.phrase.general] or asked[:1]
    styles = dict.fromkeys(named.phrase.style for named in clear)
    return Reading(language.name, tuple(id for id in styles if id not in refused), tuple(dict.fromkeys(refused)))
