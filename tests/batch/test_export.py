from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.batch.archive import Archive
from forecasting.batch.export import Selection, export, nixtla_frame, write_hub, write_table
from forecasting.batch.export.hubverse import abbreviation
from forecasting.batch.export.spreadsheet import escaped
from forecasting.errors import ForecastingError, InvalidInput
from tests.batch import issues

FORMULA = '=HYPERLINK("http://x","y")'
NAMES = ("requests", FORMULA, "'quoted", 'a,b\n"c"')
MODELS = ("auto", "-1+1")


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive.open(str(tmp_path / "archive.sqlite")) as opened:
        run = opened.begin(issues.run())
        for k, name in enumerate(NAMES):
            data = issues.vintage(name, add=k)
            opened.store(run, [data], [issues.record(data, model, level=15.0 + 5 * k) for model in MODELS])
        yield opened


@pytest.fixture
def everything(archive: Archive) -> Selection:
    return Selection.of(archive)


def record(selection: Selection, name: str, model: str) -> object:
    return next(selection.where(unique_id=name, model=model).records())


def unescaped(text: str) -> str:
    return text.removeprefix("'")


def read_csv(path: Path) -> pd.DataFrame:
    """Read a CSV file the way its rule says."""
    frame = pd.read_csv(path, keep_default_na=False, na_values=["NA"])
    frame = frame.rename(columns=unescaped)
    for name in frame.select_dtypes(["object", "string"]):
        frame[name] = frame[name].map(unescaped, na_action="ignore")
    return frame


@given(st.text(max_size=8))
def test_every_text_comes_back_and_none_is_a_formula(text: str) -> None:
    written = escaped(text)
    assert unescaped(written) == text
    assert not written.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


def test_nixtla_frame_holds_means_and_intervals(everything: Selection) -> None:
    frame = nixtla_frame(everything)
    levels = ["90", "95", "80", "50"]
    expected = [f"{m}{end}" for m in MODELS for end in ("", *(f"-{e}-{x}" for x in levels for e in ("lo", "hi")))]
    assert set(frame.columns) == {"unique_id", "ds", *expected}
    assert len(frame) == 3 * len(NAMES)
    made = record(everything, "requests", "auto")
    mine = frame[frame["unique_id"] == "requests"]
    assert mine["ds"].tolist() == list(pd.to_datetime(["2024-01-01", "2024-02-01", "2024-03-01"]))
    assert mine["auto"].to_numpy() == pytest.approx(made.mean)
    assert mine["auto-lo-90"].tolist() == made.quantiles[1].tolist()
    assert mine["auto-hi-90"].tolist() == made.quantiles[-2].tolist()
    for low, high in (("auto-lo-95", "auto-lo-50"), ("auto-lo-50", "auto-hi-50"), ("auto-hi-50", "auto-hi-95")):
        assert (frame[low] <= frame[high]).all()


def test_nixtla_csv_is_safe_and_comes_back(everything: Selection, tmp_path: Path) -> None:
    (path,) = export(everything, "nixtla", tmp_path / "wide.csv")
    raw = pd.read_csv(path)
    assert not any(str(cell).startswith(("=", "+", "-", "@")) for cell in [*raw.columns, *raw["unique_id"]])
    back = read_csv(path)
    assert set(back["unique_id"]) == set(NAMES)
    frame = nixtla_frame(everything)
    assert list(back.columns) == list(frame.columns)
    assert back.drop(columns=["unique_id", "ds"]).to_numpy() == pytest.approx(
        frame.drop(columns=["unique_id", "ds"]).to_numpy()
    )


def test_a_model_that_has_no_forecast_of_a_series_is_missing_there(archive: Archive, tmp_path: Path) -> None:
    data = issues.vintage("lonely")
    archive.store(archive.begin(issues.run()), [data], [issues.record(data, "auto")])
    frame = nixtla_frame(Selection.of(archive))
    lonely = frame[frame["unique_id"] == "lonely"]
    assert lonely["-1+1"].isna().all()
    assert lonely["auto"].notna().all()
    (path,) = export(Selection.of(archive), "nixtla", tmp_path / "wide.csv")
    assert ",NA," in path.read_text(encoding="utf-8")


def test_several_origins_have_a_cutoff(archive: Archive) -> None:
    earlier = issues.vintage("requests", months=23)
    made = issues.record(earlier)
    shifted = issues.moved(made, "2023-11", earlier)
    archive.store(archive.begin(issues.run()), [earlier], [shifted])
    assert "cutoff" not in nixtla_frame(Selection.of(archive, series="requests"))
    frame = nixtla_frame(Selection.of(archive, series="requests", origin="all"))
    assert sorted(frame["cutoff"].dt.strftime("%Y-%m").unique()) == ["2023-11", "2023-12"]
    assert len(frame) == 6


def test_the_last_issue_of_an_origin_is_exported(archive: Archive) -> None:
    revised = issues.vintage("requests", add=5)
    archive.store(archive.begin(issues.run()), [revised], [issues.record(revised, level=99.0)])
    (made,) = Selection.of(archive, series="requests", model="auto").records()
    assert made.key.vintage == revised.digest


def test_names_of_models_that_would_collide_are_refused(archive: Archive) -> None:
    data = issues.vintage("requests")
    archive.store(archive.begin(issues.run()), [data], [issues.record(data, "auto-lo-90")])
    with pytest.raises(InvalidInput, match="two columns 'auto-lo-90'"):
        nixtla_frame(Selection.of(archive))


def test_paths_come_back_from_parquet(everything: Selection, tmp_path: Path) -> None:
    (path,) = export(everything, "paths", tmp_path / "paths.parquet")
    frame = pd.read_parquet(path)
    assert list(frame.columns) == ["unique_id", "model", "cutoff", "ds", "sample_id", "y"]
    for (name, model), part in frame.groupby(["unique_id", "model"]):
        paths = part.pivot(index="sample_id", columns="ds", values="y").to_numpy()
        assert np.array_equal(paths, record(everything, name, model).paths)
    assert set(frame["unique_id"]) == set(NAMES)


# The documented rules of hubs (user guide: model output, sample output type), checked as a hub would

TASKS = ["origin_date", "target", "horizon", "target_end_date", "location"]


def check_hub_file(frame: pd.DataFrame) -> None:
    assert list(frame.columns) == [*TASKS, "output_type", "output_type_id", "value"]
    assert not frame.isna().any().any()
    assert not frame.duplicated([*TASKS, "output_type", "output_type_id"]).any()
    assert set(frame["output_type"]) <= {"quantile", "sample"}
    assert frame["origin_date"].nunique() == 1
    origin = pd.Period(frame["origin_date"].iloc[0], "M")
    for row in frame[["horizon", "target_end_date"]].drop_duplicates().itertuples(index=False):
        assert pd.Period(row.target_end_date, "M") - origin == row.horizon * pd.offsets.MonthEnd()
        assert pd.Timestamp(row.target_end_date).is_month_end
    assert (frame["value"] >= 0).all()
    assert (frame["value"] == frame["value"].round()).all()

    quantiles = frame[frame["output_type"] == "quantile"].assign(
        level=lambda rows: rows["output_type_id"].astype(float)
    )
    for _, rows in quantiles.groupby(TASKS):
        assert rows["level"].between(0.0, 1.0, inclusive="neither").all()
        assert (np.diff(rows["level"]) > 0).all()
        assert (np.diff(rows["value"]) >= 0).all()

    samples = frame[frame["output_type"] == "sample"].assign(number=lambda rows: rows["output_type_id"].astype(int))
    assert (samples["number"] >= 1).all()
    # A number belongs to one compound task (origin, target, location) and has each of its horizons once.
    assert (samples.groupby("number")["location"].nunique() == 1).all()
    assert (samples.groupby("number")["horizon"].agg(list).map(sorted).map(tuple).nunique()) <= 1
    assert samples.groupby([*TASKS]).size().nunique() <= 1


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_hub_has_its_folders_names_and_rules(everything: Selection, tmp_path: Path, suffix: str) -> None:
    files = write_hub(everything, tmp_path / "hub", suffix=suffix, team="desk")
    assert len(files) == len(MODELS)
    for path, model in zip(sorted(files), sorted(MODELS, key=abbreviation), strict=True):
        model_id = path.parent.name
        assert path.parent.parent == tmp_path / "hub" / "model-output"
        assert re.fullmatch(r"desk-[A-Za-z0-9_]{1,16}", model_id)
        assert path.name == f"2023-12-31-{model_id}{suffix}"
        frame = read_csv(path) if suffix == ".csv" else pd.read_parquet(path)
        check_hub_file(frame)
        assert set(frame["location"]) == set(NAMES)
        assert frame["output_type"].value_counts().to_dict() == {"quantile": 4 * 3 * 9, "sample": 4 * 3 * 200}
        made = record(everything, FORMULA, model)
        mine = frame[(frame["location"] == FORMULA) & (frame["horizon"] == 2)]
        assert mine.loc[mine["output_type"] == "sample", "value"].tolist() == made.paths[:, 1].tolist()
        assert mine.loc[mine["output_type"] == "quantile", "value"].tolist() == made.quantiles[:, 1].tolist()


def test_one_model_may_go_to_one_file(everything: Selection, tmp_path: Path) -> None:
    one = everything.where(model="auto")
    assert export(one, "hubverse", tmp_path / "one.parquet", types=("quantile",)) == [tmp_path / "one.parquet"]
    frame = pd.read_parquet(tmp_path / "one.parquet")
    check_hub_file(frame)
    assert set(frame["output_type"]) == {"quantile"}
    with pytest.raises(InvalidInput, match="there are 2: give a folder, or choose a model"):
        export(everything, "hubverse", tmp_path / "two.csv")


@pytest.mark.parametrize("name", ["../../etc/passwd", "a" * 300, "-", "\U0001f680", "a-b", "con.x"])
def test_names_of_files_are_never_those_of_models(name: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_]{1,16}", abbreviation(name))
    assert abbreviation(name) != abbreviation(name + "x")


def test_requests_that_cannot_be_met(everything: Selection, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"must end in \.csv or \.parquet"):
        export(everything, "nixtla", tmp_path / "wide.xlsx")
    with pytest.raises(InvalidInput, match="there is no folder"):
        export(everything, "paths", tmp_path / "none" / "paths.parquet")
    with pytest.raises(InvalidInput, match="there is no format"):
        export(everything, "excel", tmp_path / "wide.csv")  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="team="):
        write_hub(everything, tmp_path / "hub", team="../x")
    with pytest.raises(InvalidInput, match="nothing to export"):
        Selection.of(everything.archive, series="unknown")
    assert sorted(path.name for path in tmp_path.iterdir() if "archive" not in path.name) == []


def test_a_file_appears_only_when_it_is_whole(
    everything: Selection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from forecasting.batch import export as room

    def broken(selection: Selection) -> Iterator[pd.DataFrame]:
        yield from list(path_parts(selection))[:1]
        raise RuntimeError("killed")

    path_parts = room.path_parts
    monkeypatch.setattr(room, "path_parts", broken)
    (tmp_path / "paths.parquet").write_bytes(b"the old one")
    with pytest.raises(RuntimeError, match="killed"):
        export(everything, "paths", tmp_path / "paths.parquet")
    assert (tmp_path / "paths.parquet").read_bytes() == b"the old one"
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("name", ["paths.csv", "paths.parquet"])
def test_a_full_disk_is_an_error_and_leaves_what_was_there(tmp_path: Path, name: str) -> None:
    resource = pytest.importorskip("resource", reason="there are no limits to file sizes on this system")
    (tmp_path / name).write_bytes(b"the old one")
    large = pd.DataFrame({"y": np.random.default_rng(1).integers(0, 2**60, 10_000)})
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(ForecastingError, match="was not written"):
            write_table([large], tmp_path / name)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (tmp_path / name).read_bytes() == b"the old one"
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_hub_needs_a_folder(everything: Selection, tmp_path: Path) -> None:
    (tmp_path / "hub").write_text("a file")
    with pytest.raises(InvalidInput, match="cannot be made"):
        write_hub(everything, tmp_path / "hub")


def test_old_forecasts_do_not_pass_for_new_ones(archive: Archive) -> None:
    data = issues.vintage("old", 23)
    record = issues.moved(issues.renamed(issues.record(data), data), "2023-11", data)
    archive.store(archive.begin(issues.run()), [data], [record])
    newest = Selection.of(archive)
    assert newest.older == ("old",)
    assert newest.keys["origin"].unique().tolist() == ["2023-12"]
    assert "cutoff" not in nixtla_frame(newest).columns
    whole = Selection.of(archive, origin="all")
    assert whole.older == ()
    frame = nixtla_frame(whole).set_index("unique_id")
    assert frame.loc["old", "cutoff"].unique() == pd.Timestamp("2023-11-01")
    assert Selection.of(archive, series="old").keys["origin"].tolist() == ["2023-11"]


def test_an_origin_is_a_month_however_it_is_written(archive: Archive) -> None:
    """Other words found nothing, as if nothing had been forecast from that month."""
    newest = str(Selection.of(archive).keys["origin"].iloc[0])
    year, month = newest.split("-")
    for written in (newest, f"{month}/{year}", f"{newest}-01"):
        assert set(Selection.of(archive, origin=written).keys["origin"]) == {newest}
    assert len(Selection.of(archive, origin=["all", newest]).keys) == len(Selection.of(archive, origin="all").keys)
    with pytest.raises(InvalidInput, match="'autumn' is not a month"):
        Selection.of(archive, origin="autumn")
