# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads a module script that is a doorway: an argument spec, and one call of a static C# method whose answer becomes
part of the result.

The ``mono`` engine cannot run PowerShell. It reads the script with a grammar instead, so that the options, their types
and the method are those of the script that arrived, and refuses a script that does more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import tree_sitter
import tree_sitter_powershell

#: The whole of a doorway after its spec. Anything else is work that only PowerShell can do.
_BODY = re.compile(
    r"\$module = \[Ansible\.Basic\.AnsibleModule\]::Create\(\$args, \$spec\)\s+"
    r"try \{\s*\$module\.Result\.(?P<key>\w+) = \[(?P<type>[\w.]+)\]::(?P<method>\w+)"
    r"\(\$module\.Params, \$module\.CheckMode\)\s*\}\s*"
    r"catch \{\s*\$module\.FailJson\([^\n;]+\)\s*\}\s*"
    r"\$module\.ExitJson\(\)\s*"
)

#: What an argument spec may hold, and each of its options.
_KEYS = {"options", "supports_check_mode", "type", "elements", "required"}


class DoorwayError(ValueError):
    """The script is not a doorway; the message says why."""


class OptionError(ValueError):
    """The options do not fit the argument spec; the words are those of Ansible.Basic."""


@dataclass(frozen=True)
class Doorway:
    """What a doorway says."""

    options: Mapping[str, Mapping[str, Any]]
    """The argument spec's options: name to type, elements, required."""
    supports_check_mode: bool
    result_key: str
    type_name: str
    method: str

    def parameters(self, module_name: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options as Ansible.Basic would hand them on: typed, and null where absent.

        :raises OptionError: an option is unknown, missing or not of its type.
        """
        unknown = sorted(set(given) - set(self.options))
        if unknown:
            raise OptionError(
                f"Unsupported parameters for ({module_name}) module: {', '.join(unknown)}. "
                f"Supported parameters include: {', '.join(sorted(self.options))}"
            )
        missing = sorted(
            name for name, option in self.options.items() if option.get("required") and given.get(name) is None
        )
        if missing:
            raise OptionError(f"missing required arguments: {', '.join(missing)}")
        return {name: _coerced(name, option, given.get(name)) for name, option in self.options.items()}


def read_doorway(script: str) -> Doorway:
    """Read a module script.

    :raises DoorwayError: it does not parse, or is more than a doorway.
    """
    root = _parser().parse(script.encode()).root_node
    if root.has_error:
        raise DoorwayError("the script is not PowerShell")
    parts = [child for child in root.named_children if child.type != "comment"]
    statements = parts[0].named_children if [part.type for part in parts] == ["statement_list"] else []
    match = _BODY.fullmatch("\n".join(map(_text, statements[1:])))
    if match is None or not _text(statements[0]).startswith("$spec = @{"):
        raise DoorwayError("the script does more than to declare its options and to call one C# method")
    spec = _value(_named(_named(statements[0], "assignment_expression"), "pipeline"))
    options = spec.get("options", {})
    unknown = {*spec, *(key for option in options.values() for key in option)} - _KEYS
    if unknown:
        raise DoorwayError(f"the argument spec holds {', '.join(sorted(unknown))}, which is not simulated")
    return Doorway(options, spec.get("supports_check_mode", False), match["key"], match["type"], match["method"])


@cache
def _parser() -> tree_sitter.Parser:
    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))


def _text(node: tree_sitter.Node) -> str:
    return (node.text or b"").decode()


def _descendants(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    for child in node.named_children:
        yield child
        yield from _descendants(child)


def _named(node: tree_sitter.Node, kind: str) -> tree_sitter.Node:
    for child in node.named_children:
        if child.type == kind:
            return child
    raise DoorwayError(f"there is no {kind} in: {_text(node)}")


def _value(node: tree_sitter.Node) -> Any:
    """The literal in an expression: a hash table, a string or a boolean."""
    for child in _descendants(node):
        if _text(child) != _text(node):
            break  # it is part of something that computes
        if child.type == "hash_literal_expression":
            entries = (entry for body in child.named_children for entry in body.named_children)
            return {_text(_named(e, "key_expression")): _value(_named(e, "pipeline")) for e in entries}
        if child.type == "verbatim_string_characters":
            return _text(child)[1:-1]
        if child.type == "variable" and _text(child) in ("$true", "$false"):
            return _text(child) == "$true"
    raise DoorwayError(f"the argument spec holds what is no literal: {_text(node)}")


def _coerced(name: str, option: Mapping[str, Any], value: Any) -> Any:
    if value is None:
        return None
    if option["type"] == "list":
        return [_coerced(name, {"type": option["elements"]}, element) for element in value]
    if option["type"] == "bool":
        if not isinstance(value, bool):
            raise OptionError(
                f"argument for {name} is of type {type(value).__name__} and we were unable to convert to bool"
            )
        return value
    if option["type"] == "str":
        return str(value)
    raise DoorwayError(f"option {name} has type {option['type']!r}, which is not simulated")
