# Copyright (c) 2026 winops.rds contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A report as files on the controller."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from .page import Head, page
from .sheet import COLUMNS, sheet
from .view import View

DEFAULT_IDLE_LIMIT = "2h"


def head_of(title: str, facts: Sequence[tuple[str, str]] = ()) -> Head:
    """Return the head of a report that is made here and now."""
    return Head(title, socket.gethostname(), datetime.now().astimezone(), facts)


def report_path(text: str) -> Path:
    """Return where a report is to be written: a path in which ``%Y-%m-%d`` and the like stand for now.

    :raises ValueError: it is not the name of a page, or there is no such folder.
    """
    path = Path(datetime.now().strftime(text)).expanduser()
    if path.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"{text!r} is not the name of a page: let it end in .html. The CSV is written beside it")
    if not path.parent.is_dir():
        raise ValueError(f"{text!r}: there is no folder {path.parent.absolute()}")
    return path


def write_report(path: Path, shown: View, head: Head, *, idle_limit: float, masked: bool) -> list[Path]:
    """Write a report as an HTML page, and its sessions as CSV beside it. Return the paths of both.

    :param path: of the page.
    :raises OSError: a file could not be written. None is there in part.
    """
    csv = path.with_suffix(".csv")
    _refuse_another_sheet(csv)
    _write(path, page(shown, head, idle_limit=idle_limit, masked=masked))
    _write(csv, sheet(shown, masked=masked))
    return [path, csv]


def _refuse_another_sheet(csv: Path) -> None:
    """Only the page is named by whoever wants a report, so that a sheet beside it may be anybody's.

    :raises OSError: there is one, and it is not of an earlier report.
    """
    try:
        with csv.open(encoding="utf-8-sig", errors="replace") as file:
            header = file.readline()
    except FileNotFoundError:
        return
    if header.rstrip("\r\n") != ",".join(f'"{column}"' for column in COLUMNS):
        raise FileExistsError(f"{csv} is there, and is no sheet of a report: give the page another name")


def _write(path: Path, text: str) -> None:
    # Readable by its owner alone, because it says who works when, and from where.
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink()
        raise
