# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Which framework a call is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from dynamo_container.errors import UsageError
from dynamo_container.model.names import FRAMEWORK_LABEL

if TYPE_CHECKING:
    from dynamo_container.model.facts import ImageInfo
    from dynamo_container.model.values import Framework
    from dynamo_container.options.records import BuildOptions
    from dynamo_container.options.run_records import RunOptions
    from dynamo_container.plugins.registry import Registry

# Loads the plugin of a framework and returns its description.
Describe: TypeAlias = Callable[[str], "Framework"]


def select_frameworks(
    registry: Registry, options: BuildOptions, dev_image: ImageInfo | None
) -> tuple[str, ...]:
    """Return the frameworks of a build: the named ones, each once, else the default one.

    Raises:
        UsageError: one is not installed, or does not match the image of `--dev-image`.
    """
    if options.dev_image:
        return (_framework_of_dev_image(registry, options, dev_image),)
    if not options.framework:
        return (registry.default_framework(),)
    return tuple(dict.fromkeys(registry.framework(name) for name in options.framework))


def _framework_of_dev_image(
    registry: Registry, options: BuildOptions, image: ImageInfo | None
) -> str:
    """The framework that the image's label names, else the named one."""
    named = {registry.framework(name) for name in options.framework}
    labelled = image.label(FRAMEWORK_LABEL) if image else ""
    if labelled and named - {labelled}:
        raise UsageError(
            f"{options.dev_image} is an image of the framework {labelled!r}",
            "omit the other framework",
        )
    if len(named) > 1:
        raise UsageError(
            "--dev-image cannot be used with several frameworks", "build them one by one"
        )
    name = labelled or next(iter(named), "")
    return registry.framework(name) if name else registry.default_framework()


def select_framework(registry: Registry, options: RunOptions) -> str:
    """Return the framework of a run: the named one, else the default one; empty if the options name
    an image and no framework.

    Raises:
        UsageError: it is not installed, or two are named.
    """
    names = tuple(dict.fromkeys(registry.framework(name) for name in options.framework))
    if len(names) > 1:
        raise UsageError(
            f"a container runs one framework, not {' and '.join(names)}", "omit one of them"
        )
    if names:
        return names[0]
    return "" if options.image else registry.default_framework()
