from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from forecasting.batch.config import Config, load_config
from forecasting.errors import InvalidConfiguration

GOOD = """
seed = 1
last_month = "drop"
archive = "archive.db"
[input]
csv = "counts.csv"
[[models]]
name = "auto"
"""


def load(folder: Path, text: str | bytes) -> Config:
    file = folder / "batch.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_config(file)


def problems(folder: Path, text: str | bytes) -> dict[str, str]:
    """Return the message of each key that is wrong."""
    with pytest.raises(InvalidConfiguration) as caught:
        load(folder, text)
    return {problem.column: problem.message for problem in caught.value.problems}


def test_defaults(tmp_path: Path) -> None:
    config = load(tmp_path, GOOD)
    assert (config.horizon, config.workers, config.origins, config.as_of) == (12, 1, 1, None)
    assert config.levels == (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
    assert config.place("counts.csv") == tmp_path / "counts.csv"
    assert config.address(config.archive) == str(tmp_path / "archive.db")
    assert config.address("sqlite:///a/b.db") == f"sqlite:///{tmp_path}/a/b.db"
    assert config.address("postgresql://h/d") == "postgresql://h/d"


def test_the_example_is_valid() -> None:
    file = resources.files("forecasting.batch").joinpath("example.toml")
    with resources.as_file(file) as path:
        assert load_config(path).input.csv == "shipped"


def test_everything_in_the_example_can_be_uncommented(tmp_path: Path) -> None:
    text = resources.files("forecasting.batch").joinpath("example.toml").read_text(encoding="utf-8")
    lines = [line.removeprefix("# ") if " = " in line or line.startswith("# [") else line for line in text.splitlines()]
    kept = [line for line in lines if not line.startswith(("facts", "parquet", "sql", 'csv = "shipped"'))]
    config = load(tmp_path, "\n".join(kept))
    assert [one.label for one in config.specifications] == [
        *("auto", "SeasonalNaive"),
        *("CountRegression", "level without season", "SARIMA"),
    ]
    assert config.input.columns.covariates == ("price",)


def test_all_errors_at_once(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """
        sed = 1
        horizon = "12"
        workers = "dask:/x"
        intervals = [0.9, 1.2]
        as_of = 2023-12-05T10:00:00
        last_month = "guess"
        archive = 12
        [input]
        csv = "a.csv"
        facts = "shipped"
        [input.columns]
        yy = "count"
        exposure = "y"
        [[models]]
        name = "SARIMA"
        oder = [1, 2, 3]
        transform = 3
        [[models]]
        name = "SARIMA"
        [[models]]
        name = "DynamicLevl"
        [[models]]
        name = "CountRegression"
        terms = ["Intercept", { name = "Step", month = "nope" }]
        distribution = "Poissn"
        """,
    )
    expected = {
        "sed": "did you mean seed",
        "seed": "is missing; for example seed = ",
        "horizon": "'12' is wrong: input should be a valid integer",
        "workers": "dask://host:port",
        "intervals[2]": "less than 1",
        "as_of": "for example as_of = 2023-12-05",
        "last_month": "'drop' or 'use'",
        "archive": "valid string",
        "input": "exactly one of csv, parquet, sql, facts",
        "input.columns.yy": "did you mean y?",
        "input.columns": "'y' is used twice",
        "models": "'SARIMA' is there twice",
        "models[1]": "has no parameter 'oder'; did you mean 'order'? -- SARIMA: transform=3 must be",
        "models[3]": "'DynamicLevl' is not a model; use one of Auto, ",
        "models[4]": "'nope' is not a month",
    }
    assert set(found) == set(expected)
    for key, words in expected.items():
        assert words in found[key], key
    assert "'Poissn' is no distribution" in found["models[4]"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"\xff\xfe", "not UTF-8"),
        ("seed = ", "no valid TOML"),
        (".".join("a" * 9000) + " = 1", "a key of more than 100 parts"),
        (" . ".join("a" * 9000) + " = 1", "a key of more than 100 parts"),
        ("seed = 1\nseed = 2", "no valid TOML"),
        ("a = " + "[" * 100_000, "nested too deep"),
        ("seed = " + "9" * 10_000, "too long"),
        ("#" * 1_000_001, "larger than a megabyte"),
        ("a = \x00", "no valid TOML"),
    ],
)
def test_hostile_files(tmp_path: Path, text: str | bytes, words: str) -> None:
    (message,) = problems(tmp_path, text).values()
    assert words in message


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("seed = -1", "seed"),
        ("seed = true", "seed"),
        ("horizon = 1e9", "horizon"),
        ("horizon = 100000", "horizon"),
        ("quantiles = [nan]", "quantiles[1]"),
        ("quantiles = [0.1, 0.1]", "quantiles"),
        ("workers = true", "workers"),
        ("workers = 0", "workers"),
        ("as_of = 1", "as_of"),
        ("paths = 201", "paths"),
        ("job_timeout = 0", "job_timeout"),
        ('job_timeout = 5\nworkers = "dask://host:8786"', "job_timeout"),
        ('report = "a\\u001b[2J"', "report"),
        ('home = "/"', "home"),
        ('models = "auto"', "models"),
        ("models = []", "models"),
        ("input = 3", "input"),
        ("[[models]]\nname = 1", "models[1].name"),
        ('[[models]]\nname = "auto"\nlabel = ""', "models[1].label"),
        ('[[models]]\nname = "__init__"', "models[1]"),
        ('[[models]]\nname = "Model"', "models[1]"),
    ],
)
def test_values_out_of_range(tmp_path: Path, line: str, key: str) -> None:
    assert key in problems(tmp_path, line)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfiguration, match=r"forecasting batch init absent\.toml"):
        load_config(tmp_path / "absent.toml")


def test_secrets_are_neither_shown_nor_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUNTS", "postgresql://cron:hunter2@host/counts")
    text = GOOD.replace('"archive.db"', '"postgresql://cron:hunter2@host/db?password=hunter2"').replace(
        'csv = "counts.csv"', 'sql = { address = "${COUNTS}", query = "SELECT 1" }'
    )
    config = load(tmp_path, text)
    assert "hunter2" not in str(config.public)
    assert "${COUNTS}" in str(config.public)
    assert config.address("${COUNTS}").endswith("hunter2@host/counts")
    wrong = problems(tmp_path, text.replace("seed = 1", "") + '\n[[models]]\nname = "x"\n')
    assert "hunter2" not in str(wrong)
    assert "hunter2" not in str(problems(tmp_path, GOOD.replace('"archive.db"', '["x:hunter2@"]')))


def test_the_digest_does_not_know_the_password(tmp_path: Path) -> None:
    first, second, third = (
        load(tmp_path, GOOD.replace("archive.db", f"postgresql://{who}@host/db")).digest
        for who in ("cron:one", "cron:two", "other:one")
    )
    assert first == second != third
