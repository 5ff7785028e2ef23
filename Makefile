# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
#
# make demo   the main job on real input: build an image, serve a model, ask it something
# make test   every test, those on a real Docker Engine included
# make acceptance   the engines' images from real wheels, built, checked and measured
# make bench  what is measured, and against what
# make docs   the site in site/, from docs/, and no warning
# make lint   ruff, mypy, the import rules, hadolint, shellcheck
# make clean  what the above made in this folder, and the private engine

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PROJECTS := $(wildcard VERSION pyproject.toml */pyproject.toml plugins/*/pyproject.toml examples/*/pyproject.toml)
# Not the example of an overlay: it would have a say in every plan here.
DISTRIBUTIONS := core container plugins/none plugins/sglang plugins/trtllm plugins/vllm examples/framework
SHELL := /bin/bash
DOCKERFILES = $(shell git ls-files '*Dockerfile')
SCRIPTS = $(shell git grep -lE '^\#!/(bin/sh|usr/bin/env bash)' -- . ':!*.py')

.PHONY: acceptance bench demo docs test lint clean engine setup

setup: $(VENV)/installed

$(VENV)/installed: $(PROJECTS)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'pip==26.3'
	$(BIN)/python -m pip install --quiet --group dev $(addprefix --editable ,$(DISTRIBUTIONS))
	touch $@

engine:
	scripts/engine up

# The environment of the private engine, where there is one; the base image that it has.
WITH_ENGINE = eval "$$(scripts/engine env)" &&

demo: setup engine
	$(WITH_ENGINE) $(BIN)/python scripts/demo.py --base-image "$$DYNAMO_CONTAINER_TEST_BASE_IMAGE"

test: setup engine
	$(WITH_ENGINE) DYNAMO_CONTAINER_TEST_ENGINE=required $(BIN)/python -m pytest $(PYTEST_ARGS)

# Takes half an hour and 30 GB of disk.
acceptance: setup engine
	$(WITH_ENGINE) $(BIN)/python scripts/acceptance.py --base-image "$$DYNAMO_CONTAINER_TEST_BASE_IMAGE"

bench: setup engine
	$(WITH_ENGINE) for bench in local_dev many_at_once overhead; do \
	    $(BIN)/python bench/$$bench.py --base-image "$$DYNAMO_CONTAINER_TEST_BASE_IMAGE" || exit 1; done
	$(BIN)/python bench/start_up.py
	scripts/engine up --generation next
	eval "$$(scripts/engine env --generation next)" && \
	    $(BIN)/python bench/many_at_once.py --base-image "$$DYNAMO_CONTAINER_TEST_BASE_IMAGE"; \
	    status=$$?; scripts/engine down --generation next; exit $$status

# mkdocs-material prints a notice about its successor, which is no fault of the pages.
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

clean:
	scripts/engine purge
	rm -rf $(VENV) dist site .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
