# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`trust`: the project files and locks that the caller trusts."""

from __future__ import annotations

from pathlib import Path

import click

from dynamo_container.cli.app import PROGRAM, Session
from dynamo_container.cli.layout import examples
from dynamo_container.cli.types import PATH, flag
from dynamo_container.errors import UsageError
from dynamo_container.host.paths import absolute, is_folder
from dynamo_container.options import lock_file, project
from dynamo_container.printing import print_line


@click.command(epilog=examples("trust", "trust ../project/dynamo-container.toml", "trust --list"))
@click.argument("path", required=False, type=PATH)
@flag("--list", "listing", help="List the trusted files.")
@flag("--revoke", help="Stop trusting the file.")
@click.pass_obj
def command(session: Session, path: str | None, listing: bool, revoke: bool) -> int:
    """Trust a project file or a lock as it is now.

    The options of a project file may then reach outside of images and containers, for example to
    set mounts, secrets and registries; a lock may decide what images are made of. PATH is the file
    or its folder (default: the project file that build and run would use here). If it changes,
    trust it again.
    """
    # Imported here: `--help` does not need it.
    from dynamo_container.options.trusted import reaching
    from dynamo_container.trust import store

    if listing:
        for one in store.trusted():
            print_line(one)
        return 0
    file = Path(absolute(path or ".")).resolve()
    if revoke and path and not is_folder(file):
        return _revoke(session, file)
    if file.suffix == Path(lock_file.FILE).suffix and not revoke:
        lock = lock_file.read(file)
        lock_file.trust(file)
        print_line(f"trusted {file}: {lock.summary()}")
        return 0
    found = project.find(file) if not path or is_folder(file) else project.read(file)
    if found is None or found.path is None:
        raise UsageError(f"no project file was found at {file}", f"see: {PROGRAM} trust --help")
    if revoke:
        return _revoke(session, found.path)
    if found.problem:
        session.warn(f"{found.path} {found.problem}; a change must be trusted again")
    store.trust(found.path, found.digest)
    keys = ", ".join(reaching(found)) or "nothing that requires it"
    print_line(f"trusted {found.path}, which sets {keys}")
    return 0


def _revoke(session: Session, path: Path) -> int:
    from dynamo_container.trust import store

    if store.revoke(path):
        print_line(f"{path} is no longer trusted")
    else:
        session.note(f"{path} was not trusted")
    return 0
