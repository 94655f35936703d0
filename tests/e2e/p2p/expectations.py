# SPDX-License-Identifier: LGPL-2.1-or-later
"""
What must come of a scenario: its expected.toml. What the words in it mean is in words.toml.

An expectation that is there has to be one that is held against what happened: a word that words.toml does not have is
refused, and so is, after the scenario, whatever nobody has looked at.
"""
from __future__ import annotations

import pathlib
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
FILE = "expected.toml"


class Fault(ValueError):
    """What is wrong with a file of expectations."""


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_list_of(value: object, kind: type) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, kind) for one in value)


KINDS = {
    "text": lambda value: isinstance(value, str) and bool(value),
    "texts": lambda value: _is_list_of(value, str),
    "number": _is_number,
    "numbers": lambda value: isinstance(value, list) and bool(value) and all(map(_is_number, value)),
    "seconds": lambda value: _is_number(value) and value > 0,
    "part": lambda value: isinstance(value, dict) and bool(value),
    "parts": lambda value: _is_list_of(value, dict),
}


def _read(path: pathlib.Path) -> dict:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Fault(f"there is no {path}") from None
    except tomllib.TOMLDecodeError as error:
        raise Fault(f"{path}: {error}") from None


class Expected:
    """Expectations by their words; parts are such, too. Notes which have been looked at."""

    def __init__(self, values: dict, words: dict, where: str):
        self._where = where
        self._seen: set[str] = set()
        self._values: dict = {}
        for word, value in values.items():
            if word not in words:
                raise Fault(f"{where}: {word!r} is no word of words.toml")
            if not KINDS[words[word]["kind"]](value):
                raise Fault(f"{where}: {word} = {value!r} is no {words[word]['kind']}")
            if isinstance(value, dict):
                value = Expected(value, words, f"{where}: {word}")
            elif _is_list_of(value, dict):
                value = [Expected(one, words, f"{where}: {word}[{number}]") for number, one in enumerate(value)]
            self._values[word] = value

    def __contains__(self, word: str) -> bool:
        return word in self._values

    def __getitem__(self, word: str):
        if word not in self._values:
            raise Fault(f"{self._where}: {word} is looked for, and is not there")
        self._seen.add(word)
        return self._values[word]

    def unseen(self) -> list[str]:
        """What nobody has looked at. A part is what it has."""
        found = []
        for word, value in self._values.items():
            parts = [value] if isinstance(value, Expected) else value if _is_list_of(value, Expected) else None
            if parts:
                found += [name for part in parts for name in part.unseen()]
            elif word not in self._seen:
                found.append(f"{self._where}: {word}")
        return found


def load(directory: pathlib.Path) -> Expected:
    """Of one scenario, or, of this directory, of all. "like" has the words of another one that are not said again."""
    path = directory / FILE
    values = _read(path)
    if "like" in values:
        other = _read(directory.parent / str(values["like"]) / FILE)
        if "like" in other:
            raise Fault(f"{path}: {values['like']} is itself like another one")
        # Which suite runs it each says for itself.
        other.pop("suite", None)
        values = {**other, **values}
        del values["like"]
    return Expected(values, _read(HERE / "words.toml"), f"{directory.name}/{FILE}")
