"""Tables of figures by project, channel or person: what no figure of a column has is left out and said once."""

from collections.abc import Sequence

from planerka.pack.facts import Figure, Scope, State, Trend, Unit
from planerka.pack.model import Block, Cell, Column, Pair, Quiet, Row, Table, Tone
from planerka.pack.wording import Wording, bar


def scope_table(wording: Wording, key: str, caption: str, head: str, scopes: Sequence[Scope]) -> Table | Quiet | None:
    """One row a scope, one column a KPI in the order of the first row; None without rows."""
    if not scopes:
        return None
    kpis = list(dict.fromkeys(trend.now.kpi for scope in scopes for trend in scope.trends))
    lost = {kpi: figure for kpi in kpis if (figure := lost_figure(scopes, kpi))}
    shown = [kpi for kpi in kpis if kpi not in lost]
    if not shown:
        return Quiet(text=f"{caption}: {lost_note(wording, lost)}")
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
        note=lost_note(wording, lost),
    )


def lost_figure(scopes: Sequence[Scope], kpi: str) -> Figure | None:
    """A figure of a KPI that no scope can compute; None where some can."""
    figures = [trend.now for scope in scopes if (trend := scope.trend(kpi))]
    return figures[0] if all(figure.state == State.NOT_COMPUTABLE for figure in figures) else None


def lost_note(wording: Wording, lost: dict[str, Figure]) -> str:
    return "; ".join(lost_line(wording, figure) for figure in lost.values())


def lost_line(wording: Wording, figure: Figure) -> str:
    return f"{wording.title(figure.kpi)} — {wording.figure(figure)}, {wording.missing(figure.missing)}"


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


def pooled(figures: Sequence[Figure]) -> float | None:
    """The share of all scopes together; None without a denominator."""
    counted = [f for f in figures if f.numerator_n is not None and f.denominator_n]
    denominator_n = sum(f.denominator_n or 0 for f in counted)
    return sum(f.numerator_n or 0 for f in counted) / denominator_n if denominator_n else None


def beside(*blocks: Block | None) -> Block | None:
    """Blocks side by side; a single one alone, and None where there is none."""
    shown = tuple(block for block in blocks if block is not None)
    return Pair(columns=tuple((block,) for block in shown)) if len(shown) > 1 else next(iter(shown), None)
