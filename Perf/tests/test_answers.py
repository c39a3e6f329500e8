"""A wrong answer is found, whatever is wrong with it; a right one passes."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from suite.answers import difference
from suite.workloads import Query

QUERY = Query("q", "sums", "key, sum")


def answer(rows=2, key=None, value=None):
    text = {"sum": 10, "nulls": 0, "nans": 0, "min": "id001", "max": "id002"}
    number = {"sum": 4.0, "nulls": 0, "nans": 0, "min": 1.0, "max": 3.0}
    return {"rows": rows, "columns": [text | (key or {}), number | (value or {})]}


class AnswerTests(unittest.TestCase):
    def test_equal(self):
        self.assertIsNone(difference(QUERY, answer(), answer()))
        self.assertIsNone(difference(QUERY, answer(value={"sum": 4.0 + 3e-9}), answer()))

    def test_each_difference_is_found(self):
        for key, value in (
            ({"sum": 11}, None), ({"min": "id000"}, None), ({"max": "id003"}, None), ({"nulls": 1}, None),
            (None, {"sum": 4.00001}), (None, {"min": 0.99}), (None, {"max": 3.01}), (None, {"nulls": 1}),
            (None, {"nans": 1}), (None, {"min": None}), (None, {"max": "inf"}), (None, {"sum": "nan"}),
        ):
            with self.subTest(key=key, value=value):
                self.assertIsNotNone(difference(QUERY, answer(key=key, value=value), answer()))
                self.assertIsNotNone(difference(QUERY, answer(), answer(key=key, value=value)))
        self.assertIn("3 rows", difference(QUERY, answer(rows=3), answer()))
        self.assertIn("1 columns", difference(QUERY, {"rows": 2, "columns": answer()["columns"][:1]}, answer()))

    def test_small_values_beside_large_ones(self):
        """The smallest of large numbers may be off by what the large ones round to, not by more."""
        large = {"sum": 1e9, "min": 1e-3, "max": 1e9}
        self.assertIsNone(difference(QUERY, answer(value=large | {"min": 1.1e-3}), answer(value=large)))
        self.assertIsNotNone(difference(QUERY, answer(value=large | {"min": 9.0}), answer(value=large)))

    def test_decimals(self):
        exact = {"sum": "10.04", "min": "1.01", "max": "9.03"}
        self.assertIsNone(difference(QUERY, answer(value=exact), answer(value=exact)))
        self.assertIsNotNone(difference(QUERY, answer(value=exact | {"sum": "10.05"}), answer(value=exact)))
        # As floats: off by the rounding to two digits at most, in the sum by that of each row.
        self.assertIsNone(difference(
            QUERY, answer(value=exact), answer(value={"sum": 10.0451, "min": 1.0149, "max": 9.031})))
        self.assertIsNotNone(difference(QUERY, answer(value=exact), answer(value=exact | {"min": 1.016})))
        self.assertIsNotNone(difference(QUERY, answer(value=exact), answer(value=exact | {"sum": 10.051})))

    def test_documented_differences_only_where_they_are_documented(self):
        zeros, nulls = {"min": 0.0, "nulls": 0}, {"min": 1.0, "nulls": 1}
        empty_sum = Query("q", "sums", "key, sum", empty_sum=True)
        self.assertIsNone(difference(empty_sum, answer(value=zeros), answer(value=nulls)))
        self.assertIsNotNone(difference(empty_sum, answer(value=zeros | {"sum": 5.0}), answer(value=nulls)))
        self.assertIsNotNone(difference(QUERY, answer(value=zeros), answer(value=nulls)))
        undefined = Query("q", "deviations", "key, sd", undefined=True)
        self.assertIsNone(difference(undefined, answer(value={"nans": 1}), answer(value={"nulls": 1})))
        self.assertIsNotNone(difference(undefined, answer(value={"nans": 2}), answer(value={"nulls": 1})))


if __name__ == "__main__":
    unittest.main()
