# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Runs in an image, by Python 3.8 or newer: prints the packages that it has, as JSON.

With the argument `texts`, it prints the texts of their licenses, too.
"""

from __future__ import annotations

import base64
import csv
import glob
import hashlib
import json
import os
import re
import sys
from collections.abc import Iterator
from email.message import Message
from email.parser import HeaderParser

VENV = "/opt/dynamo/venv"
SITES = ("/opt/*/venv/lib/python3*/site-packages", "/usr/local/lib/python3*/*-packages")
RECORDED = "/var/lib/dynamo-container/packages.txt"
# Of a RECORD: path, hash and size.
COLUMNS = 3
LIBRARY = re.compile(r"[^/]+\.so(\.[0-9.]+)?$")
# A name of a license is at most this long; what is longer is its text.
LONGEST_NAME = 60
# Names of licenses in a copyright file (Debian's DEP 5), not the first words of a license's text:
# `GPL-2+ with Bison exception or BSD-3-clause`.
ONE_NAME = r"[\w.+()/-]+(?: license)?(?: with (?:\S+ ){1,4}exception)?"
NAMES = re.compile(rf"{ONE_NAME}(?:(?:,|,? and|,? or) {ONE_NAME})*", re.IGNORECASE)
LICENSE_FILE = re.compile(r"(licen[cs]e|copying|notice|copyright|authors)", re.IGNORECASE)

texts: dict[str, str] = {}


def read(path: str) -> str:
    """The content of a file; empty if it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def kept(path: str) -> str:
    """Keep the text of a file; return its hash."""
    text = read(path)
    key = hashlib.sha256(text.encode()).hexdigest()
    texts[key] = text
    return key


def of_python(with_texts: bool) -> Iterator[dict[str, object]]:
    """The packages of Python."""
    for folder in sorted(one for site in SITES for one in glob.glob(f"{site}/*.dist-info")):
        metadata = HeaderParser().parsestr(read(f"{folder}/METADATA"))
        name = metadata["Name"] or os.path.basename(folder).split("-")[0]
        rows = [
            row for row in csv.reader(read(f"{folder}/RECORD").splitlines()) if len(row) == COLUMNS
        ]
        yield {
            "name": re.sub(r"[-_.]+", "-", name).lower(),
            "version": metadata["Version"] or "",
            "license": license_of(metadata),
            "requires": metadata.get_all("Requires-Dist") or [],
            "size": sum(int(size) for _, _, size in rows if size.isdigit()),
            "from_base": not folder.startswith(VENV),
            "libraries": [
                [path, hexadecimal(value)] for path, value, _ in rows if LIBRARY.search(path)
            ],
            "boms": list(boms(folder)),
            "texts": list(license_texts(folder, rows)) if with_texts else [],
        }


def license_of(metadata: Message) -> str:
    """The license in a package's metadata: an expression, else classifiers, else a short text."""
    if metadata["License-Expression"]:
        return str(metadata["License-Expression"])
    classifiers = metadata.get_all("Classifier") or []
    found = [one.rpartition(" :: ")[2] for one in classifiers if one.startswith("License ::")]
    if found and found != ["OSI Approved"]:
        return " AND ".join(sorted(found))
    title = title_of(metadata["License"] or "")
    return "" if title.upper() == "UNKNOWN" else title


def title_of(text: str) -> str:
    """The first line of a license, which may be its whole text; empty if it is not a name."""
    line = next(iter(text.strip().splitlines()), "").strip()
    return line if len(line) <= LONGEST_NAME else ""


def hexadecimal(value: str) -> str:
    """The hash of a file in a RECORD, in hexadecimal."""
    kind, _, encoded = value.partition("=")
    if kind != "sha256":
        return ""
    return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).hex()


def boms(folder: str) -> Iterator[dict[str, str]]:
    """The components in the inventories that a package brings (PEP 770): crates and libraries."""
    for path in sorted(glob.glob(f"{folder}/sboms/*.json")):
        try:
            components = json.loads(read(path)).get("components") or []
        except (ValueError, AttributeError):
            continue
        for one in components:
            yield {
                "name": str(one.get("name", "")),
                "version": str(one.get("version", "")),
                "purl": str(one.get("purl", "")),
                "license": " AND ".join(filter(None, licenses(one))),
            }


def licenses(component: dict[str, list[dict[str, dict[str, str]]]]) -> Iterator[str]:
    for choice in component.get("licenses") or []:
        found = choice.get("license") or {}
        named = found.get("id") or title_of(str(found.get("name") or ""))
        yield str(choice.get("expression") or named)


def license_texts(folder: str, rows: list[list[str]]) -> Iterator[str]:
    """The hashes of the texts of a package's licenses."""
    base = os.path.basename(folder)
    for path, _, _ in rows:
        if path.startswith(f"{base}/licenses/") or (
            path.startswith(f"{base}/") and LICENSE_FILE.search(os.path.basename(path))
        ):
            yield kept(os.path.join(os.path.dirname(folder), path))


def of_distribution(with_texts: bool) -> Iterator[dict[str, object]]:
    """The packages of the distribution; the base image has those that no step recorded."""
    added = {line.split("=")[0] for line in read(RECORDED).split()}
    for entry in read("/var/lib/dpkg/status").split("\n\n"):
        fields = HeaderParser().parsestr(entry)
        name = fields["Package"]
        if not name or not (fields["Status"] or "").endswith(" installed"):
            continue
        copyright_file = f"/usr/share/doc/{name}/copyright"
        yield {
            "name": name,
            "version": fields["Version"] or "",
            "license": all_of(names_of(read(copyright_file))),
            "from_base": f"{name}:{fields['Architecture']}" not in added,
            "texts": [kept(copyright_file)] if with_texts and read(copyright_file) else [],
        }


def names_of(text: str) -> list[str]:
    """The licenses that the copyright file of a package names."""
    fields = re.findall(r"^License: *(\S.*)$", text, re.MULTILINE)
    found = [one for one in fields if NAMES.fullmatch(one.strip())]
    # Beside texts without a name, what a file refers to would be a part for the whole.
    if not fields:
        found = re.findall(r"/usr/share/common-licenses/([A-Za-z0-9.+-]*[A-Za-z0-9+])", text)
    return sorted({one.strip() for one in found})


def all_of(names: list[str]) -> str:
    """Licenses that all hold, as an expression."""
    several = len(names) > 1
    return " AND ".join(f"({one})" if several and " or " in one else one for one in names)


def main() -> None:
    """Print the packages."""
    with_texts = sys.argv[1:] == ["texts"]
    document = {
        "python": list(of_python(with_texts)),
        "apt": list(of_distribution(with_texts)),
        "texts": texts,
    }
    json.dump(document, sys.stdout)


main()
