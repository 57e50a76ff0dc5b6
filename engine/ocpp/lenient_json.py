"""Reads JSON that is broken in ways that stations break it, after the strict parser has refused it.

Taken as meant: spare and missing-value commas (`[,{…}]`, `{"a":1,}`), NaN and Infinity (as text), bare control
characters and bad escapes in strings, lone surrogates, single quotes, unquoted names, leading zeros, plus signs.
No comments. Integers beyond 64 bits and numbers beyond a double become text: what they mean is for the field
that they stand in.

It is slow, so the caller bounds the text's length; depth is bounded here. It raises ValueError and nothing else.
"""

from __future__ import annotations

import re
from typing import Any

_TOKEN = re.compile(
    r"[ \t\r\n\f\v\u00a0]*(?:"
    r'(?P<punctuation>[\[\]{},:])|"(?P<double>(?:[^"\\]|\\.)*)"|'
    r"'(?P<single>(?:[^'\\]|\\.)*)'|"
    r"(?P<word>[A-Za-z0-9_+.\-]+)|(?P<end>\Z))",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d{1,19}", re.ASCII)
_SURROGATE = re.compile("[\ud800-\udfff]")
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "none": None, "undefined": None}


class _Reader:
    """One reading of one text: a cursor over tokens."""

    def __init__(self, text: str, max_depth: int) -> None:
        self.text, self.at, self.max_depth = text, 0, max_depth
        self.behind = 0
        self.kind, self.token = "", ""
        self.advance()

    def advance(self) -> None:
        """Look at the next token. `behind` is where the last one ended; what is no token fails when it is wanted."""
        self.behind = self.at
        match = _TOKEN.match(self.text, self.at)
        if match is None or match.lastgroup is None:
            self.kind, self.token = "garbage", self.text[self.at : self.at + 1]
            return
        self.at, self.kind, self.token = match.end(), match.lastgroup, match[match.lastgroup]

    def value(self, depth: int) -> Any:
        if depth > self.max_depth:
            raise ValueError("nested too deeply")
        kind, token = self.kind, self.token
        if kind == "punctuation":
            if token == "[":
                return self.items(depth)
            if token == "{":
                return self.members(depth)
            raise ValueError(f"unexpected {token!r} at {self.at}")
        if kind == "end" or kind == "garbage":
            raise ValueError(f"unexpected {token!r} at {self.at}" if token else "unexpected end")
        self.advance()
        return _word(token) if kind == "word" else _text(token)

    def items(self, depth: int) -> list[Any]:
        found: list[Any] = []
        self.advance()
        while not self.is_at("]"):
            if self.is_at(","):
                self.advance()
                continue
            found.append(self.value(depth + 1))
            if not self.is_at(",") and not self.is_at("]"):
                raise ValueError(f"a comma is missing at {self.at}")
        self.advance()
        return found

    def members(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        self.advance()
        while not self.is_at("}"):
            if self.is_at(","):
                self.advance()
                continue
            if self.kind not in ("double", "single", "word"):
                raise ValueError(f"a name is missing at {self.at}")
            name = self.token if self.kind == "word" else _text(self.token)
            self.advance()
            if not self.is_at(":"):
                raise ValueError(f"a colon is missing at {self.at}")
            self.advance()
            found[name] = None if self.is_at(",") or self.is_at("}") else self.value(depth + 1)
            if not self.is_at(",") and not self.is_at("}"):
                raise ValueError(f"a comma is missing at {self.at}")
        self.advance()
        return found

    def is_at(self, punctuation: str) -> bool:
        return self.kind == "punctuation" and self.token == punctuation


def _text(token: str) -> str:
    if "\\" in token:
        token = _ESCAPE.sub(_unescape, token)
        # A pair of escapes makes one character; a lone half cannot be written as UTF-8 and would break every store.
        token = token.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return _SURROGATE.sub("\ufffd", token)


def _unescape(match: re.Match[str]) -> str:
    said = match[1]
    if len(said) == 5:
        return chr(int(said[1:], 16))
    return _ESCAPES.get(said, said)


def _word(token: str) -> Any:
    lowered = token.lower()
    if lowered in _WORDS:
        return _WORDS[lowered]
    if _NUMBER.fullmatch(token) is None:
        if lowered.lstrip("+-") in ("nan", "inf", "infinity"):
            return token
        raise ValueError(f"unexpected word {token[:20]!r}")
    if _INTEGER.fullmatch(token) is not None and -(2**63) <= int(token) < 2**63:
        return int(token)
    number = float(token)
    return token if number in (float("inf"), float("-inf")) or _is_long_integer(token) else number


def _is_long_integer(token: str) -> bool:
    return token.lstrip("+-").isdecimal()


def read_lenient(text: str, max_depth: int) -> tuple[Any, str]:
    """The value that `text` begins with, and what follows it. Raises ValueError if it cannot be understood."""
    reader = _Reader(text, max_depth)
    if not reader.is_at("["):
        raise ValueError("a frame is a list")
    value = reader.value(1)
    return value, text[reader.behind :]
