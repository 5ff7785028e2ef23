# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Which options go together: one table, which gives the messages, the documentation and the tests.

A rule is about an option that was given: its value differs from the record's default.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

from dynamo_container.errors import UsageError
from dynamo_container.model.names import CUDA_DEVICE, DEV_TARGET, LOCAL_DEV_TARGET
from dynamo_container.options.syntax import NONE

if TYPE_CHECKING:
    from dynamo_container.options.facts import BuildFacts
    from dynamo_container.options.records import BuildOptions, Options
    from dynamo_container.options.run_records import RunOptions
    from dynamo_container.options.serve_records import ServeOptions

# The next step for an option of other commands, if it is another one than to omit it.
_INSTEAD: Final = {
    ("update", "--dry-run"): "see what is newer: dynamo-container outdated",
    ("outdated", "--dry-run"): "omit it: outdated changes nothing",
}
Relation: TypeAlias = Literal["requires", "excludes"]


class Rule(NamedTuple):
    """A rule about an option.

    Attributes:
        option: its flag, such as `--sccache-bucket`, or the name of a condition.
        relation: `requires`: at least one of the others must hold; `excludes`: none may.
        others: flags, or names of conditions.
        reason: why, for the message; may be empty.
        hint: what to do next; empty for the usual hint.
        command_line_only: whether only the command line counts, not the project file or the
            environment, which apply to many calls.
    """

    option: str
    relation: Relation
    others: tuple[str, ...]
    reason: str = ""
    hint: str = ""
    command_line_only: bool = False

    def sentence(self) -> str:
        """Return the rule as a sentence, as messages and the documentation have it."""
        verb = "requires" if self.relation == "requires" else "cannot be used with"
        reason = f": {self.reason}" if self.reason else ""
        return f"{self.option} {verb} {' or '.join(self.others)}{reason}"


def _requires(option: str, *others: str, reason: str = "", hint: str = "") -> Rule:
    return Rule(option=option, relation="requires", others=others, reason=reason, hint=hint)


def _excludes(option: str, *others: str, reason: str = "", hint: str = "") -> Rule:
    return Rule(option=option, relation="excludes", others=others, reason=reason, hint=hint)


# Conditions that are not options.
_CHECKOUT: Final = "a Dynamo checkout (--source PATH)"
_SOURCE: Final = "--source PATH"
_LOCAL_DEV: Final = f"--target {LOCAL_DEV_TARGET}"
_FINISHED_DEV_IMAGE: Final = "--dev-image of a dev image"
_BUCKET: Final = "--sccache-bucket with --sccache-region"
_OTHER_DEVICE: Final = f"--device other than {CUDA_DEVICE}"
_NO_LOCK: Final = "--lock none"
_PUSH_ONLY: Final = "--push without --load"
_SEVERAL: Final = "several frameworks"
_CLOSED_NETWORK: Final = "--network host, none or container:NAME"

BUILD_RULES: Final = (
    _requires("--base-image-tag", "--base-image", hint="add it, or use --base-image IMAGE:TAG"),
    _excludes(_SOURCE, "--dynamo-version", "--dev-image", reason="both select a Dynamo"),
    *(
        _requires(
            flag,
            _CHECKOUT,
            reason="it is about what is compiled from source",
            hint=f"add --source PATH, or omit {flag}",
        )
        for flag in ("--version-override", "--release-build", "--use-sccache")
    ),
    *(
        _requires(flag, "--use-sccache")
        for flag in ("--sccache-bucket", "--sccache-region", "--sccache-local")
    ),
    _excludes("--sccache-local", "--sccache-bucket", "--sccache-region"),
    _requires("--use-sccache", "--sccache-local", _BUCKET),
    *(
        _excludes(flag, "--dev-image", reason="local-dev is built from that image as it is")
        for flag in (
            "--target",
            "--base-image",
            "--runtime-image",
            "--dynamo-version",
            "--cuda-version",
            "--device",
            "--enable-kvbm",
            "--engine-image",
            "--no-latest",
        )
    ),
    *(
        _excludes(flag, _FINISHED_DEV_IMAGE, reason="nothing is installed in it")
        for flag in ("--resolve-as-of", "--index-url", "--extra-index-url")
    ),
    *(_requires(flag, _LOCAL_DEV) for flag in ("--uid", "--gid")),
    _requires("--compression", "--push", reason="it is about what is sent to a registry"),
    *(
        _excludes(flag, "--engine-image", reason="nothing of the engine's image is changed")
        for flag in ("--cuda-version", "--runtime-image", "--enable-kvbm", _SOURCE)
    ),
    _excludes("--engine-image", _SEVERAL, reason="an image has one engine"),
    _excludes("--cuda-version", _OTHER_DEVICE, reason="only NVIDIA GPUs have CUDA"),
    _excludes("--max-size", _PUSH_ONLY, reason="the engine does not have the image then"),
    *(_excludes(flag, _NO_LOCK) for flag in ("--locked", "--frozen")),
)

RUN_RULES: Final = (
    _excludes("--target", "--image"),
    _requires("--wait", "--detach"),
    _requires("--wait-for", "--wait"),
    Rule(
        option="--wait-timeout",
        relation="requires",
        others=("--wait",),
        hint="add --detach --wait, or omit it",
        command_line_only=True,
    ),
    _excludes("--port", _CLOSED_NETWORK),
    _excludes("--mount-workspace", "--volume at /workspace", reason="both mount there"),
    _excludes("--tmpfs", "--volume at the same path", reason="both mount there"),
    *(
        _excludes("--hardened", flag, reason="it opens what --hardened closes")
        for flag in ("--privileged", "--use-nixl-gds")
    ),
    _excludes("--restart", "--rm TRUE", reason="docker cannot restart what it deletes"),
)

SERVE_RULES: Final = (
    _excludes("--target", "--image"),
    _excludes("--build", "--image", reason="only a framework's own image is built"),
    _requires("--wait", "--detach"),
    _requires("--served-model-name", "--model"),
)

BuildCondition: TypeAlias = "Callable[[BuildOptions, BuildFacts], bool]"
RunCondition: TypeAlias = "Callable[[RunOptions], bool]"


def _targets(options: BuildOptions, facts: BuildFacts) -> tuple[str, ...]:
    return (LOCAL_DEV_TARGET,) if options.dev_image else options.target or facts.default_targets


def _has_closed_network(options: RunOptions) -> bool:
    network = options.network or ""
    return network in ("host", NONE) or network.startswith("container:")


BUILD_CONDITIONS: Final[dict[str, BuildCondition]] = {
    _CHECKOUT: lambda _, facts: facts.checkout is not None,
    _SEVERAL: lambda _, facts: len(facts.frameworks) > 1,
    _LOCAL_DEV: lambda options, facts: LOCAL_DEV_TARGET in _targets(options, facts),
    _FINISHED_DEV_IMAGE: lambda options, facts: (
        bool(options.dev_image) and facts.dev_image_stage == DEV_TARGET
    ),
}
BUILD_OPTION_CONDITIONS: Final[dict[str, Callable[[BuildOptions], bool]]] = {
    _OTHER_DEVICE: lambda options: options.device not in (None, CUDA_DEVICE),
    _NO_LOCK: lambda options: options.lock == NONE,
    _PUSH_ONLY: lambda options: options.push and not options.load,
    _SOURCE: lambda options: options.source not in (None, NONE),
    _BUCKET: lambda options: bool(options.sccache_bucket and options.sccache_region),
}
RUN_CONDITIONS: Final[dict[str, RunCondition]] = {
    _CLOSED_NETWORK: _has_closed_network,
    "--volume at /workspace": lambda options: any(
        mount.target == "/workspace" for mount in options.volume
    ),
    "--volume at the same path": lambda options: bool(
        {mount.target for mount in options.volume} & {mount.target for mount in options.tmpfs}
    ),
    "--rm TRUE": lambda options: (
        options.rm and bool(options.origin("--rm")) and options.restart != "no"
    ),
}


def not_of_command(flag: str, command: str) -> UsageError:
    """Return the error for an option of other commands."""
    return UsageError(
        f"{flag} cannot be used with {command}", _INSTEAD.get((command, flag), "omit it")
    )


def check_build(options: BuildOptions, facts: BuildFacts | None = None) -> None:
    """Check the options of a build against the table.

    Args:
        options: of the command.
        facts: None before they are collected; rules about facts are then left for later.

    Raises:
        UsageError: a rule is broken.
    """
    conditions = {name: holds(options) for name, holds in BUILD_OPTION_CONDITIONS.items()}
    if facts is None:
        _check([rule for rule in BUILD_RULES if not _needs_facts(rule)], options, conditions)
        return
    conditions |= {name: holds(options, facts) for name, holds in BUILD_CONDITIONS.items()}
    _check(BUILD_RULES, options, conditions)


def _needs_facts(rule: Rule) -> bool:
    return any(name in BUILD_CONDITIONS for name in (rule.option, *rule.others))


def check_run(options: RunOptions) -> None:
    """Check the options of a run against the table.

    Raises:
        UsageError: a rule is broken.
    """
    _check(RUN_RULES, options, {name: holds(options) for name, holds in RUN_CONDITIONS.items()})
    if options.docker_arg:
        # Imported here: few runs have the option.
        from dynamo_container.options.docker_options import require_own_options

        require_own_options(options)


def check_serve(options: ServeOptions) -> None:
    """Check the options of `serve` or `export` against the table.

    Raises:
        UsageError: a rule is broken.
    """
    _check(SERVE_RULES, options, {name: holds(options) for name, holds in RUN_CONDITIONS.items()})


def _check(rules: Iterable[Rule], options: Options, conditions: dict[str, bool]) -> None:
    for rule in rules:
        if not _holds(rule.option, options, conditions):
            continue
        if rule.command_line_only and options.origin(rule.option) != "command line":
            continue
        others = [name for name in rule.others if _holds(name, options, conditions)]
        if rule.relation == "requires" and not others:
            raise UsageError(rule.sentence(), rule.hint or "add it, or omit the option")
        if rule.relation == "excludes" and others:
            broken = rule._replace(others=(others[0],))
            raise UsageError(broken.sentence(), rule.hint or "omit one of them")


def _holds(name: str, options: Options, conditions: dict[str, bool]) -> bool:
    """Whether a condition holds, or an option was given."""
    return conditions[name] if name in conditions else is_given(options, name)


def is_given(options: Options, flag: str) -> bool:
    """Whether an option was given a value other than its default."""
    field = flag[2:].replace("-", "_")
    return bool(getattr(options, field) != type(options).__dataclass_fields__[field].default)
