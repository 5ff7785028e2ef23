# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What is done with a container to develop in, as docker commands."""

from __future__ import annotations

from typing import Final

from dynamo_container.containers.docker_argv import create_command, env_arguments
from dynamo_container.development.plan import DevPlan
from dynamo_container.development.planner import BUNDLE, CERTIFICATES
from dynamo_container.docker.command import Command
from dynamo_container.model.values import EnvVar

# In the container's own layer: a container that is created again is built in again.
_BUILT: Final = "/var/tmp/dynamo-built-in-place"  # noqa: S108  # of the container
# Docker creates volumes as root if the image does not have the folder.
_PREPARE: Final = f"""\
owner=$(stat -c %u:%g "$HOME")
for folder; do chown "$owner" "$folder" || exit; done
[ -s {BUNDLE} ] || exit 0
mkdir -p "$(dirname {CERTIFICATES})"
for file in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt {BUNDLE}; do
    [ ! -s "$file" ] || {{ cat "$file" && echo; }}
done >{CERTIFICATES}
"""
_BUILD: Final = f"dynamo-build-in-place && touch {_BUILT}"
_DESCRIBE: Final = (
    f"[ ! -e {_BUILT} ] || echo built; "
    'for one in "${RUSTUP_HOME:-$HOME/.rustup}"/toolchains/*; do '
    '[ ! -e "$one" ] || echo "rust $(basename "$one")"; done'
)
# A command that is ended before the container is: its processes form a group.
_GROUP: Final = 'echo "$$" >"$0"; exec "$@"'
_SHELL: Final = ("bash",)


def create(plan: DevPlan) -> Command:
    """Return the command that creates the container."""
    return create_command(plan.container)


def start(plan: DevPlan) -> Command:
    """Return the command that starts the container."""
    return _docker(plan, "start", plan.container.name)


def remove(plan: DevPlan) -> Command:
    """Return the command that ends and deletes the container; its caches stay."""
    return _docker(plan, "rm", "--force", plan.container.name)


def prepare(plan: DevPlan) -> Command:
    """Return the command that gives the caches to the developer, and writes the certificates."""
    words = ("sh", "-c", _PREPARE, "sh", *plan.caches)
    return _docker(plan, "exec", "--user=0", plan.container.name, *words)


def describe(plan: DevPlan) -> Command:
    """Return the command that prints `built`, and `rust NAME` for each toolchain."""
    return _docker(plan, "exec", plan.container.name, "sh", "-c", _DESCRIBE)


def build(plan: DevPlan, *, terminal: bool) -> Command:
    """Return the command that compiles the checkout and installs it in editable mode."""
    # Without the caller's tokens, which the code of a checkout has no need of.
    return _execute(plan, ("sh", "-c", _BUILD), terminal=terminal)


def execute(plan: DevPlan, words: tuple[str, ...], *, interactive: bool, tty: bool) -> Command:
    """Return the command that runs the user's words, or a shell."""
    return _execute(
        plan,
        words or _SHELL,
        terminal=tty,
        stdin=interactive,
        workdir=plan.workdir,
        session=plan.session,
    )


def in_group(plan: DevPlan, words: tuple[str, ...], file: str) -> Command:
    """Return the command that runs words as a process group whose ID is in a file of the
    container.
    """
    grouped = ("sh", "-c", _GROUP, file, *words)
    return _execute(plan, grouped, workdir=plan.workdir, session=plan.session)


def end_group(plan: DevPlan, file: str, signal: str) -> Command:
    """Return the command that sends a signal to a process group."""
    script = 'kill -s "$1" -- "-$(cat "$0")"'
    return _docker(plan, "exec", plan.container.name, "sh", "-c", script, file, signal)


def _execute(
    plan: DevPlan,
    words: tuple[str, ...],
    *,
    terminal: bool = False,
    stdin: bool = False,
    workdir: str = "",
    session: tuple[EnvVar, ...] = (),
) -> Command:
    secrets = plan.settings.secrets
    env = (*session, *(EnvVar(name=name) for name, _ in secrets))
    options = (
        *(("--interactive",) if terminal or stdin else ()),
        *(("--tty",) if terminal else ()),
        *((f"--workdir={workdir}",) if workdir else ()),
        *env_arguments(env),
    )
    argv = (plan.container.program, "exec", *options, plan.container.name, *words)
    return Command(argv=argv, hidden_env=secrets)


def _docker(plan: DevPlan, *words: str) -> Command:
    return Command(argv=(plan.container.program, *words))
