"""The pages on trainers, and the one on data sets: their examples run where the tools are installed."""

import doctest
import re
from pathlib import Path

import pytest
from peers import needed

DOCS = Path(__file__).parent.parent.parent / "docs"
PAGES = DOCS / "trainers"
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
    run(page.read_text(), page)


def run(text, page):
    text = re.sub("^```.*$", "", text, flags=re.MULTILINE)  # or a fence would be taken for output
    test = doctest.DocTestParser().get_doctest(text, {"__name__": "__main__"}, page.name, str(page), 0)
    result = doctest.DocTestRunner().run(test)
    assert result.failed == 0
    assert result.attempted == text.count(">>> ") > 0


def sections():
    """Of the page on data sets, by name: each with the head of the page, and one below another with that other."""
    head, *parts = re.split("^(?=## )", (DOCS / "data-sets.md").read_text(), flags=re.MULTILINE)
    for part in parts:
        above = part.partition("\n### ")[0]
        for text in dict.fromkeys((above, part)):
            yield re.findall(r"^###? ([\w ]+)", text, flags=re.MULTILINE)[-1], head + text


@pytest.mark.thread_unsafe
@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in sections()])
def test_data_sets(text):
    for module in ("sklearn", "statsmodels", *re.findall(r"^>>> from (lifelines)\b", text, flags=re.MULTILINE)):
        needed(module)
    run(text, DOCS / "data-sets.md")
