"""The benchmark suite: what is measured, on which data, by which engines, and how the numbers are taken."""
