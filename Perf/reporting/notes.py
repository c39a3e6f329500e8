"""Why Stoa loses, in the words of those who looked: `Perf/notes.md`.

A section of that file starts with a line `## WORKLOAD [QUERY [VARIANT]]`; query and variant may be patterns with `*`.
The paragraphs below it are the reason. The most exact heading that fits a measurement is shown beside it.
"""

import fnmatch


class Notes:
    def __init__(self, text=""):
        self.sections = []
        for part in ("\n" + text).split("\n## ")[1:]:
            heading, _, body = part.partition("\n")
            patterns = (heading.split(" ", 2) + ["*", "*"])[:3]
            self.sections.append((patterns, " ".join(body.split())))

    @staticmethod
    def read(path):
        return Notes(path.read_text(encoding="utf-8")) if path.exists() else Notes()

    def of(self, entry):
        """The reason for a comparison, None where nobody has written one."""
        names = entry["workload"], entry["query"], entry["variant"]
        fitting = [
            (sum(pattern != "*" for pattern in patterns), body) for patterns, body in self.sections
            if all(fnmatch.fnmatchcase(name, pattern) for name, pattern in zip(names, patterns))
        ]
        return max(fitting, default=(0, None), key=lambda found: found[0])[1]
