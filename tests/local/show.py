"""What a person sees while something takes its time: live on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


class Stages:
    """A progress bar of things to be seen, one after the other."""

    def __init__(self, show: Show, bar: Progress | None, total: int) -> None:
        self._show = show
        self._bar = bar
        self._task = bar.add_task("", total=total) if bar else None

    def waiting(self, what: str) -> None:
        """Says what is waited for."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, description=f"waiting {escape(what)}")

    def done(self, what: str) -> None:
        """Says what was seen."""
        self._show.step(what)
        if self._bar is not None and self._task is not None:
            self._bar.advance(self._task)


class Show:
    """Lines with the time at which each was written, since the start."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, soft_wrap=True)
        self._began = time.monotonic()

    def step(self, what: str) -> None:
        """Something that has happened."""
        self.console.print(f"[dim]{self._clock()}[/dim]  [green]✓[/green] {escape(what)}")

    def failed(self, what: str) -> None:
        """Why it ends here."""
        self.console.print(f"[dim]{self._clock()}[/dim]  [red]✗ {escape(what)}[/red]")

    @contextmanager
    def busy(self, what: str, done: str) -> Iterator[None]:
        """Something that takes its time and has no stages to show."""
        if self.console.is_terminal:
            with self._bars(BarColumn(pulse_style="cyan", bar_width=24)) as bar:
                bar.add_task(escape(what), total=None)
                yield
        else:
            self.console.print(f"{self._clock()}  … {escape(what)}")
            yield
        self.step(done)

    @contextmanager
    def progress(self, total: int) -> Iterator[Stages]:
        """Something of `total` stages."""
        if self.console.is_terminal:
            with self._bars(BarColumn(bar_width=24)) as bar:
                yield Stages(self, bar, total)
        else:
            yield Stages(self, None, total)

    def _bars(self, bar: BarColumn) -> Progress:
        text = TextColumn("{task.description}")
        return Progress(SpinnerColumn(), bar, TimeElapsedColumn(), text, console=self.console, transient=True)

    def _clock(self) -> str:
        return f"{time.monotonic() - self._began:5.1f} s"
