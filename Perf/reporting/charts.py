"""The charts as PNG files, for pages that are not ours: light, with labels at the bars."""

import pathlib

from .numbers import factor, in_words, significant
from .results import ENGINES, STOA, geometric_mean, grouped

OWN, LOST, BEST, OTHER, INK, MUTED = "#0b6e6e", "#b4532a", "#6b7280", "#c7ccd1", "#1c1f23", "#6b7280"
# A bar longer than so many times the best peer's is cut, so that the others can be seen.
CUT = 5


def draw(result, folder):
    """Writes the charts and returns their paths."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams.update({"font.size": 9, "text.color": INK, "svg.fonttype": "none"})
    if not result.main:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    drawn = [overview(result, folder / "overview.png")]
    for workload, entries in grouped(result.main, "workload").items():
        first = grouped(entries, "variant")
        variant, chosen = next(iter(first.items()))
        if workload in ("groupby", "tpch", "scan"):
            drawn.append(questions(result, workload, variant, chosen, folder / f"{workload}.png"))
    return drawn


def overview(result, path: pathlib.Path):
    """How many times as fast as each peer Stoa is, a mean for each workload."""
    panels = []
    for workload, entries in grouped(result.main, "workload").items():
        means = {}
        for engine in ENGINES:
            ratios = [times[engine] / times[STOA] for times in map(result.times, entries)
                      if engine in times and STOA in times]
            if engine != STOA and ratios:
                means[engine] = geometric_mean(ratios)
        if means:
            panels.append((workload, means))
    return bars_in_panels(
        path, panels, f"Times as fast as each peer, {in_words(result.size)} rows, {result.threads} threads",
        lambda engine, value, values: OWN if value >= 1 else LOST, lambda value: f"{factor(value)}×",
        limit=lambda values: 10, mark=1.0)


def questions(result, workload, variant, entries, path):
    """The milliseconds of every engine, a panel for each question."""
    panels = [(entry["query"], result.times(entry)) for entry in entries]

    def colour(engine, value, values):
        peers = [ms for name, ms in values.items() if name != STOA]
        return OWN if engine == STOA else BEST if value == min(peers) else OTHER

    title = f"{workload}, {variant}: milliseconds, {in_words(result.size)} rows, {result.threads} threads"
    return bars_in_panels(path, panels, title, colour, significant, limit=longest)


def longest(values):
    peers = [ms for engine, ms in values.items() if engine != STOA]
    return min(max(values.values()), CUT * max(min(peers, default=0), values.get(STOA, 0)))


def bars_in_panels(path, panels, title, colour, label, limit, mark=None):
    from matplotlib import pyplot

    columns = min(3, len(panels))
    lines = -(-len(panels) // columns)
    tallest = max(len(values) for _, values in panels)
    inches = 3.4 * columns, lines * (0.22 * tallest + 0.55) + 0.5
    figure, axes = pyplot.subplots(lines, columns, figsize=inches, squeeze=False, layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")
    for axis in axes.flat[len(panels):]:
        axis.set_visible(False)
    for axis, (name, values) in zip(axes.flat, panels):
        end = limit(values)
        for place, (engine, value) in enumerate(values.items()):
            axis.barh(place, min(value, end), color=colour(engine, value, values), height=0.66)
            if value > end:
                axis.plot([end * 0.93, end * 0.95], [place + 0.5, place - 0.5], color="white", linewidth=2.5)
            axis.text(min(value, end) + end * 0.02, place, label(value), va="center", fontsize=8,
                      color=INK if engine == STOA else MUTED)
        if mark is not None:
            axis.plot([mark, mark], [-0.5, len(values) - 0.5], color=MUTED, linewidth=0.6, linestyle=(0, (2, 2)))
        axis.set_yticks(range(len(values)), [ENGINES[engine] for engine in values])
        axis.set_title(name, loc="left", fontsize=9, fontweight="bold")
        axis.set_xlim(0, end * 1.3)
        axis.set_ylim(tallest - 0.5, -0.5)
        axis.set_xticks([])
        axis.tick_params(length=0)
        axis.spines[:].set_visible(False)
    figure.savefig(path, dpi=150, metadata={"Software": None})
    pyplot.close(figure)
    return path
