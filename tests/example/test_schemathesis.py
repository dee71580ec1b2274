"""Schemathesis against the running example: no fault, no answer that the schema does not tell.

``tox run -e schemathesis`` has it; where it is not installed these are skipped.
"""

from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.example.test_example import database, run  # noqa: F401
from tests.postgres.services import missing

FUZZ = Path(__file__).parent / "fuzz.py"


@pytest.mark.parametrize("mode", ["test", "live"])
def test_no_fault_and_no_answer_against_the_schema(mode, database):  # noqa: F811
    if find_spec("schemathesis") is None:
        missing("schemathesis", "it is not installed")

    done = run(FUZZ, mode, database=database)

    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    for phase in ("Coverage", "Fuzzing", "Stateful"):
        assert f"✅ {phase}" in done.stdout
