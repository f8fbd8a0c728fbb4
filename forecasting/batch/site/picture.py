"""One picture of the page of a series, as a drawing that stands alone."""

from __future__ import annotations

from forecasting.batch.archive import Contents
from forecasting.batch.site.content import Attention, content
from forecasting.batch.site.known import read_known
from forecasting.batch.site.pages import render
from forecasting.errors import InvalidInput
from forecasting.reading.typed import typed


@typed
def series_picture(archive: Contents, series: str, model: str | None = None, *, past: bool = False) -> str:
    """Draw the newest forecast of a series, or its past forecasts against what came.

    Parameters
    ----------
    archive : Archive
        Read only.
    series : str
        Name of the series.
    model : str, optional
        Label of the model; needed where several have forecast the series.
    past : bool
        Draw each count of a forecast month under the last forecast that was issued from data before it.

    Returns
    -------
    str
        An ``<svg>`` element with its own colours and a label in words.

    Raises
    ------
    InvalidInput
        If the archive has no forecast of the series by the model, or nothing came yet to compare with.

    Examples
    --------
    >>> import tempfile
    >>> from importlib.resources import files
    >>> from forecasting.batch import Archive, load_config, run_batch, series_picture
    >>> folder = tempfile.TemporaryDirectory()
    >>> address = f"{folder.name}/forecasts.db"
    >>> quick = {"archive": address, "models": [{"name": "SeasonalNaive"}], "origins": 3}
    >>> config = load_config(files("forecasting.batch") / "example.toml", **quick)
    >>> summary = run_batch(config)
    >>> with Archive.open(address) as archive:
    ...     drawing = series_picture(archive, "tornadoes", past=True)
    >>> drawing[:4], "2 counts, each with the last forecast before it" in drawing
    ('<svg', True)
    >>> folder.cleanup()
    """
    with archive.snapshot() as held:
        known = [*read_known(held, [series])] if series in held.series() else []
    pages = (content(one, Attention(), ())[0] for one in known)
    found = {one.model: one for page in pages for one in page.forecasts}
    if not found:
        raise InvalidInput(f"the archive has no forecast of {series!r}; its series are named by archive.series()")
    if model is None and len(found) > 1:
        raise InvalidInput(f"{series!r} was forecast by {', '.join(found)}; say which with model")
    chosen = found.get(model or next(iter(found)))
    if chosen is None:
        raise InvalidInput(f"{series!r} was not forecast by {model!r}; use one of {', '.join(found)}")
    chart = chosen.past if past else chosen.fan
    if chart is None:
        raise InvalidInput(
            f"no count of {series!r} came after a forecast by {chosen.model}; there is nothing to compare"
        )
    return render("picture.html", chart=chart).strip()
