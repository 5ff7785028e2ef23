# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""From a command's options to its plan: collect the facts, resolve, plan."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from dynamo_container.cli.app import ENVIRONMENT, Session, at_terminal
from dynamo_container.model.names import REPOSITORY
from dynamo_container.model.references import is_repository
from dynamo_container.options import lock_file, rules

if TYPE_CHECKING:
    from dynamo_container.containers.plan import RunPlan
    from dynamo_container.development.plan import DevPlan
    from dynamo_container.images.plan import BuildPlan
    from dynamo_container.model.lock import Lock
    from dynamo_container.model.requests import Discovery, RunRequest
    from dynamo_container.options.build import ResolvedBuild
    from dynamo_container.options.dev_records import DevOptions
    from dynamo_container.options.records import BuildOptions
    from dynamo_container.options.run_facts import RunFacts
    from dynamo_container.options.run_records import RunOptions
    from dynamo_container.options.serve_records import ServeOptions
    from dynamo_container.services.plan import ServePlan

# The functions import their own half of the program: a build does not pay for the planner of runs.


def plan_build(
    session: Session, options: BuildOptions, *, use_lock: bool = True
) -> tuple[BuildPlan, ResolvedBuild]:
    """Return the plan of a build, and what its options amount to; print what was assumed.

    Args:
        session: of this call.
        options: of the command.
        use_lock: whether a lock decides what the images are made of.

    Raises:
        DynamoContainerError: options, plugins or facts do not allow it.
    """
    from dynamo_container.images.planner import plan as plan_images
    from dynamo_container.options.build import resolve_build
    from dynamo_container.options.collect import collect_build

    rules.check_build(options)
    facts = collect_build(options, session.registry, session.describe, session.near())
    session.show_notices(facts.notices)
    resolved = resolve_build(options, facts)
    frameworks = [framework for framework, _ in facts.frameworks]
    plan = plan_images(session.load(*frameworks), resolved.requests, resolved.settings)
    if use_lock and (lock := _fitting_lock(session, options, plan)):
        plan = planned_with(session, resolved, lock)
    session.show((*resolved.warnings, *plan.warnings), plan.notices)
    return plan, resolved


def planned_with(session: Session, resolved: ResolvedBuild, lock: Lock) -> BuildPlan:
    """Return the plan of a build with a lock."""
    from dynamo_container.images.planner import plan as plan_images

    settings = replace(resolved.settings, lock=lock)
    return plan_images(session.registry, resolved.requests, settings)


def _fitting_lock(session: Session, options: BuildOptions, plan: BuildPlan) -> Lock | None:
    """The lock that a build uses; None for none."""
    lock = lock_file.find(options, session.project, trusting=session.trusting)
    if lock is None:
        return None
    # Imported here: most builds have no lock.
    from dynamo_container.locks import use

    decision = use.decide(
        lock, plan, locked=options.locked, frozen=options.frozen, ask=not options.dry_run
    )
    session.show(decision.warnings, decision.notices)
    return lock if decision.used else None


def build_repository(session: Session) -> str:
    """The repository of the images that `build` names, from where `build` would take it."""
    value = os.environ.get(f"{ENVIRONMENT}_BUILD_REPOSITORY") or session.project.defaults().get(
        "build", {}
    ).get("repository")
    return value if isinstance(value, str) and is_repository(value) else REPOSITORY


def plan_run(session: Session, options: RunOptions, *, dry_run: bool) -> RunPlan:
    """Plan a run, and print what was assumed.

    Args:
        session: of this call.
        options: of the command.
        dry_run: whether to go on without an engine.

    Raises:
        DynamoContainerError: options, the engine or plugins do not allow it.
    """
    from dynamo_container.containers.planner import plan as plan_container

    request, _ = _run_request(session, options, terminal=at_terminal(), dry_run=dry_run)
    plan = plan_container(session.registry, request)
    session.show(plan.warnings)
    return plan


def plan_dev(session: Session, options: DevOptions) -> DevPlan:
    """Plan a container to develop in; its warnings are for the call that creates it."""
    from dynamo_container.development import planner
    from dynamo_container.options import dev

    source = dev.collect_source(options, session.near())
    run = dev.run_options(options, source)
    request, facts = _run_request(session, run, terminal=False, dry_run=options.dry_run)
    settings = dev.collect_settings(options, source, trusted=facts.trusted)
    return planner.plan_dev(session.registry, request, settings)


def _run_request(
    session: Session, options: RunOptions, *, terminal: bool, dry_run: bool
) -> tuple[RunRequest, RunFacts]:
    """Return what a run is planned from, with its plugins loaded; print what was assumed."""
    from dynamo_container.options.collect import collect_run
    from dynamo_container.options.run import resolve_run

    rules.check_run(options)
    facts = collect_run(
        options,
        session.registry,
        session.describe,
        near=session.near(),
        terminal=terminal,
        dry_run=dry_run,
        project=session.project.path,
        repository=build_repository(session),
    )
    session.show_notices(facts.notices)
    session.load(*([facts.framework] if facts.framework else []))
    return resolve_run(options, facts), facts


def plan_serve(session: Session, options: ServeOptions, *, dry_run: bool) -> ServePlan:
    """Plan the services of a model, and print what was assumed; see `plan_run`."""
    from dynamo_container.options.collect_serve import collect_serve
    from dynamo_container.options.serve import resolve_serve
    from dynamo_container.services import planner

    rules.check_serve(options)
    facts = collect_serve(
        options,
        session.registry,
        session.describe,
        near=session.near(),
        dry_run=dry_run,
        project=session.project.path,
        repository=build_repository(session),
    )
    session.show_notices(facts.run.notices)
    plan = planner.plan_serve(session.load(facts.run.framework), resolve_serve(options, facts))
    session.show(plan.warnings)
    return plan


def plan_export(session: Session, options: ServeOptions, discovery: Discovery) -> ServePlan:
    """Plan the services of a model for files that are the same on every machine.

    Args:
        session: of this call.
        options: of the command.
        discovery: how services find each other if the user does not say.

    Raises:
        DynamoContainerError: options or plugins do not allow it.
    """
    from dynamo_container.options.collect_serve import collect_export
    from dynamo_container.options.serve import portable, resolve_serve
    from dynamo_container.services import planner

    rules.check_serve(options)
    facts = collect_export(options, session.registry, session.describe)
    request = resolve_serve(portable(options), facts, discovery=discovery)
    plan = planner.plan_serve(session.load(facts.run.framework), request)
    session.show(plan.warnings)
    return plan
