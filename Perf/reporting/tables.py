"""Tables whose numbers stand with their decimal points below each other."""

from dataclasses import dataclass
from html import escape


@dataclass
class Number:
    """A number as text; `style` is a class of the style sheet."""

    text: str
    style: str = ""


@dataclass
class Html:
    """A cell that is markup already."""

    text: str
    style: str = ""


def table(headings, rows):
    """Cells are Number, Html, text or None; columns without any cell are left out.

    Headings are text, or (text, class); the class "wide" is for columns that narrow screens leave out.
    """
    headings = [heading if isinstance(heading, tuple) else (heading, "") for heading in headings]
    used = [at for at in range(len(headings)) if any(row[at] is not None for row in rows)]
    headings, rows = [headings[at] for at in used], [[row[at] for at in used] for row in rows]
    rooms = [fraction_room(cells) for cells in zip(*rows)]
    numeric = [any(isinstance(cell, Number) for cell in cells) for cells in zip(*rows)]
    head = "".join(
        f'<th scope="col" class="{"n " if is_number else ""}{kind}">{escape(text)}</th>'
        for (text, kind), is_number in zip(headings, numeric)
    )
    kinds = [kind for _, kind in headings]
    lines = ("".join(map(cell_markup, row, rooms, kinds)) for row in rows)
    body = "".join(f"<tr>{line}</tr>\n" for line in lines)
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody></table></div>\n'
    )


def fraction_room(cells):
    """Characters behind the whole digits that the widest number of a column needs."""
    texts = [cell.text for cell in cells if isinstance(cell, Number)]
    return max((len(text) - len(text.partition(".")[0]) for text in texts), default=0)


def cell_markup(cell, room, kind):
    if cell is None:
        return f'<td class="{kind}"></td>'
    if isinstance(cell, Html):
        return f'<td class="{cell.style} {kind}">{cell.text}</td>'
    if isinstance(cell, str):
        return f'<td class="{kind}">{escape(cell)}</td>'
    whole, point, fraction = cell.text.partition(".")
    padded = f'<span class="f" style="width:{room}ch">{point}{escape(fraction)}</span>' if room else ""
    return f'<td class="n {cell.style} {kind}">{escape(whole)}{padded}</td>'
