"""Coverage-guided fuzzing, for those who have hours: `pip install atheris` (Linux, CPython up to its newest release's),

    python -m tests.fuzz.readers claude [-max_total_time=600] [CORPUS_FOLDER]
    python -m tests.fuzz.payload

It ends at the first exception with the input that caused it in a file `crash-...`. Not part of `make test`, which
has the tables and properties of `tests/test_hostile_*.py` instead: atheris does not install everywhere.
"""
