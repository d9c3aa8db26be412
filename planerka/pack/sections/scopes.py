"""Tables of figures by project, channel or person: what no figure of a column has is left out and said once."""

from collections.abc import Collection, Sequence

from planerka.kpis.kpi import State
from planerka.pack.facts import Figure, PackFacts, Scope, Trend
from planerka.pack.model import Block, Cell, Column, Pair, Quiet, Row, Table, Tone
from planerka.pack.wording import Wording, bar
from planerka.rulebook.kpis import Unit


def scope_table(
    wording: Wording, key: str, caption: str, head: str, scopes: Sequence[Scope], said: Collection[str] = ()
) -> Table | Quiet | None:
    """One row a scope, one column a KPI in the order of the first row; None where the source names no scope.

    `said`: KPIs whose absence stands above the table already.
    """
    if not any(scope.title for scope in scopes):
        return None
    kpis = list(dict.fromkeys(trend.now.kpi for scope in scopes for trend in scope.trends))
    lost = {kpi: figure for kpi in kpis if (figure := lost_figure(scopes, kpi))}
    shown = [kpi for kpi in kpis if kpi not in lost]
    note = "; ".join(lost_line(wording, figure) for kpi, figure in lost.items() if kpi not in said)
    if not shown:
        return Quiet(text=f"{caption}: {note}") if note else None
    return Table(
        key=key,
        caption=caption,
        columns=(Column(title=head, is_number=False), *(Column(title=wording.title(kpi)) for kpi in shown)),
        rows=tuple(
            Row(
                head=Cell(text=wording.scope(scope.title)),
                cells=tuple(trend_cell(wording, scope.trend(kpi)) for kpi in shown),
            )
            for scope in scopes
        ),
        note=note,
    )


def lost_figure(scopes: Sequence[Scope], kpi: str) -> Figure | None:
    """A figure of a KPI that has a value in no scope, for lack of fields or of leads; None where some have one."""
    figures = [trend.now for scope in scopes if (trend := scope.trend(kpi))]
    is_lost = all(figure.state in (State.NOT_COMPUTABLE, State.NOT_ENOUGH) for figure in figures)
    return max(figures, key=lambda figure: len(figure.missing)) if is_lost else None


def lost_line(wording: Wording, figure: Figure) -> str:
    why = wording.lacking(figure) if figure.missing else ""
    return f"{wording.title(figure.kpi)} — {', '.join(filter(None, (wording.figure(figure), why)))}"


def share_bar(wording: Wording, figure: Figure) -> str | None:
    """The bar of a share; counts get none, for they have no whole to be compared with."""
    is_share = wording.definition(figure.kpi).unit == Unit.SHARE
    return bar(figure.value, 1.0) if is_share and figure.is_shown else None


def trend_cell(wording: Wording, trend: Trend | None) -> Cell:
    """Value, n and interval, and the change where it is beyond noise: noise is not worth the ink in a wide table."""
    if trend is None:
        return Cell(text="—", tone=Tone.MUTED)
    cell = wording.cell(trend.now, share_bar(wording, trend.now))
    if trend.change is None or trend.change.is_noise is not False or not trend.now.is_shown:
        return cell
    change = wording.change(trend)
    note = " · ".join(filter(None, (cell.note, f"{change.text}, {change.note}")))
    return Cell(text=cell.text, note=note, tone=change.tone, bar=cell.bar)


def count(wording: Wording, n: int | None) -> Cell:
    return Cell(text="—", tone=Tone.MUTED) if n is None else Cell(text=wording.words.number(n))


def part(wording: Wording, n: int | None, of_n: int) -> Cell:
    """A count with its share of the whole."""
    if n is None:
        return count(wording, n)
    return Cell(text=wording.words.number(n), note=wording.words.percent(n / of_n), bar=bar(n, of_n))


def money(wording: Wording, amount_minor: int | None) -> str:
    if amount_minor is None:
        return wording.words.say("not computable")
    return wording.words.money(amount_minor, wording.currency)


def data_until(wording: Wording, facts: PackFacts) -> str:
    """The instant of the tables that show how things stand now and not how the week was."""
    return wording.words.instant(min(source.data_until for source in facts.header.sources), wording.zone)


def other_days(wording: Wording, facts: PackFacts, figure: Figure) -> str:
    """The days of a figure; empty where they are those of the week."""
    is_of_week = (figure.from_on, figure.to_on) == (facts.header.from_on, facts.header.to_on)
    return "" if is_of_week else wording.stretch(figure)


def pooled(figures: Sequence[Figure]) -> float | None:
    """The share of all scopes together; None without a denominator."""
    counted = [f for f in figures if f.numerator_n is not None and f.denominator_n]
    denominator_n = sum(f.denominator_n or 0 for f in counted)
    return sum(f.numerator_n or 0 for f in counted) / denominator_n if denominator_n else None


def beside(*blocks: Block | None) -> Block | None:
    """Blocks side by side; a single one alone, and None where there is none."""
    shown = tuple(block for block in blocks if block is not None)
    return Pair(columns=tuple((block,) for block in shown)) if len(shown) > 1 else next(iter(shown), None)
