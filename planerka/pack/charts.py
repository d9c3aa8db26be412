"""Charts as Vega-Lite specs and as pictures: SVG for the pack, PNG for the e-mail, both without a browser.

A spec is drawn in the light palette. In the SVG each colour becomes a CSS variable of the page, so that one
drawing serves light, dark and print. Every mark is labelled with a worded value: no axis has to be read.
"""

import json
import re
from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Any

from markupsafe import Markup, escape

from planerka.kpis.kpi import State
from planerka.pack.facts import Figure, PlanFact, ResponseBin, Trend
from planerka.pack.model import Chart
from planerka.pack.wording import Wording

INK, MUTED, FAINT, ACCENT, BAD = "#17222c", "#55636f", "#c3ccd3", "#0f6b7c", "#b3261e"
VARIABLES = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    FAINT: "var(--faint)",
    ACCENT: "var(--accent)",
    BAD: "var(--bad)",
}
# The font that the drawing library brings along, so that labels are measured alike on every machine; the page
# then shows them in its own.
FONT = "Liberation Sans"
WIDTH, LABEL_WIDTH, ROW_HEIGHT = 520, 200, 36
ROOM = 1.25  # of the longest mark: what stands to its right is its label
VEGA_LITE = "6.4"
PNG_SCALE = 2

Spec = dict[str, Any]
CONFIG: Spec = {
    "font": FONT,
    # The drawing as a whole is described by its title; the library's own labels are English.
    "aria": False,
    "view": {"stroke": None},
    "axis": {
        "labelFontSize": 14,
        "labelColor": INK,
        "labelLimit": LABEL_WIDTH,
        "labelPadding": 8,
        "domain": False,
        "ticks": False,
        "grid": False,
    },
    "text": {"fontSize": 14, "color": INK},
}


def chart(values: Sequence[Spec], height: int, *layers: Spec) -> Spec:
    """Every chart is `WIDTH` wide with its labels, so that all are shown at one scale."""
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": WIDTH,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "height": height,
        "padding": 4,
        "background": None,
        "config": CONFIG,
        "data": {"values": list(values)},
        "layer": list(layers),
    }


def rows() -> Spec:
    """The vertical position: one row a label, in the order given."""
    return {"field": "label", "type": "nominal", "sort": None, "title": None}


def across(field: str, full: float) -> Spec:
    """The horizontal position from nothing to `full`, with room for a label after it."""
    return {"field": field, "type": "quantitative", "axis": None, "scale": {"domain": [0, full * ROOM or 1]}}


def steps(wording: Wording, trends: Sequence[Trend]) -> Spec:
    """A bar a step for the week, and a tick for the mean of the four weeks before."""
    values = [step(wording, trend) for trend in trends]
    full = max((value["end"] for value in values), default=0.0)
    return chart(
        values,
        ROW_HEIGHT * len(values),
        {"mark": {"type": "bar", "height": 20, "color": ACCENT}, "encoding": {"y": rows(), "x": across("now", full)}},
        {
            "mark": {"type": "tick", "size": 30, "thickness": 3, "color": INK},
            "encoding": {"y": rows(), "x": across("before", full)},
        },
        {
            "mark": {"type": "text", "align": "left", "dx": 10, "fontWeight": 700},
            "encoding": {"y": rows(), "x": across("end", full), "text": {"field": "text"}},
        },
    )


def step(wording: Wording, trend: Trend) -> Spec:
    now, before = trend.now.value or 0.0, trend.before.value if trend.before else None
    return {
        "label": wording.title(trend.now.kpi),
        "now": now,
        "before": before,
        "end": max(now, before or 0.0),
        "text": wording.figure(trend.now),
    }


def shares(wording: Wording, named: Sequence[tuple[str, Figure]], common: float | None) -> Spec:
    """A dot a share with its interval; red where the whole interval lies above the common share, the dashed line."""
    full = max(figure.high or figure.value or 0 for _label, figure in named)
    values = [
        {
            "label": label,
            "share": figure.value,
            "low": figure.low,
            "high": figure.high,
            "end": full * ROOM,
            "text": wording.figure(figure),
            "colour": BAD if is_above(figure, common) else ACCENT,
        }
        for label, figure in named
    ]
    colour = {"field": "colour", "type": "nominal", "scale": None}
    line = {"mark": {"type": "rule", "strokeDash": [4, 4], "color": MUTED}, "encoding": {"x": across("common", full)}}
    return chart(
        values,
        ROW_HEIGHT * len(values),
        {"data": {"values": [] if common is None else [{"common": common}]}, **line},
        {
            "mark": {"type": "rule", "strokeWidth": 6, "color": FAINT, "strokeCap": "round"},
            "encoding": {"y": rows(), "x": across("low", full), "x2": {"field": "high"}},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 130, "opacity": 1},
            "encoding": {"y": rows(), "x": across("share", full), "color": colour},
        },
        {
            "mark": {"type": "text", "align": "right", "fontWeight": 700},
            "encoding": {"y": rows(), "x": across("end", full), "text": {"field": "text"}},
        },
    )


def is_above(figure: Figure, share: float | None) -> bool:
    """Whether the whole interval of a figure that may be compared lies above a share."""
    return figure.state == State.OK and figure.low is not None and share is not None and figure.low > share


def bins(wording: Wording, labelled: Sequence[tuple[str, ResponseBin]], norm_min: int | None) -> Spec:
    """A column a stretch of waiting; those beyond the norm, the strictest of several, are grey."""
    values = [
        {
            "label": label,
            "leads": bin.leads_n,
            "text": wording.words.number(bin.leads_n),
            "colour": ACCENT if norm_min is None or (bin.up_to_min or norm_min + 1) <= norm_min else FAINT,
        }
        for label, bin in labelled
    ]
    x = {
        "field": "label",
        "type": "nominal",
        "sort": None,
        "title": None,
        "axis": {"labelAngle": 0, "labelFontSize": 12},
    }
    y = {"field": "leads", "type": "quantitative", "axis": None}
    colour = {"field": "colour", "type": "nominal", "scale": None}
    return chart(
        values,
        170,
        {"mark": {"type": "bar", "width": {"band": 0.72}}, "encoding": {"x": x, "y": y, "color": colour}},
        {
            "mark": {"type": "text", "dy": -10, "fontWeight": 700},
            "encoding": {"x": x, "y": y, "text": {"field": "text"}},
        },
    )


def track(wording: Wording, plan: PlanFact) -> Spec:
    """The running total by day as steps; the even pace of the plan as a dashed line, where there is a plan."""
    days_n = (plan.to_on - plan.from_on).days + 1
    x: Spec = {"field": "day", "type": "quantitative", "title": None, "axis": day_axis(wording, plan, days_n)}
    place = {"x": {**x, "scale": {"domain": [0, days_n], "nice": False}}}
    place["y"] = {"field": "total", "type": "quantitative", "axis": None}
    words = {**place, "text": {"field": "text"}}
    steps, pace = {"interpolate": "step-after", "color": ACCENT}, {"data": {"values": even_pace(wording, plan, days_n)}}
    label = {"type": "text", "align": "right", "dy": -14, "fontWeight": 700}
    return chart(
        running_total(wording, plan),
        200,
        {"mark": {"type": "area", "opacity": 0.18, **steps}, "encoding": place},
        {"mark": {"type": "line", "strokeWidth": 3, **steps}, "encoding": place},
        {**pace, "mark": {"type": "line", "color": MUTED, "strokeDash": [5, 5]}, "encoding": place},
        {**pace, "mark": {**label, "color": MUTED}, "encoding": words},
        {"mark": {**label, "color": ACCENT, "align": "left", "dx": 6, "dy": 0}, "encoding": words},
    )


def running_total(wording: Wording, plan: PlanFact) -> list[Spec]:
    """The sum up to the end of each day, from nothing; the last one carries its label."""
    reached, points = 0.0, [{"day": 0, "total": 0.0, "text": ""}]
    for day in plan.days:
        reached += day.value
        points.append({"day": (day.day_on - plan.from_on).days + 1, "total": reached, "text": ""})
    points[-1]["text"] = wording.value(plan.kpi, reached)
    return points


def even_pace(wording: Wording, plan: PlanFact, days_n: int) -> list[Spec]:
    if plan.plan is None:
        return []
    text = wording.words.say("plan: {plan}", plan=wording.value(plan.kpi, plan.plan))
    return [{"day": 0, "total": 0, "text": ""}, {"day": days_n, "total": plan.plan, "text": text}]


def day_axis(wording: Wording, plan: PlanFact, days_n: int) -> Spec:
    """The first, middle and last day by name."""
    named = {
        day: wording.words.short_day(plan.from_on + timedelta(days=max(day - 1, 0))) for day in (0, days_n // 2, days_n)
    }
    return {
        "values": list(named),
        "labelExpr": f"{json.dumps({str(day): name for day, name in named.items()})}[datum.value]",
    }


def svg(chart: Chart) -> Markup:
    """The chart as an SVG element in the colours of the page, with its title and what it shows in words."""
    drawn = drawing(json.dumps(chart.spec))
    box = re.search(r'viewBox="[^"]+"', drawn)
    opening = (
        f'<svg {box[0] if box else ""} role="img" aria-labelledby="chart-{chart.key} chart-{chart.key}-text">'
        f'<title id="chart-{chart.key}">{escape(chart.title)}</title>'
        f'<desc id="chart-{chart.key}-text">{escape(chart.summary)}</desc>'
    )
    return Markup(opening + drawn[drawn.index(">") + 1 :])


@lru_cache(maxsize=64)
def drawing(spec: str) -> str:
    """The SVG of a spec in JSON. The page that is written is also attached to the mails: its charts are drawn once."""
    import vl_convert

    drawn: str = vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE)
    # The library gives roles to groups and marks; inside a picture that is described as a whole they mislead.
    drawn = re.sub(r' (?:role|aria-[a-z]+)="[^"]*"', "", drawn)
    for colour, variable in VARIABLES.items():
        drawn = drawn.replace(colour, variable)
    return drawn


def png(chart: Chart) -> bytes:
    """The chart as a picture on white, twice its size for sharp screens."""
    import vl_convert

    picture: bytes = vl_convert.vegalite_to_png(
        {**chart.spec, "background": "#ffffff", "padding": 8}, vl_version=VEGA_LITE, scale=PNG_SCALE
    )
    return picture
