"""The report of a result file: what was read, what is said about it, and how it is drawn."""
