# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
#
# make demo        build an image, serve a model with two workers, ask it a question
# make test        all tests, including those that need a Docker Engine
# make acceptance  build the engines' images from released wheels; check and measure them; validate manifests
# make releases    write the rows of new Dynamo releases, and prove the default rows
# make rows        resolve every row of the release tables again, as of its date
# make bench       run the benchmarks; fails if a limit is exceeded
# make docs        build the site from docs/ into site/; fails on warnings
# make lint        ruff, mypy, the import contract, hadolint, shellcheck, plain English
# make schemas     write the JSON Schemas in docs/schemas/
# make clean       delete the private engine and everything that was made in this folder

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PROJECTS := $(wildcard VERSION pyproject.toml */pyproject.toml plugins/*/pyproject.toml examples/*/pyproject.toml)
# Without examples/overlay: an installed overlay applies to every plan.
DISTRIBUTIONS := core container plugins/none plugins/sglang plugins/trtllm plugins/vllm examples/framework
SHELL := /bin/bash
DOCKERFILES = $(shell git ls-files '*Dockerfile')
SCRIPTS = $(shell git grep -lE '^\#!/(bin/sh|usr/bin/env bash)' -- . ':!*.py')

.PHONY: acceptance bench clean demo docs engine lint releases rows schemas setup test

setup: $(VENV)/installed

$(VENV)/installed: $(PROJECTS)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'pip==26.3'
	$(BIN)/python -m pip install --quiet --group dev $(addprefix --editable ,$(DISTRIBUTIONS))
	touch $@

engine:
	scripts/engine up

# Point docker at the private engine, if there is one, and name its base image.
WITH_ENGINE = eval "$$(scripts/engine env)" &&

demo: setup engine
	$(WITH_ENGINE) $(BIN)/python scripts/demo.py --base-image "$$DYNAMO_CONTAINER_TEST_BASE_IMAGE"

# Each test goes to the next process that is free; `--dist load` would give one of them a long row of slow tests. Groups
# have no effect: pytest 9.2 ignores the names that pytest-xdist 3.8 gives to their tests.
# A test with an engine or processes that fails has a second attempt; the closing line counts these, and what failed is shown.
RERUNS = --reruns 1 --max-suite-reruns 5 --rerun-show-tracebacks
test: setup engine
	$(WITH_ENGINE) DYNAMO_CONTAINER_TEST_ENGINE=required \
	    $(BIN)/python -m pytest --numprocesses auto --dist loadgroup $(RERUNS) $(PYTEST_ARGS)

# This takes more than an hour and 30 GB of disk space.
acceptance: setup engine
	$(WITH_ENGINE) $(BIN)/python scripts/acceptance.py --base-image "$$DYNAMO_CONTAINER_TEST_BASE_IMAGE"
	$(WITH_ENGINE) $(BIN)/python scripts/acceptance_cpu.py --base-image "$$DYNAMO_CONTAINER_TEST_BASE_IMAGE"
	$(WITH_ENGINE) $(BIN)/python scripts/acceptance_beside.py --base-image "$$DYNAMO_CONTAINER_TEST_BASE_IMAGE"
	$(WITH_ENGINE) DYNAMO_CONTAINER_TEST_SLOW=required DYNAMO_CONTAINER_TEST_ENGINE=required \
	    $(BIN)/python -m pytest tests/integration/test_serve.py tests/integration/test_engine_image.py \
	        tests/integration/test_locked_builds.py tests/integration/test_podman_none.py
	scripts/engine up --generation next
	$(BIN)/python scripts/acceptance_lock.py
	scripts/rootless build
	$(WITH_ENGINE) DYNAMO_CONTAINER_TEST_ROOTLESS=required DYNAMO_CONTAINER_TEST_ENGINE=required \
	    $(BIN)/python -m pytest tests/integration/test_rootless_docker.py
	scripts/cluster build
	DYNAMO_CONTAINER_TEST_CLUSTER=required $(BIN)/python -m pytest tests/integration/test_kubernetes.py

# Not all releases of TensorRT-LLM are on the public index, so its rows are written by hand.
releases: setup engine
	for framework in none vllm sglang; do \
	    $(BIN)/dynamo-container releases $$framework --update || exit 1; done
	$(WITH_ENGINE) export DYNAMO_CONTAINER_BUILD_BASE_IMAGE="$$DYNAMO_CONTAINER_TEST_BASE_IMAGE" && \
	    for framework in none vllm sglang; do \
	        $(BIN)/dynamo-container releases $$framework --verify || exit 1; done

rows: setup
	$(BIN)/python scripts/resolve_rows.py

bench: setup engine
	$(WITH_ENGINE) for bench in local_dev many_at_once overhead; do \
	    $(BIN)/python bench/$$bench.py --base-image "$$DYNAMO_CONTAINER_TEST_BASE_IMAGE" || exit 1; done
	$(BIN)/python bench/start_up.py
	$(WITH_ENGINE) $(BIN)/python bench/locked.py --base-image "$$DYNAMO_CONTAINER_TEST_BASE_IMAGE"
	scripts/engine up --generation next
	eval "$$(scripts/engine env --generation next)" && \
	    $(BIN)/python bench/many_at_once.py --base-image "$$DYNAMO_CONTAINER_TEST_BASE_IMAGE"; \
	    status=$$?; scripts/engine down --generation next; exit $$status

# The variable suppresses a notice of mkdocs-material about its successor.
docs: $(VENV)/docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

$(VENV)/docs: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --group docs
	touch $@

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint $(DOCKERFILES)
	$(BIN)/shellcheck $(SCRIPTS)
	$(BIN)/python scripts/lint_words.py
	$(BIN)/python scripts/schemas.py --check

schemas: setup
	$(BIN)/python scripts/schemas.py

clean:
	scripts/engine purge
	scripts/cluster purge
	scripts/rootless purge
	rm -rf $(VENV) dist site .nox .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
