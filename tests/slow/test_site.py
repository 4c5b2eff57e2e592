"""The guide, built: without a warning, no public name left out, no link of it dead."""

import re
import subprocess
import sys
import zlib
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import fastloss as fl

pytestmark = [pytest.mark.slow, pytest.mark.site]
DOCS = Path(__file__).parent.parent.parent / "docs"
PAGES = sorted(DOCS.glob("*.md"))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built pages."""
    for name in ("sphinx", "myst_parser", "furo", "matplotlib"):
        pytest.importorskip(name)
    folder = tmp_path_factory.mktemp("site")
    command = [
        "-m",
        "sphinx",
        "-q",
        "-W",
        "--keep-going",
        "-d",
        folder / "doctrees",
        "-b",
        "html",
        DOCS,
        folder / "html",
    ]
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "html"


def test_reference_has_every_public_name(site):
    inventory = (site / "objects.inv").read_bytes().split(b"\n", 4)[4]
    found = set(re.findall(r"^(\S+) py:", zlib.decompress(inventory).decode(), flags=re.MULTILINE))
    plot = pytest.importorskip("fastloss.plot")
    public = {f"fastloss.{name}" for name in fl.__all__} | {f"fastloss.plot.{name}" for name in plot.__all__}
    public |= {f"fastloss.Loss.{name}" for name in ("__call__", "grad", "value_and_grad", "grad_and_hess")}
    assert public - found == set()


class Page(HTMLParser):
    """What a page names and what it points to."""

    def __init__(self, text):
        super().__init__()
        self.anchors, self.links = set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name == "id":
                self.anchors.add(value)
            elif name in ("href", "src"):
                self.links.add(value)


def test_no_dead_link(site):
    pages = {path.resolve(): Page(path.read_text()) for path in site.rglob("*.html")}
    assert len(pages) >= len(PAGES)
    pictures = 0
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            there = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            assert there.is_file(), f"{path.name} points to {link}"
            if parts.fragment and there in pages:
                assert unquote(parts.fragment) in pages[there].anchors, f"{path.name} points to {link}"
            pictures += there.suffix == ".svg"
    assert pictures >= 12


def losses():
    return [thing for name, thing in vars(fl).items() if isinstance(thing, fl.Loss) and name == thing.name]


def test_every_loss_has_a_page(site):
    """With its formula, its chart, when to use it, its call and its aliases; and the front page leads there."""
    front = Page((site / "index.html").read_text())
    for loss in losses():
        text = (site / "losses" / f"{loss.name}.html").read_text()
        assert f"losses/{loss.name}.html" in front.links
        assert text.count("<math") == 2, loss.name
        assert f"/_images/{loss.name}.svg" in text
        assert "<strong>Use it</strong>" in text, loss.name
        assert {f"fastloss.{name}" for name in (loss.name, *loss.aliases)} <= Page(text).anchors


def test_pages_ask_nothing_of_other_hosts(site):
    for path in site.rglob("*.html"):
        loaded = re.findall(r'<(?:script|img|link)[^>]*?(?:src|href)="(https?:[^"]*)"', path.read_text())
        assert not loaded, path.name


def test_every_page_has_a_twin_in_markdown(site):
    """Which llms.txt lists, whose links and pictures are there, and in which nothing is left of Sphinx's own language."""
    listed = set(re.findall(r"\]\(([\w/.-]+\.md)\)", (site / "llms.txt").read_text()))
    pages = [
        path for path in site.rglob("*.html") if path.name not in ("genindex.html", "py-modindex.html", "search.html")
    ]
    for path in pages:
        twin = path.with_suffix(".md")
        name = twin.relative_to(site).as_posix()
        assert name in listed or name == "index.md"
        assert f'type="text/markdown" href="{twin.name}"' in path.read_text()
        text = twin.read_text()
        assert text.startswith("# "), name
        assert "```{" not in text, name
        for link in re.findall(r"\]\(([^)#\s]+)", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)):
            if not urlsplit(link).scheme:
                assert (twin.parent / link).is_file(), f"{name} points to {link}"
    assert "pred : array_like" in (site / "losses" / "hinge.md").read_text()


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (
            "½d² if |d| ≤ δ, else 0",
            r"\begin{cases} \tfrac{1}{2} d^{2} & \left| d \right| \le \delta \\ 0 & \text{otherwise} \end{cases}",
        ),
        ("d / (1 + r)", r"\frac{d}{1 + r}"),
        ("2(p − t)/p^ρ", r"\frac{2 \left( p - t \right)}{p^{\rho}}"),
        ("1 − t/p", r"1 - \frac{t}{p}"),
        ("√(mean d²)", r"\sqrt{\operatorname{mean}\, d^{2}}"),
        ("eˢ/Σ eˢ", r"\frac{e^{s}}{\sum e^{s}}"),
        ("(1 + z)^(α/2 − 1)", r"\left( 1 + z \right)^{\alpha / 2 - 1}"),
        ("−log p[id], p = σ(x)", r"- \operatorname{log}\, p_{\mathrm{id}},\quad p = \sigma \left( x \right)"),
    ],
)
def test_formulas(monkeypatch, shown, expected):
    monkeypatch.syspath_prepend(DOCS)
    from formulas import latex

    assert latex(shown) == expected


def test_formulas_of_every_loss(monkeypatch):
    """Each is LaTeX that can be set, with nothing left of the table's marks."""
    latex2mathml = pytest.importorskip("docutils.utils.math.latex2mathml")
    monkeypatch.syspath_prepend(DOCS)
    from formulas import latex

    for loss in losses():
        for shown in loss.shown:
            formula = latex(shown)
            assert formula.count("{") == formula.count("}")
            assert not set(formula) & set("½√Σ·²³ˣˢⱼₖ₊₋⁻[]`")
            assert "<math" in latex2mathml.tex2mathml(formula, as_block=True)


@pytest.mark.parametrize("content", [None, "{", '{"rows": [{}]}'])
def test_measurements_that_cannot_be_read_stop_the_build(tmp_path, monkeypatch, content):
    for name in ("sphinx", "matplotlib"):
        pytest.importorskip(name)
    monkeypatch.syspath_prepend(DOCS)
    import generate

    files = {generate.accuracy: "accuracy.json", generate.history: "instructions.json", generate.ports: "ports.json"}
    for read, name in files.items():
        path = tmp_path / name
        if content is not None:
            path.write_text(content)
        with pytest.raises(generate.ExtensionError, match=re.escape(str(path))):
            read(path, tmp_path)
        path.unlink(missing_ok=True)
    with pytest.raises(generate.ExtensionError, match=re.escape(str(tmp_path))):
        generate.performance(tmp_path, tmp_path)
    if content is not None:
        (tmp_path / "run.json").write_text(content)
        with pytest.raises(ValueError, match=re.escape(str(tmp_path / "run.json"))):
            generate.performance(tmp_path, tmp_path)


def test_history_is_chained(monkeypatch):
    """A call that is new changes nothing; what both versions have does: here by a quarter, on the geometric mean of 1/2 and 1/8."""
    pytest.importorskip("matplotlib")
    monkeypatch.syspath_prepend(DOCS)
    import generate

    counts = [{}, {"a": 80, "b": 80}, {"a": 40, "b": 10, "c": 9}, {}, {"c": 18}]
    assert list(generate.chained(counts)) == [(1, 1), (2, pytest.approx(0.25)), (4, pytest.approx(0.5))]


def test_readme_has_the_figures_of_the_stored_runs():
    pytest.importorskip("matplotlib")
    import figures

    readme = (DOCS.parent / "README.md").read_text()
    assert figures.section(*figures.chosen()) in readme


def test_stored_runs_are_named_by_what_they_ran_on():
    from fastloss.bench.report import Report

    for path in (DOCS / "benchmarks").glob("*.json"):
        report = Report.loads(path.read_text(), str(path))
        name = f"{report.make}-{report.level}".lower().replace(" ", "-")
        assert path.stem == name + "-one-thread" * (report.threads == 1)
