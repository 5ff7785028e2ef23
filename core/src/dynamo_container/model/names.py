# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Names that several modules share, each defined once: labels, stages, build arguments."""

from __future__ import annotations

from typing import Final

# The distribution of this core.
CORE_DISTRIBUTION: Final = "dynamo-container"
# The distribution whose version is the Dynamo release, and the project of a Dynamo checkout.
DYNAMO: Final = "ai-dynamo"
# The pin that states the CUDA version of an image.
CUDA: Final = "cuda"
# The pin that states the CUDA version that PyTorch in the image is built for.
TORCH_CUDA: Final = "torch-cuda"

# The devices that the core itself knows: NVIDIA GPUs, and no accelerator. Plugins add others.
CUDA_DEVICE: Final = "cuda"
CPU_DEVICE: Final = "cpu"

# How the layers of an image can be compressed, the default first.
ESTARGZ: Final = "estargz"
COMPRESSIONS: Final = ("zstd", ESTARGZ, "gzip")

# The repository of the tags that we choose.
REPOSITORY: Final = "dynamo"

# Stages, which are also the targets of a build.
# What every serving image is made of.
SERVING_STAGE: Final = "serving"
# The stage that ships.
RUNTIME_STAGE: Final = "runtime"
# The target whose images have no suffix, because developers build it most often.
DEV_TARGET: Final = "dev"
# The target that is built for one user, with that user's UID and GID.
LOCAL_DEV_TARGET: Final = "local-dev"

# Build arguments.
BASE_IMAGE: Final = "BASE_IMAGE"
REQUIREMENTS: Final = "REQUIREMENTS"
RESOLVE_AS_OF: Final = "RESOLVE_AS_OF"
OVERRIDES: Final = "OVERRIDES"
# Packages whose versions the build finds, because no row states them.
DERIVED: Final = "DERIVED"
EXTRA_PACKAGES: Final = "EXTRA_PACKAGES"
CUDA_VERSION: Final = "CUDA_VERSION"
# Whether the engine compiles kernels at run time: `true`, else empty.
COMPILES_KERNELS: Final = "COMPILES_KERNELS"
# Folders below `~/.cache` for what is compiled at run time.
CACHES: Final = "CACHES"
# Separates the caches of build steps, so that one framework's packages cannot change another's.
CACHE_SCOPE: Final = "CACHE_SCOPE"
# Python packages whose bytecode is compiled in the image; empty for all.
COMPILE_PACKAGES: Final = "COMPILE_PACKAGES"
# From how many bytes on the file of a Python package makes it part of the layer of heavy ones.
HEAVY_WHEELS: Final = "HEAVY_WHEELS"
# A module by which an engine's Python is found in an image of others.
ENGINE_MODULE: Final = "ENGINE_MODULE"
ENABLE_KVBM: Final = "ENABLE_KVBM"
INDEX_URL: Final = "INDEX_URL"
EXTRA_INDEX_URLS: Final = "EXTRA_INDEX_URLS"
TRUSTED_HOSTS: Final = "TRUSTED_HOSTS"
RELEASE_BUILD: Final = "RELEASE_BUILD"
MAX_JOBS: Final = "MAX_JOBS"
# Build arguments that a step can mount as a setting instead, by the setting's ID: the step does not
# run again for another value.
SETTINGS: Final = {MAX_JOBS: "max-jobs"}
# Of a lock: requirements with hashes, and the bytes of their files; versions to keep while others
# move, and which ones move; packages of the distribution that a stage installs; the time of
# everything in the images.
LOCKED_WHEELS: Final = "LOCKED_WHEELS"
LOCKED_SIZES: Final = "LOCKED_SIZES"
LOCKED_VERSIONS: Final = "LOCKED_VERSIONS"
UPGRADE: Final = "UPGRADE"
LOCKED_PACKAGES: Final = "LOCKED_PACKAGES"
SOURCE_DATE_EPOCH: Final = "SOURCE_DATE_EPOCH"
USER_UID: Final = "USER_UID"
USER_GID: Final = "USER_GID"

# Secrets: certificates of the user, and those of plugins if the user has some, too.
# Steps trust both.
CA_BUNDLE: Final = "ca-bundle"
OVERLAY_CA_BUNDLE: Final = "overlay-ca-bundle"

# Labels of images and containers.
LABEL_PREFIX: Final = "ai.dynamo.container."
FRAMEWORK_LABEL: Final = f"{LABEL_PREFIX}framework"
TARGET_LABEL: Final = f"{LABEL_PREFIX}target"
DYNAMO_LABEL: Final = f"{LABEL_PREFIX}dynamo"
CUDA_LABEL: Final = f"{LABEL_PREFIX}cuda"
# The device that the image is for, if that is not an NVIDIA GPU.
DEVICE_LABEL: Final = f"{LABEL_PREFIX}device"
# The parts of Dynamo that the image has because the user asked for them: `planner`.
EXTRAS_LABEL: Final = f"{LABEL_PREFIX}extras"
# The image of others that has the engine, if Dynamo was put beside it.
ENGINE_IMAGE_LABEL: Final = f"{LABEL_PREFIX}engine-image"
# The oldest NVIDIA driver that can run the image.
DRIVER_LABEL: Final = f"{LABEL_PREFIX}driver"
# The GPU architectures for which packages hold native code: `torch=9.0,12.0+PTX vllm=9.0`.
KERNELS_LABEL: Final = f"{LABEL_PREFIX}kernels"
# The packages that the plan pinned: `ai-dynamo==1.4.2 nixl==1.3.2 torch-cuda==13.0`.
PINS_LABEL: Final = f"{LABEL_PREFIX}pins"
PLUGINS_LABEL: Final = f"{LABEL_PREFIX}plugins"
USER_LABEL: Final = f"{LABEL_PREFIX}user"
HOME_LABEL: Final = f"{LABEL_PREFIX}home"
UID_LABEL: Final = f"{LABEL_PREFIX}uid"
# The hash of the plan: of what shapes the image, and of nothing else.
PLAN_LABEL: Final = f"{LABEL_PREFIX}plan"
# Set on the containers that `run` starts, and on no image: the framework, `UID@HOST` of who called,
# and the folder of the project.
RUN_LABEL: Final = f"{LABEL_PREFIX}run"
OWNER_LABEL: Final = f"{LABEL_PREFIX}owner"
PROJECT_LABEL: Final = f"{LABEL_PREFIX}project"
# Set on the containers that `serve` starts: the name of the project.
SERVE_LABEL: Final = f"{LABEL_PREFIX}serve"
# Set on the containers that `dev` creates: the folder that is developed, and what the container was
# created with.
DEV_LABEL: Final = f"{LABEL_PREFIX}dev"
DEV_PLAN_LABEL: Final = f"{LABEL_PREFIX}dev-plan"
# Set on containers in the foreground: which call of `run` started it.
CALL_LABEL: Final = f"{LABEL_PREFIX}call"
# All of them. An image inherits the labels of the image that it is built from.
LABELS: Final = (
    *(FRAMEWORK_LABEL, TARGET_LABEL, DYNAMO_LABEL, CUDA_LABEL, DEVICE_LABEL, EXTRAS_LABEL),
    *(ENGINE_IMAGE_LABEL, DRIVER_LABEL, KERNELS_LABEL, PINS_LABEL, PLUGINS_LABEL, USER_LABEL),
    *(HOME_LABEL, UID_LABEL, PLAN_LABEL, RUN_LABEL, OWNER_LABEL, PROJECT_LABEL, SERVE_LABEL),
    *(DEV_LABEL, DEV_PLAN_LABEL, CALL_LABEL),
)

# The number of files that a container may open.
DEFAULT_FILES: Final = 65536
