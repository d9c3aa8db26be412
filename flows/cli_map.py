"""`planerka map …`: from the files of an export to a mapping that fits them, before anything is stored."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from flows.cli_json import AsJson, print_json

if TYPE_CHECKING:
    from planerka.crm.drafting.draft import Draft
    from planerka.preview.tables import Table

WIDTH_N = 100


class DraftUnlessNamed(TyperGroup):
    """`planerka map leads.csv` is `planerka map draft leads.csv`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        is_named = not args or args[0] in self.commands or args[0] == "--help"
        return super().parse_args(ctx, args if is_named else ["draft", *args])


map_app = typer.Typer(
    cls=DraftUnlessNamed, help="Your own export: draft its mapping, and see what it makes.", no_args_is_help=True
)


@map_app.command()
def draft(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE…", help="The files of one export: leads, deals, calls …")
    ] = None,
    table: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A table or view of PLANERKA_SOURCE__DATABASE; once for each."),
    ] = None,
    out: Annotated[Path, typer.Option(help="The mapping to write; no other file is overwritten.")] = Path(
        "mapping.yaml"
    ),
) -> None:
    """Look at files of an export or tables of a database and write a mapping to correct; `map FILE…` is the same."""
    from flows.cli_setup import STARTER, is_copy
    from flows.preview import rules_of
    from planerka.errors import UsageError
    from planerka.files import write_atomically
    from planerka.preview.drafting import drafted
    from planerka.sections import revealed
    from planerka.settings import load_settings

    if not files and not table:
        raise UsageError("nothing to look at: name the files of an export, or tables of a database by --table")
    if out.exists() and not is_copy(out, STARTER / "mapping.yaml"):
        raise UsageError(f"{out} is there already, and may be corrected by hand: name another file by --out")
    settings = load_settings()
    time_zone = settings.time_zone if "time_zone" in settings.model_fields_set else None
    database = revealed(settings.source.database)
    found = drafted(files or [], out, time_zone, *rules_of(settings), tables=table or [], database=database)
    write_atomically(out, found.text.encode())
    print_draft(found, out)


@map_app.command()
def check(
    mapping: Annotated[
        Path | None, typer.Argument(help="The mapping; that of the settings, or mapping.yaml, by default.")
    ] = None,
    folder: Annotated[Path | None, typer.Option(help="Where its files are; as the mapping says by default.")] = None,
    page: Annotated[Path | None, typer.Option(metavar="FILE.html", help="Write a page of it too.")] = None,
    as_json: AsJson = False,
) -> None:
    """Read the whole export as a pull would, store nothing, and say what came out."""
    from flows.preview import preview, tables_in, write_page

    seen = preview(mapping, folder)
    if page:
        write_page(seen, page)
    if as_json:
        print_json({"preview": seen.found, "costs": seen.costs("en")})
    else:
        title, tables = tables_in(seen, "en")
        print_tables(tables)
        print(f"{title}.")
    if not seen.found.gate.is_open:
        raise typer.Exit(3)


def print_draft(draft: "Draft", out: Path) -> None:
    for path, fate in draft.fates.items():
        print(f"  {path.name}: {fate}")
    print(f"{out} is written, with {draft.guesses_n} guesses, each marked with a question mark. Correct it.")
    if draft.blanks:
        print(f"Fill in first, or it cannot be read: {', '.join(dict.fromkeys(draft.blanks))}.")
    print(f"Then: planerka map check {out}")


def print_tables(tables: "tuple[Table, ...]") -> None:
    """Tables that fit a terminal of WIDTH_N columns."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table as Grid

    console = Console(width=WIDTH_N, highlight=False)
    for table in tables:
        console.print(f"[bold]{escape(table.title)}[/bold]")
        if table.lead:
            console.print(escape(table.lead))
        grid = Grid(box=SIMPLE_HEAD)
        for head, is_number in zip(table.heads, table.numbers, strict=True):
            grid.add_column(
                escape(head),
                justify="right" if is_number else "left",
                no_wrap=is_number,
                overflow="fold",  # not cut: the number of a row stands at the end of a file's name
            )
        for row in table.rows:
            grid.add_row(*map(escape, row))
        console.print(grid)
