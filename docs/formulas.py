"""A loss's formula as tables show it, in LaTeX: ½d² if |d| ≤ δ, else δ(|d| − ½δ) with fractions, roots and cases."""

import re

TOKEN = re.compile(r"\s*(\d+(?:\.\d+)?|a(?= [a-z]{2})|[A-Za-z_]{2,}(?:-[a-z]+)?|\S)")
WORD = re.compile("a|[A-Za-z_-]{2,}")
UPPER = dict(zip("⁻ˣˢ²³⁰¹", "-xs2301", strict=True))
LOWER = dict(zip("ⱼₖₗᵥₜ₊₋₁₂₀", "jklvt+-120", strict=True))
SYMBOLS = {
    "α": r"\alpha", "β": r"\beta", "γ": r"\gamma", "δ": r"\delta", "ε": r"\varepsilon", "λ": r"\lambda", "ρ": r"\rho",
    "σ": r"\sigma", "τ": r"\tau", "μ": r"\mu", "κ": r"\kappa", "π": r"\pi", "Σ": r"\sum", "Δ": r"\Delta", "½": r"\tfrac{1}{2}",
    "−": "-", "·": r"\,", "≤": r"\le", "≥": r"\ge", "≠": r"\ne", "∈": r"\in", "‖": r"\parallel", "…": r"\ldots", "∞": r"\infty",
    "Γ": r"\Gamma", "Φ": r"\Phi", "φ": r"\varphi", "θ": r"\theta", "∂": r"\partial", "Π": r"\prod",
}  # fmt: skip
FUNCTIONS = {
    "log", "exp", "max", "min", "cos", "cosh", "tanh", "sinh", "sign", "mean", "clip", "softplus", "softmax", "logsumexp", "KL",
}  # fmt: skip
PRODUCTS = {"pq", "pt", "pC"}
RELATIONS = {"+", "-", "=", "<", ">", ",", r"\le", r"\ge", r"\ne", r"\in", ":"}


def latex(shown):
    """The whole: what it is, cases below each other, and what its symbols stand for behind it."""
    shown = re.sub(r"(t = \d): ([^;]*?)(?=, [a-z] = |;|$)", r"\2 if \1", shown).replace(";", ",")
    groups = []  # of cases: what each is, and when
    for chunk in commas(shown):
        value, _, condition = chunk.replace(" where ", " if ").partition(" if ")
        at = re.fullmatch(r"(\S+) at (\S+)", chunk)
        if groups and chunk.startswith("else "):
            groups[-1].append((chunk.removeprefix("else "), r"\text{otherwise}"))
        elif groups and at and groups[-1][-1][1]:
            groups[-1].append((at[1], rf"\text{{at }} {at[2]}"))
        elif groups and condition and groups[-1][-1][1]:
            groups[-1].append((value, line(condition)))
        else:
            groups.append([(value, condition and line(condition))])
    return r",\quad ".join(map(together, groups))


def together(cases):
    """Cases below each other, behind what they are the value of."""
    (first, condition), *others = cases
    if not others:
        return line(first) + (rf"\quad \text{{if }} {condition}" if condition else "")
    name, equals, first = first.rpartition(" = ")
    body = r" \\ ".join(f"{line(value)} & {when}" for value, when in [(first, condition), *others])
    return (line(name) + " = " if equals else "") + rf"\begin{{cases}} {body} \end{{cases}}".replace(
        r"\frac", r"\dfrac"
    )


def commas(text):
    """The text's parts between commas that are in no parentheses."""
    parts, depth = [""], 0
    for i, c in enumerate(text):
        depth += (c in "([") - (c in ")]")
        if depth == 0 and text.startswith(", ", i):
            parts.append("")
        else:
            parts[-1] += c
    return [part.strip() for part in parts]


def line(text):
    """A formula without cases."""
    tokens = [(m[1], m.start(1) > m.start()) for m in TOKEN.finditer(text.replace("`", ""))]
    return sequence(tokens, None, False)


def sequence(tokens, end, inline):
    """Terms up to `end`, which is taken too."""
    items = []  # [latex, whether it is a group in parentheses]
    while tokens and tokens[0][0] != end:
        token, spaced = tokens[0]
        if token == "/" and not inline and items:
            tokens.pop(0)
            above, below = numerator(items, spaced), bare(atom(tokens, inline))
            if below.startswith(r"\sum"):
                below += " " + atom(tokens, inline)[0]
            items.append([rf"\frac{{{above}}}{{{below}}}", False])
        else:
            name = token in FUNCTIONS and items and items[-1][0] not in RELATIONS
            item = atom(tokens, inline)
            items.append([r"\, " + item[0], False] if name else item)
    if end and tokens:
        tokens.pop(0)
    return " ".join(item[0] for item in items)


def numerator(items, spaced):
    """What stands above the line: all back to a sign of relation if there is a space before it, else what touches it."""
    taken = [items.pop()]
    if spaced:
        while items and items[-1][0] not in RELATIONS:
            taken.insert(0, items.pop())
    elif items and items[-1][0].isdigit():
        taken.insert(0, items.pop())
    return bare(taken[0]) if len(taken) == 1 else " ".join(item[0] for item in taken)


def bare(item):
    """Without the parentheses around all of it."""
    text, group = item
    return text.removeprefix(r"\left(").removesuffix(r"\right)").strip() if group else text


def atom(tokens, inline):
    """The next symbol, name or group with its scripts, and whether it is a group without them."""
    token, _ = tokens.pop(0)
    group = token == "("
    if group:
        text = rf"\left( {sequence(tokens, ')', inline)} \right)"
    elif token == "|":
        text = rf"\left| {sequence(tokens, '|', inline)} \right|"
    elif token == "√":
        text = rf"\sqrt{{{bare(atom(tokens, inline))}}}"
    elif token in FUNCTIONS:
        text = rf"\operatorname{{{token}}}"
        if tokens and tokens[0] == ("(", False):
            text += atom(tokens, inline)[0]
        elif tokens and tokens[0][1]:
            text += r"\,"
    elif token in PRODUCTS:
        text = " ".join(token)
    elif WORD.fullmatch(token):
        while tokens and WORD.fullmatch(tokens[0][0]) and tokens[0][0] not in FUNCTIONS:
            token += " " + tokens.pop(0)[0]
        text = rf"\text{{ {token} }}"
    else:
        text = SYMBOLS.get(token, token)
    while tokens and not tokens[0][1]:
        c = tokens[0][0]
        if c in UPPER or c in LOWER:
            table, mark = (UPPER, "^") if c in UPPER else (LOWER, "_")
            script = ""
            while tokens and tokens[0][0] in table and (not script or not tokens[0][1]):
                script += table[tokens.pop(0)[0]]
        elif c == "^":
            tokens.pop(0)
            mark, script = "^", bare(atom(tokens, True))
        elif c == "[":
            tokens.pop(0)
            mark, script = "_", sequence(tokens, "]", inline).replace(r"\text{ id }", r"\mathrm{id}")
        else:
            break
        text, group = f"{text}{mark}{{{script}}}", False
    return [text, group]
