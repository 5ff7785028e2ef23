# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What each option reaches, if a project file sets it: options that reach outside of the image or
the container require the caller's trust in the file. An option in neither table requires it too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# They choose among what the installed plugins offer, or limit it.
HARMLESS: Final[Mapping[str, frozenset[str]]] = {
    "build": frozenset(
        {
            "compression",
            "cuda_version",
            "device",
            "dry_run",
            "dynamo_version",
            "enable_kvbm",
            "framework",
            "frozen",
            "gid",
            "load",
            "locked",
            "max_jobs",
            "max_size",
            "no_cache",
            "no_latest",
            "platform",
            "progress",
            "pull",
            "release_build",
            "resolve_as_of",
            "sccache_local",
            "target",
            "uid",
            "version_override",
        }
    ),
    "run": frozenset(
        {
            "cap_drop",
            "cpus",
            "detach",
            "dry_run",
            "framework",
            "gpus",
            "hardened",
            "health_interval",
            "health_retries",
            "health_start_period",
            "health_timeout",
            "hostname",
            "init",
            "interactive",
            "memory",
            "name",
            "no_preflight",
            "pids_limit",
            "platform",
            "port",
            "pull",
            "read_only",
            "rm",
            "shm_size",
            "target",
            "tmpfs",
            "tty",
            "ulimit",
            "wait",
            "wait_timeout",
            "workdir",
        }
    ),
    "serve": frozenset(
        {
            "cpus",
            "detach",
            "dry_run",
            "framework",
            "gpus",
            "gpus_per_worker",
            "hardened",
            "memory",
            "name",
            "no_preflight",
            "served_model_name",
            "shm_size",
            "target",
            "timeout",
            "topology",
            "ulimit",
            "wait",
            "workers",
        }
    ),
}
_IMAGE: Final = "an image that steps run in"
_CACHE: Final = "a registry or a folder that is read or written"
REACHES: Final[Mapping[str, Mapping[str, str]]] = {
    "build": {
        "add_host": "which servers names lead to",
        "base_image": _IMAGE,
        "base_image_tag": _IMAGE,
        "build_arg": "variables of the environment, and what is installed",
        "build_context": "folders of this machine",
        "builder": "the machine that gets the secrets",
        "ca_bundle": "files of this machine, and which servers are trusted",
        "cache": _CACHE,
        "cache_from": _CACHE,
        "cache_to": _CACHE,
        "dev_image": _IMAGE,
        "engine_image": _IMAGE,
        "extra_index_url": "a server that packages come from",
        "index_url": "a server that packages come from",
        "lock": "a file that decides what images are made of",
        "network": "servers of the builder that listen to itself only",
        "no_plugin": "which plugins count, such as a company's policy",
        "provenance": "what is published about the build",
        "push": "registries, with your credentials",
        "report": "a file of this machine, which is overwritten",
        "repository": "the names of images, which are replaced or pushed",
        "runtime_image": _IMAGE,
        "sbom": "an image that reads the result",
        "sccache_bucket": "a bucket, with your credentials",
        "sccache_region": "a bucket, with your credentials",
        "secret": "files of this machine and variables of the environment",
        "source": "folders of this machine",
        "stage": _IMAGE,
        "tag": "the names of images, which are replaced or pushed",
        "trusted_host": "servers whose certificates are not checked",
        "use_sccache": "a bucket, with your credentials",
    },
    "run": {
        "add_host": "which servers names lead to",
        "cap_add": "privileges on this machine",
        "device": "devices of this machine",
        "docker_arg": "everything that docker can do",
        "entrypoint": "the program that runs with your mounts and variables",
        "env": "variables of the environment, and how programs start",
        "env_file": "files of this machine",
        "group_add": "groups that mounted folders belong to",
        "health_cmd": "a program that runs with your mounts and variables",
        "hf_cache": "folders of this machine",
        "image": "the program that runs with your mounts and variables",
        "ipc": "memory of other processes",
        "mount_workspace": "folders of this machine, and HF_TOKEN",
        "network": "networks of other containers",
        "no_plugin": "which plugins count, such as a company's policy",
        "privileged": "this machine",
        "restart": "containers that start again after this machine does",
        "runtime": "the engine's runtimes",
        "security_opt": "protections of this machine",
        "use_nixl_gds": "folders and privileges of this machine",
        "userns": "users of this machine",
        "user": "the user that mounted folders are written as",
        "volume": "folders of this machine",
        "wait_for": "a program that runs with your mounts and variables",
    },
    "serve": {
        "add_host": "which servers names lead to",
        "build": "an image that is built and replaced",
        "device": "devices of this machine",
        "discovery": "servers that services report to",
        "env": "variables of the environment, and how programs start",
        "group_add": "groups that mounted folders belong to",
        "hf_cache": "folders of this machine",
        "image": "the program that runs with your mounts and variables",
        "model": "folders of this machine, and programs that a model can contain",
        "no_plugin": "which plugins count, such as a company's policy",
        "port": "who can reach the model",
        "user": "the user that mounted folders are written as",
        "volume": "folders of this machine",
    },
}


def requires_trust(command: str, option: str) -> bool:
    """Whether a project file that sets an option of the core requires the caller's trust.

    Args:
        command: `build`, `run` or `serve`.
        option: its name, with underscores.
    """
    return option not in HARMLESS.get(command, ())
