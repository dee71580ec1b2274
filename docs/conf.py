"""How Sphinx builds these pages: offline, with every warning an error (see ``tox -e docs``)."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "docs" / "_ext")]

from django_sandbox import __version__

project = "django-sandbox"
author = "The django-sandbox maintainers"
project_copyright = author
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton", "generated"]
exclude_patterns = ["_build"]

myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist"]
myst_heading_anchors = 3
# What a reader copies is the command, not the prompt or the answer.
copybutton_prompt_text = r">>> |\$ "
copybutton_prompt_is_regexp = True
# Keys in the examples are shortened by an ellipsis, which no lexer knows.
suppress_warnings = ["misc.highlighting_failure"]

html_theme = "furo"
html_title = f"django-sandbox {release}"
html_static_path = ["_static"]
html_css_files = ["docs.css"]
html_copy_source = False
html_show_sourcelink = False
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
html_theme_options = {
    "light_css_variables": {
        "color-brand-primary": "#7a5200",
        "color-brand-content": "#1a5fb4",
        "color-brand-visited": "#613583",
    },
    "dark_css_variables": {
        "color-brand-primary": "#f5c211",
        "color-brand-content": "#99c1f1",
        "color-brand-visited": "#dc8add",
    },
}
