"""Beside every page its text in Markdown, and llms.txt, which lists them: for programs that read."""

import inspect
import re
from pathlib import Path

from docutils import nodes

import fastloss

FENCE = re.compile(r"^```\{(\S+)\}(.*)\n((?:.*\n)*?)```\n", re.MULTILINE)
FRONT = re.compile(r"\A---\n.*?\n---\n\n?", re.DOTALL)
ABOUT = "A library for Python: loss functions of NumPy arrays with gradient and curvature, compiled, in one pass over memory."


def announce(app, page, template, context, doctree):
    """A page's head says where its twin is."""
    if doctree is not None:
        name = page.rpartition("/")[2]
        context["metatags"] += f'<link rel="alternate" type="text/markdown" href="{name}.md">\n'


def write(app, error):
    """Every twin, and llms.txt."""
    if error or app.builder.format != "html":
        return
    out = Path(app.outdir)
    for page in app.env.found_docs:
        path = out / f"{page}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(twin(app, page))
    (out / "llms.txt").write_text(contents(app))


def twin(app, page):
    """A page's source with what it includes in its place."""
    source = Path(app.srcdir) / f"{page}.md"
    up = "../" * page.count("/")

    def shown(fence):
        kind, argument, body = fence[1], fence[2].strip(), fence[3]
        if kind == "include":
            return FENCE.sub(shown, (source.parent / argument).read_text())
        if kind == "literalinclude":
            lines = (source.parent / argument).read_text().splitlines(keepends=True)
            start = re.search(r":lines: (\d+)-", body)
            return f"```python\n{''.join(lines[int(start[1]) - 1 if start else 0 :])}```\n"
        if kind == "toctree":
            titles = app.env.titles
            return "".join(
                f"- [{titles[there].astext()}]({up}{there}.md)\n" for there in app.env.toctree_includes[page]
            )
        if kind == "eval-rst":
            return "\n".join(map(reference, re.findall(r"auto(?:function|class)::\s*([\w.]+)", body)))
        if kind == "math":
            return f"$$\n{body}$$\n"
        return ""

    text = FENCE.sub(shown, FRONT.sub("", source.read_text()))
    pictures = app.builder.images
    for path, name in pictures.items():
        text = text.replace(f"]({up}{path})", f"]({up}_images/{name})")
    return text.rstrip() + "\n"


def reference(name):
    """A public name's signature and docstring."""
    thing = fastloss
    for part in name.split(".")[1:]:
        thing = getattr(thing, part)
    return f"### `{name}{inspect.signature(thing)}`\n\n{inspect.getdoc(thing)}\n"


def contents(app):
    """What llms.txt says: every page with its first sentence, as the front page groups them."""
    text = [f"# {app.config.project}\n\n> {ABOUT}\n"]
    for tree in app.env.get_doctree("index").findall(lambda node: node.tagname == "toctree"):
        text.append(f"## {tree['caption']}\n")
        for page in tree["includefiles"]:
            text.append(entry(app, page))
        text.append("")
    return "\n".join(text)


def entry(app, page):
    """A page's line, and those of the pages below it."""
    doctree = app.env.get_doctree(page)
    paragraphs = (node.astext() for node in doctree.findall(nodes.paragraph) if isinstance(node.parent, nodes.section))
    sentence = re.split(r"(?<=[.?!])\s", " ".join(next(paragraphs, "").split()))[0]
    below = "".join(f"\n{entry(app, there)}" for there in app.env.toctree_includes.get(page, []))
    return f"- [{app.env.titles[page].astext()}]({page}.md): {sentence}" + below.replace("\n", "\n  ")
