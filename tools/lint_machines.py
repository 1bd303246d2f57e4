"""Lints state machine definitions as CloudFormation will make them: every `${...}` given by the template.

Usage: lint_machines.py TEMPLATE DEFINITION...
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from statelint.config import Config
from statelint.linter import Linter

# A substitution stands for an ARN, or for a part of one.
SAMPLE_ARN = "arn:aws:lambda:us-east-1:111122223333:function:sample"
SAMPLE_PART = "aws"


def substituted(definition: str) -> str:
    """The definition with a sample for each substitution."""
    return re.sub(r"\$\{(\w+)\}", lambda found: SAMPLE_ARN if found[1].endswith("Arn") else SAMPLE_PART, definition)


def problems(template: str, path: Path) -> list[str]:
    """What is wrong with one definition."""
    definition = path.read_text()
    if path.name not in template:
        return [f"{path}: no state machine of the template uses it"]
    unnamed = [
        f"{path}: ${{{name}}} is not among the template's DefinitionSubstitutions"
        for name in sorted(set(re.findall(r"\$\{(\w+)\}", definition)))
        if not re.search(rf"^ +{name}: ", template, re.MULTILINE)
    ]
    config = Config(evaluate_jsonata=True)
    return unnamed + [f"{path}: {problem}" for problem in Linter.validate(substituted(definition), config)]


def main(template: str, paths: list[str]) -> int:
    """0 when there is nothing to say."""
    found = [problem for path in paths for problem in problems(Path(template).read_text(), Path(path))]
    for problem in found:
        print(problem, file=sys.stderr)
    print(f"{len(paths)} state machines linted, {len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], sys.argv[2:]))
