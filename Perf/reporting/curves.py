"""Small curves: how the time per row, and the speed, change with rows and with threads."""

import math
from html import escape

from .numbers import in_words
from .results import ENGINES, STOA, geometric_mean, grouped

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 260, 120, 34, 58, 10, 20
# Per decade of rows the time per row may grow by this factor.
LINEAR = 1.2


def per_row(record):
    return record["median_ms"] * 1e6 / record["rows"] if record.get("rows") else None


def row_scaling(result):
    """[(workload, variant, query, {engine: [(rows, ns per row)]})] of what was measured at several sizes."""
    curves = {}
    for record in result.records:
        cost = per_row(record) if "median_ms" in record and record["threads"] == result.threads else None
        if cost is not None and record["answer_ok"] is not False:
            key = record["workload"], record["variant"], record["query"]
            curves.setdefault(key, {}).setdefault(record["engine"], {})[record["rows"]] = cost
    found = []
    for key, engines in curves.items():
        engines = {engine: sorted(points.items()) for engine, points in engines.items()}
        if len(engines.get(STOA, [])) > 1:
            found.append((*key, engines))
    return found


def bends(points):
    """Decades (from, to, factor) in which the cost per row grows by more than is linear."""
    return [
        (low, high, growth) for (low, cheap), (high, dear) in zip(points, points[1:])
        if (growth := (dear / cheap) ** (1 / math.log10(high / low))) > LINEAR
    ]


def curve(title, engines):
    """Stoa's curve, and that of the peer that is fastest at the most rows, both on logarithmic scales."""
    own = engines[STOA]
    peers = {engine: points for engine, points in engines.items() if engine != STOA and len(points) > 1}
    best = min(peers, key=lambda engine: (-peers[engine][-1][0], peers[engine][-1][1]), default=None)
    lines = [(ENGINES[STOA], "own", own)] + ([(ENGINES[best], "peer", peers[best])] if best else [])
    xs = [x for _, _, points in lines for x, _ in points]
    ys = [y for _, _, points in lines for _, y in points]
    # A factor of four at least, so that noise does not look like growth.
    middle = math.sqrt(min(ys) * max(ys))
    low, high = min(min(ys) / 1.5, middle / 2), max(max(ys) * 1.5, middle * 2)

    def place(x, y):
        right, down = scale(x, min(xs), max(xs)), 1 - scale(y, low, high)
        return LEFT + right * (WIDTH - LEFT - RIGHT), TOP + down * (HEIGHT - TOP - BOTTOM)

    drawn = "".join(line_markup(kind, [place(*point) for point in points]) for _, kind, points in lines)
    ends = label_places([place(*points[-1]) for _, _, points in lines])
    names = "".join(
        f'<text class="{kind}" x="{x + 6:.1f}" y="{y + 3:.1f}">{escape(name.split(",")[0])}</text>'
        for (name, kind, _), (x, y) in zip(lines, ends)
    )
    ticks = "".join(
        f'<text class="tick" text-anchor="middle" x="{place(x, low)[0]:.1f}" y="{HEIGHT - 6}">{power(x)}</text>'
        for x in sorted(set(xs))
    ) + "".join(grid_markup(place(xs[0], y)[1], f"{y:g}") for y in ticks_between(low, high))
    return (
        f'<figure><figcaption>{title}</figcaption><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img">{ticks}{drawn}{names}'
        "</svg></figure>\n"
    )


def grid_markup(down, label):
    return (
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{down:.1f}" y2="{down:.1f}"/>'
        f'<text class="tick" text-anchor="end" x="{LEFT - 4}" y="{down + 3:.1f}">{label}</text>'
    )


def scale(value, low, high):
    return 0.5 if high <= low else math.log(value / low) / math.log(high / low)


def line_markup(kind, points):
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = "".join(f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="2"/>' for x, y in points)
    return f'<polyline class="{kind}" points="{path}"/>{dots}'


def label_places(ends):
    """Moves two labels apart where they would cover each other."""
    if len(ends) == 2 and abs(ends[0][1] - ends[1][1]) < 11:
        middle = (ends[0][1] + ends[1][1]) / 2
        step = 5.5 if ends[0][1] <= ends[1][1] else -5.5
        return [(ends[0][0], middle - step), (ends[1][0], middle + step)]
    return ends


def ticks_between(low, high):
    """Round values within the scale, three at most."""
    values = [m * 10.0**e for e in range(-6, 9) for m in (1, 2, 5) if low <= m * 10.0**e <= high]
    step = max(1, math.ceil(len(values) / 3))
    return values[::step]


def power(rows):
    exponent = math.log10(rows)
    if exponent == int(exponent):
        return f'10<tspan dy="-3" font-size="7">{int(exponent)}</tspan>'
    return in_words(rows)


def thread_scaling(result):
    """[(workload, variant, query, {threads: ms})] of Stoa, at the size where most numbers of threads were measured."""
    times = {}
    for record in result.records:
        if record["engine"] == STOA and "median_ms" in record and record["size"] == result.size:
            key = record["workload"], record["variant"], record["query"]
            times.setdefault(key, {})[record["threads"]] = record["median_ms"]
    return [(*key, dict(sorted(by.items()))) for key, by in times.items() if len(by) > 1]


def thread_summary(result):
    """[(workload, threads, speed against one thread as a geometric mean)]."""
    rows = [dict(workload=w, times=times) for w, _, _, times in thread_scaling(result)]
    found = []
    for workload, entries in grouped(rows, "workload").items():
        for threads in sorted({threads for entry in entries for threads in entry["times"]}):
            gains = [e["times"][min(e["times"])] / e["times"][threads] for e in entries if threads in e["times"]]
            found.append((workload, threads, geometric_mean(gains)))
    return found
