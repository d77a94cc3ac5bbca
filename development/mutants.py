# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``make mutants``: whether unit tests fail for what is wrong.

Changes one place of the plugins at a time, in a copy of the repository, and runs the tests that are nearest to it. Half
of the places are in the Python and half in the C#. A change that no test fails for is listed as survived: either it
changes nothing that can be seen, or a test is missing.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.paths import COLLECTIONS, REPOSITORY

COPY = REPOSITORY / "build" / "mutants"

#: Seconds that a test may take. One that hangs has found the mutant, too.
PATIENCE = 120

#: The tests of the files whose path begins so, those that find most first.
TESTS = (
    ("plugins/module_utils/_logon_mode.cs", "unit/logon_mode"),
    ("plugins/module_utils/", "unit/engine unit/matching unit/faults"),
    ("plugins/plugin_utils/_session_report/", "unit/session_report integration/test_session_report.py"),
    (
        "plugins/plugin_utils/_grace/",
        "unit/grace unit/plugins integration/test_grace.py integration/test_at_deadline.py",
    ),
    (
        "plugins/plugin_utils/_launch/",
        "unit/plugins unit/grace integration/test_launch_states.py integration/test_ssh.py",
    ),
    ("plugins/plugin_utils/_logon_mode/", "unit/plugins integration/test_logon_mode.py"),
    ("plugins/plugin_utils/_farm/", "unit/plugins integration/test_output.py integration/test_session_report.py"),
    ("plugins/plugin_utils/", "unit/plugins unit/matching unit/faults unit/grace"),
    ("plugins/action/win_rds_logoff", "unit/plugins unit/faults integration/test_logoff.py"),
    ("plugins/action/win_rds_disconnect", "unit/plugins integration/test_disconnect.py"),
    ("plugins/action/win_rds_message", "unit/plugins integration/test_message.py"),
    ("plugins/action/win_rds_logon_mode", "unit/plugins integration/test_logon_mode.py"),
    ("plugins/action/", "unit/plugins integration/test_session_info.py integration/test_output.py"),
    ("plugins/callback/session_report.py", "unit/session_report integration/test_session_report.py"),
    ("plugins/callback/", "unit/plugins integration/test_output.py integration/test_terminal.py"),
    ("plugins/filter/", "unit/plugins unit/session_report integration/test_maintenance.py"),
    ("plugins/", "unit/plugins integration/test_maintenance.py integration/test_options.py"),
)


@dataclass(frozen=True)
class Mutant:
    """A file of which one place has been changed."""

    path: str
    line: int
    before: str
    after: str
    text: str
    """The whole file."""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.before}  -->  {self.after}"


# ---- Python: expressions are replaced

_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
}


def of_python(path: str, source: str) -> Iterator[Mutant]:
    # Positions in the tree are those of bytes.
    lines = source.encode().splitlines(keepends=True)
    starts = [sum(map(len, lines[:number])) for number in range(len(lines))]
    for node in _expressions(ast.parse(source)):
        begin = starts[node.lineno - 1] + node.col_offset
        end = starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)
        for changed in _changed(node):
            after = f"({ast.unparse(changed)})"
            text = source.encode()[:begin] + after.encode() + source.encode()[end:]
            yield Mutant(path, node.lineno, ast.unparse(node), after, text.decode())


def _expressions(node: ast.AST) -> Iterator[ast.expr]:
    """All expressions in a node, but for types, decorators, and what Python 3.11 does not know the place of."""
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list") or isinstance(node, ast.JoinedStr):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.expr):
                yield child
            if isinstance(child, ast.AST):
                yield from _expressions(child)


def _changed(node: ast.expr) -> Iterator[ast.expr]:
    match node:
        case ast.Compare(left, [operator], right):
            yield from (ast.Compare(left, [other()], right) for other in _COMPARISONS[type(operator)])
        case ast.BoolOp(operator, values):
            yield ast.BoolOp(ast.Or() if isinstance(operator, ast.And) else ast.And(), values)
        case ast.UnaryOp(ast.Not(), operand):
            yield operand
        case ast.BinOp(left, operator, right) if type(operator) in _OPERATORS and not {
            *map(_is_text, (left, right))
        } - {False}:
            yield ast.BinOp(left, _OPERATORS[type(operator)](), right)
        case ast.IfExp(test, then, otherwise):
            yield ast.IfExp(test, otherwise, then)
        case ast.Constant(bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(int(value)):
            yield ast.Constant(value + 1)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


# ---- C#: operators are replaced, as they are written here

_TOKENS = {
    " == ": " != ",
    " != ": " == ",
    " < ": " <= ",
    " <= ": " < ",
    " > ": " >= ",
    " >= ": " > ",
    " && ": " || ",
    " || ": " && ",
    " + ": " - ",
    " - ": " + ",
    "true": "false",
    "false": "true",
    "!": "",
}
_TOKEN = re.compile(r" (?:[=!<>]=|[<>]|&&|\|\||[+-]) |\b(?:true|false)\b|!(?=[\w(])")
#: Texts, their concatenation, attributes and comments.
_NO_CODE = re.compile(r"""(?: \+ )?"(?:\\.|[^"\\])*"(?: \+ )?|^\s*\[.*|//.*""")


def of_csharp(path: str, source: str) -> Iterator[Mutant]:
    lines = source.splitlines(keepends=True)
    for number, line in enumerate(lines):
        code = _NO_CODE.sub(lambda found: "_" * len(found[0]), line.rstrip("\n"))
        for token in _TOKEN.finditer(code):
            changed = line[: token.start()] + _TOKENS[token[0]] + line[token.end() :]
            text = "".join([*lines[:number], changed, *lines[number + 1 :]])
            yield Mutant(path, number + 1, line.strip(), changed.strip(), text)


# ---- the run


def sample(count: int, seed: int, of: str = "") -> list[Mutant]:
    """Return so many mutants, half of them of the Python.

    :param of: how the paths of their files begin.
    """
    python, csharp = _all("*.py", of_python, of), _all("*.cs", of_csharp, of)
    of_one = max(count - len(csharp), count - count // 2)
    chosen = random.Random(seed)
    mutants = chosen.sample(python, min(of_one, len(python)))
    return mutants + chosen.sample(csharp, min(count - len(mutants), len(csharp)))


def _all(pattern: str, mutate: Callable[[str, str], Iterator[Mutant]], of: str) -> list[Mutant]:
    paths = sorted(path for path in (REPOSITORY / "plugins").rglob(pattern) if path.parent.name != "modules")
    names = [(str(path.relative_to(REPOSITORY)), path) for path in paths]
    return [mutant for name, path in names if name.startswith(of) for mutant in mutate(name, path.read_text("utf-8"))]


def copy() -> None:
    """Make a copy of the repository, where a mutant troubles nobody."""
    shutil.rmtree(COPY, ignore_errors=True)
    collections = COPY / COLLECTIONS.relative_to(REPOSITORY) / "ansible_collections"
    collections.mkdir(parents=True)
    listed = ["git", "ls-files", "-coz", "--exclude-standard"]
    for name in subprocess.run(listed, cwd=REPOSITORY, check=True, stdout=subprocess.PIPE).stdout.decode().split("\0"):
        if (REPOSITORY / name).is_file():
            (COPY / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, COPY / name)
    for others in (COLLECTIONS / "ansible_collections").iterdir():
        if others.name != "winops":
            (collections / others.name).symlink_to(others)
    subprocess.run(["make", "--silent", "link"], cwd=COPY, check=True)


def fate(mutant: Mutant) -> str | None:
    """Return which test found it; None if none did."""
    path = COPY / mutant.path
    unchanged = path.read_text("utf-8")
    path.write_text(mutant.text, "utf-8")
    try:
        tests = next(tests for prefix, tests in TESTS if mutant.path.startswith(prefix))
        return next(filter(None, (_failed(f"tests/{name}") for name in tests.split())), None)
    finally:
        path.write_text(unchanged, "utf-8")


def _failed(tests: str) -> str | None:
    pytest = [
        sys.executable,
        "-m",
        "pytest",
        tests,
        "--numprocesses",
        "2",
        "--maxfail",
        "1",
        "--timeout",
        str(PATIENCE),
    ]
    variables = {
        **os.environ,
        "CI": "true",  # the same examples each time
        "PYTHONDONTWRITEBYTECODE": "1",  # a mutant may have the size and the time of the one before
        "SIMULATOR_CACHE": str(COPY / "build" / "simulator"),
    }
    done = subprocess.run(
        [*pytest, "--quiet", "-p", "no:cacheprovider"],
        cwd=COPY, env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    if done.returncode == 0:
        return None
    named = re.search(r"^(?:FAILED|ERROR) (\S+).*", done.stdout, re.MULTILINE)
    hung = ", which did not end" if "Timeout (>" in done.stdout else ""
    return (named[1] if named else f"pytest, with exit code {done.returncode}") + hung


def main() -> None:
    arguments = argparse.ArgumentParser(prog="make mutants")
    arguments.add_argument("count", type=int)
    arguments.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    arguments.add_argument("--of", default="", help="only of the files whose path begins so")
    given = arguments.parse_args()
    print(f"{given.count} mutants, SEED={given.seed}", flush=True)
    copy()
    found: dict[str, list[bool]] = {}
    for mutant in sample(given.count, given.seed, given.of):
        test = fate(mutant)
        found.setdefault(Path(mutant.path).suffix, []).append(test is not None)
        print(f"{mutant}\n    {f'found by {test}' if test else 'SURVIVED'}", flush=True)
    for suffix, results in found.items():
        print(f"*{suffix}: {sum(results)} of {len(results)} were found")


if __name__ == "__main__":
    main()
