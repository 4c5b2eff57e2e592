"""The pages on trainers: their examples run where the tool is installed."""

import doctest
import re
from pathlib import Path

import pytest
from peers import needed

PAGES = Path(__file__).parent.parent.parent / "docs" / "trainers"
MODULES = {
    "catboost": ["catboost", "sklearn"],
    "dask": ["dask", "pandas", "scipy", "sklearn"],
    "frames": ["duckdb", "pandas", "polars", "pyarrow", "sklearn", "xarray"],
    "lightgbm": ["lightgbm", "sklearn"],
    "ray": ["ray", "scipy", "sklearn"],
    "scikit-learn": ["sklearn"],
    "spark": ["pyspark"],
    "torch": ["sklearn", "torch"],
    "xgboost": ["xgboost", "sklearn"],
}


@pytest.mark.thread_unsafe
@pytest.mark.parametrize(
    "page", [page for page in sorted(PAGES.glob("*.md")) if page.stem != "index"], ids=lambda x: x.stem
)
def test_examples(page):
    for module in MODULES.get(page.stem, [page.stem]):
        needed(module)
    text = re.sub("^```.*$", "", page.read_text(), flags=re.MULTILINE)  # or a fence would be taken for output
    test = doctest.DocTestParser().get_doctest(text, {"__name__": "__main__"}, page.name, str(page), 0)
    result = doctest.DocTestRunner().run(test)
    assert result.failed == 0
    assert result.attempted == text.count(">>> ") > 0
