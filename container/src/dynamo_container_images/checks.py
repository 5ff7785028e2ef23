# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Checks of every image: who can use it, NIXL, no keys, packages as they were published."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dynamo_container import api

HERE: Final = Path(__file__).parent
DISTRIBUTION: Final = "dynamo-container-images"
# Files that only root can read are searched, too.
ROOT: Final = "0:0"
# A UID that no image knows, as OpenShift assigns them. Theirs are larger; an engine without root's
# privileges has only the first 65,536.
ANY_USER: Final = "54321:0"
# An image without Python has no packages. The script is $0.
IF_PYTHON: Final = """\
command -v python >/dev/null || { echo 'It has no Python, and so no packages.'; exit 0; }
exec python -I -c "$0" "$@"
"""


def checks(request: api.CheckRequest) -> Iterator[api.Check]:
    """Yield the checks of an image that is made of the shared stages; none for other images."""
    if DISTRIBUTION not in request.image_info.label(api.PLUGINS_LABEL):
        return
    if request.image_info.label(api.DYNAMO_LABEL):
        user = "" if request.image_info.label(api.UID_LABEL) or _is_for_root(request) else ANY_USER
        script = ("sh", "-c", _script("check-scripts", "any-user"))
        yield api.Check(name="python3, curl and writable caches", argv=script, user=user)
    nixl = ("sh", "-c", IF_PYTHON, _script("check-scripts", "load-nixl"))
    yield api.Check(name="load NIXL by name, and its plugins", argv=nixl, reports=True)
    if request.image_info.label(api.CUDA_LABEL) or request.image_info.label(api.ENGINE_IMAGE_LABEL):
        promises = request.image_info.label(api.KERNELS_LABEL).split()
        argv = ("python", "-c", _script("check-scripts", "gpu-code"), *promises)
        yield api.Check(name="GPU architectures of native code", argv=argv, reports=True)
    keys, setuid = (_script("check-scripts", name) for name in ("private-keys", "setuid-programs"))
    yield api.Check(name="no private keys", argv=("sh", "-c", keys), user=ROOT)
    yield api.Check(name="setuid programs", argv=("sh", "-c", setuid), user=ROOT, reports=True)
    fast = ("--fast",) if request.fast else ()
    verify = _script("scripts", "bin", "verify-packages")
    name = "packages have the content that they record"
    yield api.Check(name=name, argv=("sh", "-c", IF_PYTHON, verify, *fast))


def _is_for_root(request: api.CheckRequest) -> bool:
    return request.image_info.label(api.USER_LABEL) == "root"


def _script(*parts: str) -> str:
    return HERE.joinpath(*parts).read_text(encoding="utf-8")
