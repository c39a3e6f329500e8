#!/usr/bin/env python3
"""Makes the report of a result file: Perf/report.html, which needs nothing beside itself, and charts in Perf/charts.

    .deps/venv/bin/python Perf/report.py [RESULT.json] [--out FOLDER]

Without a name the newest result under Perf/results is taken. Earlier results of the same machine, beside it, show what
changed. Why a target is missed is written by people, in Perf/notes.md.
"""

import argparse
import pathlib
import sys

PERF = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(PERF))

from reporting import charts, page
from reporting.notes import Notes
from reporting.results import Result, newest


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("result", nargs="?", type=pathlib.Path, help="a file under Perf/results; the newest else")
    parser.add_argument("--out", type=pathlib.Path, default=PERF, help="where report.html and charts/ go")
    options = parser.parse_args()
    path = options.result or newest(PERF / "results")
    if path is None:
        sys.exit(f"there is no result under {PERF / 'results'}: run 'make perf' first")
    result = Result.read(path)
    text = page.render(result, result.before(), Notes.read(PERF / "notes.md"))
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "report.html").write_text(text, encoding="utf-8")
    drawn = charts.draw(result, options.out / "charts")
    print(f"written: {options.out / 'report.html'} and {len(drawn)} charts from {path.name}")


if __name__ == "__main__":
    main()
