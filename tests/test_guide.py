"""The guide's examples run, and its pictures are shown. What is built of it: slow/test_site.py."""

import doctest
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"
PAGES = sorted(DOCS.glob("*.md"))
RUN = [page for page in PAGES if ">>>" in page.read_text() and page.stem != "data-sets"]  # adapters/ runs that one


@pytest.mark.thread_unsafe
@pytest.mark.parametrize("page", RUN, ids=lambda page: page.stem)
def test_examples(page):
    if "plot." in page.read_text():
        pytest.importorskip("matplotlib").use("Agg")
    text = re.sub("^```.*$", "", page.read_text(), flags=re.MULTILINE)  # or a fence would be taken for output
    test = doctest.DocTestParser().get_doctest(text, {}, page.name, str(page), 0)
    result = doctest.DocTestRunner().run(test)
    assert result.failed == 0
    assert result.attempted == text.count(">>> ")


def test_every_picture_is_shown_and_described():
    shown = "".join(page.read_text() for page in PAGES)
    generate = (DOCS / "generate.py").read_text()
    pictures = re.search(r"^PICTURES = \[(.*?)\]", generate, flags=re.MULTILINE | re.DOTALL)[1]
    for name in re.findall(r"\w+", pictures):
        assert re.search(rf"!\[[^\]]{{20,}}\]\(_generated/{name}\.svg\)", shown), name
