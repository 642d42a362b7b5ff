"""Which shell commands check something, and what their output says."""

import pytest

from claude_metrics.activity.verification import check_of, result_of

PYTEST = "..F.\n=== short test summary info ===\nFAILED test_a.py::test_b - boom\n==== 1 failed, 3 passed in 0.12s ===="


@pytest.mark.parametrize(
    "command",
    [
        "grep -rn pytest setup.cfg",
        "pip install pytest ruff",
        "git commit -m 'run pytest'",
        "echo make it so",
        "cat Makefile",
        "pytest --version",
        "ruff format .",
        "black src",
        "npm install jest",
        "cd tests && ls",
        "cat <<EOF > notes\npytest\nEOF",
        "vim tox.ini",
        "",
    ],
)
def test_these_check_nothing(command: str) -> None:
    assert check_of(command) is None


@pytest.mark.parametrize(
    ("command", "check"),
    [
        ("pytest", "tests: pytest"),
        ("python3 -m pytest -q tests_missing", "tests: pytest"),
        ("cd app && CI=1 timeout 60 uv run pytest -x | tail -5", "tests: pytest"),
        (".venv/bin/python -m unittest discover", "tests: unittest"),
        ("npm run test -- --watch=false", "tests: npm run test"),
        ("npx tsc --noEmit", "types: tsc"),
        ("go vet ./... ; go test ./...", "lint, tests: go vet, go test"),
        ("ruff check . && mypy && pytest", "lint, types, tests: ruff, mypy, pytest"),
        ("ruff format --check .", "lint: ruff"),
        ("black --check src", "lint: black"),
        ("cargo test --workspace 2>&1 | tail -20", "tests: cargo test"),
        ("make", "build: make"),
        ("make -j4 test", "tests: make test"),
        ("docker build -t app .", "build: docker build"),
        ("./gradlew test", "tests: gradlew test"),
    ],
)
def test_these_check_something(command: str, check: str) -> None:
    assert check_of(command) == check


@pytest.mark.parametrize(
    ("output", "success", "result"),
    [
        (PYTEST, False, (False, "1 failed, 3 passed")),
        (PYTEST, True, (False, "1 failed, 3 passed")),
        ("\x1b[32m\x1b[1m12 passed\x1b[0m, 2 skipped in 1s", True, (True, "12 passed, 2 skipped")),
        ("Tests:       1 failed, 3 passed, 4 total\nTime: 3 s", False, (False, "1 failed, 3 passed")),
        ("test result: ok. 12 passed; 0 failed; 0 ignored", True, (True, "0 failed, 12 passed")),
        ("Ran 5 tests in 0.001s\n\nFAILED (failures=2, errors=1)", False, (False, "2 failed, 1 error")),
        ("Found 3 errors.", False, (False, "3 errors")),
        ("Success: no issues found in 3 source files", True, (True, None)),
        ("✖ 3 problems (2 errors, 1 warning)", False, (False, "2 errors")),
        ("Exit code 1\npython3: No module named pytest", False, (False, None)),
        ("Command running in background with ID: 1", True, (None, None)),
        ("", True, (True, None)),
    ],
)
def test_the_result_is_the_exit_unless_the_counts_know_better(
    output: str, success: bool, result: tuple[bool | None, str | None]
) -> None:
    assert result_of(output, success) == result


@pytest.mark.parametrize(
    "hostile", ["pytest " + "'" * 5000, "pytest " + "(" * 5000, "&" * 9000 + "pytest", "make\x00\x01" * 900]
)
def test_any_text_is_read_in_time(hostile: str) -> None:
    check_of(hostile)
    result_of(hostile * 20, True)
