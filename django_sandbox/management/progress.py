"""Shows how far a long command is: a bar on a terminal, plain lines in a pipe."""

from __future__ import annotations

from typing import Any

WIDTH = 30  # characters of the bar


class ProgressDisplay:
    """To be called as ``progress(model label, rows done, rows in all)``.

    :param stream: the command's ``stderr``, so that ``stdout`` holds the result alone.
    """

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.is_terminal = stream.isatty()

    def __call__(self, label: str, done: int, total: int) -> None:
        if not self.is_terminal:
            self._write(f"{label}: {done} of {total} rows\n")
            return
        full = WIDTH * done // total if total else WIDTH
        ending = "\n" if done >= total else ""
        self._write(f"\r{label} [{'#' * full:<{WIDTH}}] {done}/{total}{ending}")

    def _write(self, text: str) -> None:
        self.stream.write(text, style_func=str, ending="")  # not in the red of errors
        self.stream.flush()
