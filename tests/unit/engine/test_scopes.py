# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A name in the C# means one thing in a block, as Windows' C# 5 compiler demands (CS0135, CS0136).

Mono's compiler lets more pass.

C# Language Specification 5.0: 3.7 on scopes, 7.6.2.1 "Invariant meaning in blocks". It is asked for a little more here:
in a whole method, and for a loop's variable in the loop's head, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.csharp import FILES

_TOKEN = re.compile(
    r"""(?P<nothing>//[^\n]*|^[ \t]*\#[^\n]*)|@"(?:[^"]|"")*"|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|=>|\w+|\S""",
    re.MULTILINE,
)
#: Words before a name that are not its type.
_NO_TYPES = {"as", "case", "else", "goto", "in", "is", "new", "out", "ref", "return", "throw"}
_TYPES = {"class", "struct", "enum", "interface"}
_HEADS = {"catch", "for", "foreach", "using"}


class Declared(NamedTuple):
    """A parameter or a local, and the tokens for which its name means it."""

    name: str
    scope: range


class Source:
    """The tokens of a source, and which bracket closes which."""

    def __init__(self, text: str) -> None:
        self.tokens = [found[0] for found in _TOKEN.finditer(text) if not found["nothing"]]
        self.match: dict[int, int] = {}
        self.block: list[int] = []
        """For each token the innermost brace that is open."""
        brackets: list[int] = []
        for i, token in enumerate(self.tokens):
            self.block.append(next((b for b in reversed(brackets) if self.tokens[b] == "{"), -1))
            if token in "([{":
                brackets.append(i)
            elif token in ")]}":
                self.match[i] = brackets.pop()
                self.match[self.match[i]] = i

    def doubles(self) -> Iterator[str]:
        """The names that mean two things in a member of a class."""
        for i, token in enumerate(self.tokens):
            if token in ("class", "struct"):
                members = [*self.members(self.tokens.index("{", i))]
                names = {name for name, _ in members}
                for name, span in members:
                    yield from (f"{self.tokens[i + 1]}.{name}: {double}" for double in self.doubles_in(span, names))

    def doubles_in(self, span: range, members: set[str]) -> set[str]:
        declared = [*self.parameters(span), *self.locals(span)]
        doubles = {
            one.name
            for one, other in combinations(declared, 2)
            if one.name == other.name and one.scope.start < other.scope.stop and other.scope.start < one.scope.stop
        }
        for name in {one.name for one in declared} & members:
            scopes = [one.scope for one in declared if one.name == name]
            if any(not any(i in scope for scope in scopes) for i in self.uses(span, name)):
                doubles.add(name)
        return doubles

    def members(self, brace: int) -> Iterator[tuple[str, range]]:
        """Name and tokens of each field, property and method of a class."""
        begin = i = brace + 1
        name = ""
        while i < self.match[brace]:
            token = self.tokens[i]
            if not name and token in "(={;":
                name = self.tokens[self.before_generic(i - 1)]
                has_value = token == "="
            if token == "[" and i == begin:
                begin = self.match[i] + 1  # an attribute
            if token == ";" or (token == "{" and not has_value):
                end = self.match[i] if token == "{" else i
                if _TYPES.isdisjoint(self.tokens[begin:i]):
                    yield name, range(begin, end + 1)
                begin, name, i = end + 1, "", end
            i = self.match[i] + 1 if self.tokens[i] in "([{" else i + 1

    def parameters(self, span: range) -> Iterator[Declared]:
        brace = next((i for i in span if self.tokens[i] == "{"), span.stop)
        bracket = next((i for i in span if self.tokens[i] in "(={"), span.stop)
        if bracket < brace and self.tokens[bracket] == "(":
            for i in range(bracket, self.match[bracket]):
                if self.tokens[i + 1] in (",", ")", "=") and self.tokens[i].isidentifier():
                    yield Declared(self.tokens[i], range(bracket, span.stop))

    def locals(self, span: range) -> Iterator[Declared]:
        """The locals, and the parameters of lambdas."""
        for i in span[:-1]:
            token, following = self.tokens[i], self.tokens[i + 1]
            if following == "=>":
                names = [token] if token != ")" else self.tokens[self.match[i] + 1 : i]
                scope = range(self.match[i] if token == ")" else i, self.end_of_lambda(i + 2))
                yield from (Declared(name, scope) for name in names if name.isidentifier())
            elif token.isidentifier() and following in ("=", ";", ",", "in", ")"):
                begin = self.begin_of_type(i - 1)
                if begin is not None and (scope_ := self.scope_of_local(begin)) is not None:
                    yield Declared(token, scope_)
                    yield from (Declared(name, scope_) for name in self.further_declarators(i + 1))

    def begin_of_type(self, end: int) -> int | None:
        """Where a type begins that ends here; None: there is none."""
        if self.tokens[end] == "]":
            end = self.match[end] - 1
        if self.tokens[end] == "?":
            end -= 1
        begin = self.before_generic(end)
        if not self.tokens[begin].isidentifier() or self.tokens[begin] in _NO_TYPES:
            return None
        while self.tokens[begin - 1] == ".":
            begin -= 2
        return begin

    def scope_of_local(self, begin: int) -> range | None:
        """Of a declaration that begins here; None: it is none."""
        before = begin - 1 - (self.tokens[begin - 1] == "const")
        if self.tokens[before] == "(" and self.tokens[before - 1] in _HEADS:
            return range(before, self.end_of_statement(self.match[before] + 1))
        if self.tokens[before] in "{};":
            return range(self.block[begin], self.match[self.block[begin]])
        return None

    def further_declarators(self, i: int) -> Iterator[str]:
        while self.tokens[i] not in (";", ")", "in"):
            if self.tokens[i] == ",":
                yield self.tokens[i + 1]
            i = self.match[i] + 1 if self.tokens[i] in "([{" else i + 1

    def uses(self, span: range, name: str) -> Iterator[int]:
        """Where a name stands for itself: not after a dot, and not for a member in an initializer."""
        for i in span:
            if self.tokens[i] == name and self.tokens[i - 1] != ".":
                brace = self.block[i]
                end = self.match[brace - 1] - 1 if self.tokens[brace - 1] == ")" else brace - 1
                begin = self.begin_of_type(end)
                is_initializer = begin is not None and self.tokens[begin - 1] == "new"
                if not (is_initializer and self.tokens[i - 1] in "{," and self.tokens[i + 1] == "="):
                    yield i

    def before_generic(self, i: int) -> int:
        """The token before ``<…>``, if that ends here."""
        if self.tokens[i] == ">":
            depth, begin = 1, i
            while depth:
                begin -= 1
                if not (self.tokens[begin].isidentifier() or self.tokens[begin] in "<>,.?[]"):
                    return i  # "is greater than"
                depth += (self.tokens[begin] == ">") - (self.tokens[begin] == "<")
            return begin - 1
        return i

    def end_of_lambda(self, i: int) -> int:
        while self.tokens[i] not in (",", ";", ")", "]", "}"):
            if self.tokens[i] == "{":
                return self.match[i] + 1
            i = self.match[i] + 1 if self.tokens[i] in "([" else i + 1
        return i

    def end_of_statement(self, i: int) -> int:
        while self.tokens[i] not in ("{", ";"):
            i = self.match[i] + 1 if self.tokens[i] in "([" else i + 1
        return self.match[i] + 1 if self.tokens[i] == "{" else i + 1


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_name_means_one_thing(file: Path) -> None:
    assert [*Source(file.read_text(encoding="utf-8")).doubles()] == []


@pytest.mark.parametrize(
    ("body", "doubles"),
    [
        # A local, or a parameter of a lambda, and a member.
        ("void M() { F(seen); { int seen = 1; F(seen); } }", {"seen"}),
        ("void M() { seen = 1; F(seen => seen + 1); }", {"seen"}),
        ("void M() { F(seen => seen + 1); F((a, seen) => seen + a); F(this.seen); }", set()),
        ("void M() { F(M(), new Other { seen = 2 }); foreach (int seen in F()) F(seen); }", set()),
        ("void M() { F(new Other { A = seen }); foreach (int seen in F()) F(seen); }", {"seen"}),
        ("int M(int seen) { this.seen = seen; return seen; }", set()),
        ("int P { get { int seen = this.seen; return seen; } }", set()),
        # Two locals of which one's scope holds the other's.
        ("void M(int a) { F(a => 1); }", {"a"}),
        ("void M() { List<string>[] a = F(b => b); if (b()) { int? c = 1, d; F(d => c); } }", {"d"}),
        ("void M() { F(a => { int b = a; return b; }); Int32 b; }", {"b"}),
        ("void M() { foreach (string a in F(a => a)) F(); }", {"a"}),
        ("void M() { try { } catch (Exception a) { F(a => a); } }", {"a"}),
        ("void M() { foreach (string a in F()) F(a); F(a => a); for (int a = 0; a < 1; a++) { } }", set()),
        ('void M() { if (F()) { int a = 1; } else { int a = 2; } string b = "{ int a;"; // int b\n }', set()),
    ],
    ids=str,
)
def test_two_meanings_would_be_seen(body: str, doubles: set[str]) -> None:
    text = f"class C {{ private readonly List<int> seen = new List<int> {{ 1 }}; [A(1)] int other; {body} }}"
    assert {double.rpartition(" ")[2] for double in Source(text).doubles()} == doubles
