# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`--dev-image`: what local-dev is made from, by its labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from dynamo_container.cli.app import Session
from dynamo_container.docker import engine
from dynamo_container.errors import EngineError, UsageError
from dynamo_container.model.names import (
    CUDA_LABEL,
    DEV_TARGET,
    DYNAMO_LABEL,
    FRAMEWORK_LABEL,
    LOCAL_DEV_TARGET,
    TARGET_LABEL,
)
from dynamo_container.model.references import is_image, is_reference
from dynamo_container.plugins.registry import Registry

# The stage that an image stands for that lacks what dev has.
RUNTIME: Final = "runtime"
# Options that shape what is in a dev image already; those after them only where it gets its tools.
_NOT_WITH_DEV_IMAGE: Final = (
    "target",
    "base_image",
    "runtime_image",
    "dynamo_version",
    "cuda_version",
    "enable_kvbm",
    "no_latest",
)
# Options with which no is an answer, too.
_YES_OR_NO: Final = ("enable_kvbm",)
_ONLY_WITH_TOOLS: Final = ("resolve_as_of", "index_url", "extra_index_url")


@dataclass(frozen=True, slots=True, kw_only=True)
class DevImage:
    """An image that local-dev is made from, the stage that it stands for, and what its labels say:
    its framework, its Dynamo release and its CUDA_LABEL version; empty where nobody knows.
    """

    name: str
    stage: str
    framework: str = ""
    dynamo: str = ""
    cuda: str = ""


def dev_image_from(session: Session, params: dict[str, Any]) -> DevImage | None:
    """What `--dev-image` asks for."""
    name = params["dev_image"]
    if not name:
        return None
    plain = name.partition("@")[0]
    if not is_image(name) or not is_reference(plain) or name.startswith("sha256:"):
        raise UsageError(f"--dev-image {name!r} is no image reference", "for example: my-image:dev")
    if plain.endswith(f"-{LOCAL_DEV_TARGET}"):
        raise UsageError(
            f"--dev-image {name} is a local-dev image already",
            f"name the dev image: {plain.removesuffix(f'-{LOCAL_DEV_TARGET}')}",
        )
    _refuse(params, _NOT_WITH_DEV_IMAGE)
    image = _look_at(session, name)
    if image.stage == DEV_TARGET:
        _refuse(params, _ONLY_WITH_TOOLS)
    return image


def _refuse(params: dict[str, Any], names: tuple[str, ...]) -> None:
    for name in names:
        if params[name] or (params[name] is False and name in _YES_OR_NO):
            raise UsageError(
                f"--{name.replace('_', '-')} means nothing with --dev-image, "
                "which is what local-dev is made from",
                "leave one of them out",
            )


def _look_at(session: Session, name: str) -> DevImage:
    """What the labels of a dev image say. One that is none stands for `runtime`, so that it gets
    what dev has; nobody knows where there is no engine, or the image is not on it.
    """
    try:
        facts = engine.inspect_image(name)
    except EngineError as error:
        session.note(f"{error.what}; assumed: {name} is a dev image of ours")
        return DevImage(name=name, stage=DEV_TARGET)
    if facts is None:
        session.note(f"{name} is not here to be looked at; assumed: a dev image of ours")
        return DevImage(name=name, stage=DEV_TARGET)
    target = facts.label(TARGET_LABEL)
    if target == LOCAL_DEV_TARGET:
        raise UsageError(
            f"--dev-image {name} is a local-dev image already", "name the dev image that it is from"
        )
    if not target:
        session.warn(
            f"{name} is none of ours: it gets the developer tools, "
            "and its own Python environment may not be writable for the user"
        )
    return DevImage(
        name=name,
        stage=DEV_TARGET if target == DEV_TARGET else RUNTIME,
        framework=facts.label(FRAMEWORK_LABEL),
        dynamo=facts.label(DYNAMO_LABEL),
        cuda=facts.label(CUDA_LABEL),
    )


def framework_of(registry: Registry, names: tuple[str, ...], image: DevImage) -> str:
    """The framework of a dev image: as its label says, else as it is named."""
    named = {registry.framework(name) for name in names}
    if image.framework and named - {image.framework}:
        raise UsageError(
            f"{image.name} is of the framework {image.framework!r}", "leave the other one out"
        )
    if len(named) > 1:
        raise UsageError("--dev-image is of one framework", "build them one by one")
    name = image.framework or next(iter(named), "")
    return registry.framework(name) if name else registry.default_framework()
