"""Numbers for people."""


def significant(value, digits=3):
    """A number as text with so many digits that matter, no exponent: 0.0123, 1.23, 12.3, 1,230."""
    if value == 0:
        return "0"
    rounded = f"{value:.{digits - 1}e}"
    exponent = int(rounded.partition("e")[2])
    return f"{float(rounded):,.{max(0, digits - 1 - exponent)}f}"


def factor(value):
    """How many times as fast: 12.3, 1.23, 0.87."""
    return significant(value) if value >= 1 else f"{value:.2f}"


def in_words(value):
    """A number of rows: 10 million for 1e7."""
    for unit, name in ((10**9, "billion"), (10**6, "million"), (10**3, "thousand")):
        if value >= unit:
            return f"{value / unit:.4g} {name}"
    return str(value)
