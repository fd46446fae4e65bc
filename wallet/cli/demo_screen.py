"""What the demo shows, and how it looks."""

from __future__ import annotations

import contextlib
import io
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from wallet.cli.http_api import Json

Say = Callable[[str], None]
_PIPED_WIDTH: Final = 140
"""Columns when nobody tells how wide the terminal is."""


class Screen:
    """A story told on a terminal; silent when a program listens."""

    def __init__(self, *, is_quiet: bool) -> None:
        self._is_quiet = is_quiet
        is_piped = not sys.stdout.isatty()
        self._console = Console(quiet=is_quiet, highlight=False, width=_PIPED_WIDTH if is_piped else None)

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[Say]:
        """Show that something is being done, and how long it took."""
        started = time.monotonic()
        with self._console.status(f"{title} …") as status:
            yield lambda part: status.update(f"{title} … [dim]{part}[/]")
        self._console.print(f"[green]✓[/] {title} [dim]{time.monotonic() - started:.1f} s[/]")

    @contextlib.contextmanager
    def progress(self, title: str, total: int) -> Iterator[Callable[[int], None]]:
        """Show how much of a known amount is done."""
        columns = (TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._console, disable=self._is_quiet) as progress:
            task = progress.add_task(title, total=total)
            yield lambda done: progress.update(task, completed=done)

    def heading(self, text: str) -> None:
        """Start a new part."""
        self._console.print(f"\n[bold]{text}[/]")

    def outcome(self, report: Json) -> None:
        """Show what became of the file: how many settled, and each rejected payment with its reason."""
        statuses = Counter(line["status"] for line in report["payments"])
        self.heading(f"{statuses['ACSC']} settled and final, {statuses['RJCT']} rejected")
        table = _table("payment", "reason", "because")
        rejected = (line for line in report["payments"] if line["status"] == "RJCT")
        for line in sorted(rejected, key=lambda line: (line["reason"], line["position"])):
            table.add_row(line["end_to_end_id"], line["reason"], line["detail"])
        self._console.print(table)
        self._console.print("[dim]  The pain.002 report says the same of every payment.[/]")

    def balances(self, rows: list[Json]) -> None:
        """Show the balances, as the ledger has them."""
        self.heading(f"Balances at block {rows[0]['height']}")
        table = _table("bank", "account", "name", "balance", "", "entries")
        for column in (3, 5):
            table.columns[column].justify = "right"
        for row in rows:
            table.add_row(
                row["participant"], row["iban"], row["name"], row["total"], row["currency"], str(row["entries"])
            )
        self._console.print(table)

    def trail(self, payment: Json, trail: Json) -> None:
        """Show the life of one payment."""
        self.heading(f"Audit trail of {payment['uetr']}: {payment['amount']} {payment['currency']}")
        table = _table("at", "status", "by", "block", "")
        for event in trail["items"]:
            block = "" if event["block_height"] is None else str(event["block_height"])
            table.add_row(event["at"], event["status"], event["actor"], block, event["detail"] or "")
        self._console.print(table)

    def run_verifier(self, verify: Callable[[], int]) -> int:
        """Run the verifier and let its words through, unless a program listens."""
        if not self._is_quiet:
            return verify()
        with contextlib.redirect_stdout(io.StringIO()):
            return verify()

    def farewell(self, data: Path, result: Json) -> None:
        """Say how fast it was, and how to look further."""
        self.heading(
            f"{result['payments']} payments, {result['payments_per_s']} settled per second from upload to final; "
            f"{result['seconds']} s in all"
        )
        tokens, network = f"{data}/api/tokens", result["network"]
        lines = (
            f"vostro up --data {data} --port 8080",
            f'curl -H "Authorization: Bearer $(cat {tokens}/{result["bic"]}.token)" '
            "'http://127.0.0.1:8080/v1/payments?status=RJCT'",
            "http://127.0.0.1:8080/docs",
            f"vostro verify {result['statement']} --validators {','.join(network['validators'])} "
            f"--chain-id {network['chain_id']} --ledger {network['ledger']}",
        )
        self._console.print("Look further (vostro is .venv/bin/vostro):")
        for line in lines:
            self._console.print(f"  {line}", soft_wrap=True, markup=False)


def _table(*columns: str) -> Table:
    table = Table(box=None, header_style="dim")
    for name in columns:
        table.add_column(name, no_wrap=name != "because")
    return table
