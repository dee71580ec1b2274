"""The layers of the package, from the contract in ``pyproject.toml``: drawn, and in words."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WIDTH, ROW, GAP, BOX, MARGIN, LETTER = 760, 46, 6, 32, 12, 8.2
# A title above the layer that holds the module.
TITLES = {
    "contrib": "optional, and for a site's tests",
    "urls": "what a site and its users touch",
    "snapshots": "services",
    "models": "models, and what keeps them apart",
    "failed_keys": "foundations",
}


def layers() -> list[list[str]]:
    """The rows of the contract, the uppermost first."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = pyproject["tool"]["importlinter"]["contracts"]
    (rows,) = (contract["layers"] for contract in contracts if "layers" in contract)
    return [
        [name.strip().removeprefix("django_sandbox.") for name in row.split("|")] for row in rows
    ]


def picture() -> str:
    """An inline SVG: a band for each layer, a box for each module."""
    parts: list[str] = []
    y = 0.0
    for modules in layers():
        titles = [TITLES[module] for module in modules if module in TITLES]
        for title in titles:
            parts.append(f'<text class="group" x="{MARGIN}" y="{y + 16:.0f}">{title}</text>')
            y += 24
        parts.append(_row(modules, y))
        y += ROW + GAP
    return (
        f'<svg class="layers" viewBox="0 0 {WIDTH} {y:.0f}" role="img" '
        'aria-label="The layers of django_sandbox; each imports only from those below it">\n'
        + "\n".join(parts)
        + "\n</svg>"
    )


def _row(modules: list[str], y: float) -> str:
    widths = [len(module) * LETTER + 16 for module in modules]
    free = WIDTH - 2 * MARGIN - sum(widths)
    between = min(10.0, free / (len(modules) + 1))
    x = (WIDTH - sum(widths) - between * (len(modules) - 1)) / 2
    parts = [f'<rect class="layer" x="0" y="{y:.0f}" width="{WIDTH}" height="{ROW}" rx="6"/>']
    for module, width in zip(modules, widths, strict=True):
        top = y + (ROW - BOX) / 2
        parts.append(
            f'<rect class="module" x="{x:.0f}" y="{top:.0f}" width="{width:.0f}" '
            f'height="{BOX}" rx="4"/>'
            f'<text class="module" x="{x + width / 2:.0f}" y="{top + 21:.0f}">{module}</text>'
        )
        x += width + between
    return '<g class="row">\n' + "\n".join(parts) + "\n</g>"


def words() -> str:
    """A table: each module with the first sentence of its docstring."""
    rows = [f"| `{module}` | {_first_sentence(module)} |" for row in layers() for module in row]
    return "\n".join(["| module | |", "| --- | --- |", *rows])


def _first_sentence(module: str) -> str:
    path = ROOT / "django_sandbox" / f"{module}.py"
    if not path.exists():
        path = path.with_suffix("") / "__init__.py"
    docstring = ast.get_docstring(ast.parse(path.read_text())) or ""
    paragraph = " ".join(docstring.partition("\n\n")[0].split())
    return paragraph.replace("``", "`").replace("|", "\\|")  # literals as in Markdown
