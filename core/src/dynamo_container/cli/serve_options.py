# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The options of `serve`, which `explain serve` and `export` take too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from dynamo_container.cli import types
from dynamo_container.cli.layout import JOINT, Groups, add_options
from dynamo_container.cli.run_options import RunCommand
from dynamo_container.cli.types import Parsed, flag, option, repeatable
from dynamo_container.options import serve_syntax
from dynamo_container.options.docker_options import DOCKER_OPTIONS

F = TypeVar("F", bound=Callable[..., Any])  # Any: click's decorators take every function

_MODEL: Final = Parsed(serve_syntax.model, "a valid name of a model", "Qwen/Qwen3-0.6B, ./my-model")
_PORT: Final = Parsed(serve_syntax.published_port, "a valid port", "8000, 0.0.0.0:8000")
_PROJECT: Final = Parsed(
    serve_syntax.project_name,
    "a valid name of a project (lowercase letters, digits, '_' and '-')",
    "my-model",
)
_WORKERS: Final = Parsed(serve_syntax.positive, "a number of workers", "2")
_COUNT: Final = Parsed(serve_syntax.count, "a number of GPUs", "1")
# Options of docker that the containers of all services get.
_DOCKER: Final = (
    "--shm-size",
    "--ulimit",
    "--memory",
    "--cpus",
    "--device",
    "--group-add",
    "--add-host",
)

_WHAT: Final = (
    click.argument(
        "framework_argument",
        required=False,
        metavar="[FRAMEWORK]",
        type=types.TEXT,
    ),
    option(
        "--framework",
        "FRAMEWORK",
        "Framework that serves, like the argument.",
    ),
    option(
        "--model",
        "MODEL",
        "Model to serve: a name on Hugging Face such as Qwen/Qwen3-0.6B, or a folder: a path that "
        "starts with /, . or ~.",
        _MODEL,
    ),
    option(
        "--served-model-name",
        "NAME",
        "Name of the model in requests (default: MODEL, or the folder's name).",
    ),
    option(
        "--target",
        "TARGET",
        "Serve in the framework's image of this stage (default: runtime, else dev).",
    ),
    option(
        "--image",
        "IMAGE",
        "Serve in this image instead of a framework's (default: the latest that was built for the "
        "framework).",
        types.IMAGE,
    ),
    option(
        "--name",
        "PROJECT",
        "Name of the project: everything that is started together (default: dynamo-FRAMEWORK).",
        _PROJECT,
    ),
)
_SERVICES: Final = (
    option(
        "--topology",
        "TOPOLOGY",
        "Services: agg (a frontend and a worker), agg-router (several workers; each request goes "
        "to one that has its beginning in its cache), disagg (workers for prefill and for decode), "
        "or one of a plugin (default: agg; with several workers, agg-router).",
    ),
    option("--workers", "N", "Number of workers; for disagg, of each kind.", _WORKERS),
    option("--gpus-per-worker", "N", "GPUs of each worker (default: the framework's).", _COUNT),
    option(
        "--gpus",
        "GPUS",
        "GPUs to divide among the workers: auto, all, none, count=N, or indexes or UUIDs such as "
        "0,1 (default: auto, the first that are needed).",
        types.GPUS,
        default="auto",
    ),
    option(
        ("-p", "--port"),
        "[ADDRESS:]PORT",
        "Where clients reach the frontend (default: 127.0.0.1:8000, from this machine only).",
        _PORT,
        multiple=True,
    ),
    click.option(
        "--discovery",
        type=click.Choice(["file", "etcd", "kubernetes"]),
        help="How services find each other: by files in a volume, etcd (name it with -e "
        "ETCD_ENDPOINTS=...), or the API of Kubernetes (default: file).",
    ),
)
_INSIDE: Final = (
    repeatable(
        ("-e", "--env"),
        "NAME[=VALUE]",
        "Environment variable of all services. NAME alone takes the value from your environment; "
        "repeatable.",
        types.ENV,
    ),
    repeatable(
        ("-v", "--volume"),
        "SOURCE:TARGET[:OPTIONS]",
        "Mount a host path (absolute, or with ./ or ~/) or a named volume in all services; "
        "repeatable.",
        types.VOLUME,
    ),
    option(
        ("--hf-cache", "--hf-home", "hf_cache"),
        "DIR|none",
        "Share DIR as the Hugging Face cache; with none, share none (default for a model of "
        "Hugging Face: HF_HOME, else ~/.cache/huggingface).",
    ),
    option(
        "--user",
        "USER[:GROUP]",
        "User in the containers: a name or UID, optionally with a group (default: the image's; for "
        "a download into your cache, yours).",
    ),
)
_LIMITS: Final = (
    flag("--hardened", help="Run each service with the least that serving needs."),
    flag(
        "--no-preflight", help="Do not check that the NVIDIA driver is recent enough for the image."
    ),
    *(
        option(*row.words, types.Parsed(*row.syntax), multiple=row.key is not None)
        for row in DOCKER_OPTIONS
        if row.flag in _DOCKER
    ),
)
START: Final = (
    flag("--build", help="Build the framework's runtime image first if it does not exist."),
    flag("-d", "--detach", help="Run in the background."),
    flag("--wait", help="With --detach: wait until the model is served."),
    click.option(
        "--timeout",
        type=types.SECONDS,
        default=1800.0,
        metavar="SECONDS",
        help="Time limit for the start, including the download of the model (default: 1800).",
    ),
    flag("--dry-run", help="Print the command instead of running it."),
)
_GROUPS: Final = (
    ("What to serve", _WHAT),
    ("Services", _SERVICES),
    ("In the containers", _INSIDE),
    ("Limits and docker's own options", _LIMITS),
)
_COMMON: Final = frozenset(
    (
        *("model", "topology", "workers", "gpus_per_worker", "gpus", "port", "name", "image"),
        *("env", "volume", "hf_cache", "build", "detach", "dry_run", "check", "force"),
    )
)


class ServeCommand(RunCommand):
    """A command with the options of `serve`; the words after `--` are for the engine."""

    plugin_command = "serve"
    groups: Groups = (*_GROUPS, ("Start, wait and end", START))
    common = _COMMON

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        pieces = super().collect_usage_pieces(ctx)
        return [*pieces[:-1], f"[--{JOINT}ARGUMENTS]"]


def serve_options(function: F) -> F:
    """Add the options of `serve` that describe what is served to a command."""
    return add_options(function, _GROUPS)
