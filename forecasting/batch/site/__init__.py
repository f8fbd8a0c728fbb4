"""The report of a batch: a static site that needs no network and works from a file address."""

from forecasting.batch.site.build import Built, build_site

__all__ = ["Built", "build_site"]
