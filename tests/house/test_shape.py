"""Files and functions stay small enough to be read at once."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.house.tree import ROOT, python_files

FILE_LINES = 300
FUNCTION_LINES = 40
WRITTEN_REASON = re.compile(r"#.*\blong: \S+")


def long_functions(source: str) -> Iterator[tuple[str, int]]:
    """Name and length of every function over the limit whose `def` line gives no `# long: reason`."""
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES and not WRITTEN_REASON.search(lines[node.lineno - 1]):
                yield node.name, length


def test_no_python_file_is_longer_than_300_lines() -> None:
    lengths = {path: len((ROOT / path).read_bytes().splitlines()) for path in python_files()}
    assert {str(path): length for path, length in lengths.items() if length > FILE_LINES} == {}


def test_no_function_is_longer_than_40_lines_without_a_written_reason() -> None:
    found = [
        f"{path}: {name} has {length} lines"
        for path in python_files()
        for name, length in long_functions((ROOT / path).read_text(encoding="utf-8"))
    ]
    assert found == []


def test_a_written_reason_on_the_def_line_is_the_only_way_out() -> None:
    body = "    pass\n" * FUNCTION_LINES
    assert list(long_functions(f"def f():\n{body}")) == [("f", FUNCTION_LINES + 1)]
    assert list(long_functions(f"async def f():  # long:\n{body}")) == [("f", FUNCTION_LINES + 1)]
    assert list(long_functions(f"def f():  # long: one table, read top to bottom\n{body}")) == []
