"""Bars: one card per question, one bar per engine, labelled where they are."""

from html import escape

from .numbers import significant
from .results import ENGINES, STOA

# A bar longer than this many times Stoa's is cut, and marked as cut.
CUT = 12


def cards(result, entries, means):
    return '<div class="cards">\n' + "".join(card(result, entry, means) for entry in entries) + "</div>\n"


def card(result, entry, means):
    """The times of all engines for one question."""
    times = result.times(entry)
    own = times.get(STOA, entry["stoa_ms"])
    longest = min(max(times.values(), default=own), CUT * own)
    best = min((ms for engine, ms in times.items() if engine != STOA), default=None)
    kinds = {engine: "own" if engine == STOA else "best" if ms == best else "" for engine, ms in times.items()}
    bars = "".join(bar(ENGINES[engine], ms, longest, kinds[engine]) for engine, ms in times.items())
    meaning = means.get(entry["query"], "")
    return f'<figure><figcaption><b>{escape(entry["query"])}</b> {escape(meaning)}</figcaption>\n{bars}</figure>\n'


def bar(name, ms, longest, kind):
    share = min(1.0, ms / longest) * 100
    cut = " cut" if ms > longest else ""
    return (
        f'<div class="bar {kind}"><span class="who">{escape(name)}</span><span class="track">'
        f'<span class="fill{cut}" style="width:{share:.2f}%"></span></span>'
        f'<span class="ms">{significant(ms)}</span></div>\n'
    )
