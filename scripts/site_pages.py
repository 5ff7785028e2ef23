# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A hook of mkdocs: pages of the site for documents in the root folder, such as CONTRIBUTING.md.

mkdocs reads only docs/, but forges look for these documents in the root folder.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

ROOT = Path(__file__).parents[1]
# The page of each document.
PAGES = {
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "reporting.md",
    "CHANGELOG.md": "changelog.md",
}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for each document."""
    from mkdocs.structure.files import File

    for document, page in PAGES.items():
        text = (ROOT / document).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=with_links_of_site(text)))
    return files


def with_links_of_site(text: str) -> str:
    """Return the text of a document with the links that the site has.

    Links to docs/ and to the other documents become links between pages. Links to other files of
    the repository become plain text, because the site does not contain them.
    """

    def link(match: re.Match[str]) -> str:
        title, path, anchor = match[1], match[2], match[3] or ""
        if path in PAGES:
            return f"[{title}]({PAGES[path]}{anchor})"
        if path.startswith("docs/"):
            return f"[{title}]({path.removeprefix('docs/')}{anchor})"
        return title

    return re.sub(r"\[([^\]]+)\]\((?!\w+:)([^)#\s]+)(#[^)\s]*)?\)", link, text)
