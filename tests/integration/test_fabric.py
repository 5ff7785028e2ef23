# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""EFA on a runtime, with a stand-in for AWS's installer: that one comes from AWS alone."""

from __future__ import annotations

import pytest
from running import Cli, Docker

INSTALLER = """\
#!/bin/sh
set -eu
[ "$*" = "--yes --skip-kmod --skip-limit-conf --no-verify" ]
command -v lspci >/dev/null
mkdir -p /opt/amazon/efa/bin /opt/amazon/efa/lib
echo 'echo it is here' >/opt/amazon/efa/bin/fi_info
chmod 755 /opt/amazon/efa/bin/fi_info
"""
BASE = """
@hookimpl
def dynamo_container_base_images(request):
    yield BaseImage(stage="runtime", image={image!r})
"""
RUNTIME = "ARG BASE_IMAGE=scratch\nFROM ${BASE_IMAGE} AS runtime\nUSER 1000:0\n"


@pytest.mark.engine
@pytest.mark.usefixtures("engine_environment")
def test_efa_is_installed_upon_a_runtime_whose_user_stays(
    cli: Cli, docker: Docker, site, tmp_path, tag
):
    site.framework("tiny", BASE.format(image=docker.base_image), dockerfile=RUNTIME)
    script = tmp_path / "installer" / "opt" / "efa" / "efa_installer.sh"
    script.parent.mkdir(parents=True)
    script.write_text(INSTALLER)
    script.chmod(0o755)
    image = tag("efa")

    cli.ok(
        "build", "tiny", "--make-efa", "--build-context", f"installer={tmp_path / 'installer'}",
        "--base-image", docker.base_image, "--tag", image, "--no-latest",
    )  # fmt: skip

    assert docker.run("run", "--rm", image, "sh", "-c", "id -u; fi_info") == "1000\nit is here"
    assert "/opt/amazon/efa/lib" in docker.run("run", "--rm", image, "cat", CONFIGURATION)


CONFIGURATION = "/etc/ld.so.conf.d/dynamo-efa.conf"


def test_what_is_built_upon_a_runtime_is_built_upon_efa(cli):
    words = ("build", "none", "--make-efa", "--target", "dev", "--efa-version", "1.47.0")

    targets = cli.ok(*words, "--dry-run").definition["target"]

    assert targets["efa"]["args"] == {"EFA_VERSION": "1.47.0"}
    (dev,) = [one for one in targets.values() if one["target"] == "dev"]
    assert dev["contexts"]["runtime"] == "target:efa"


def test_nixl_from_source_is_upon_the_runtime_too_and_compiled_by_the_image_that_is_said(cli):
    words = ("build", "none", "--make-efa", "--nixl-ref", "v1.3.2", "--builder-image", "my/cuda:1")

    targets = cli.ok(*words, "--target", "runtime", "--dry-run").definition["target"]

    (nixl,) = [one for one in targets.values() if one["target"] == "nixl"]
    assert nixl["contexts"]["runtime"] == "target:efa"
    assert nixl["args"]["BUILDER_IMAGE"] == "my/cuda:1"
    assert (nixl["args"]["NIXL_REF"], nixl["args"]["UCX_REF"]) == ("v1.3.2", "v1.21.0")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--efa-version", "1.47.0"), "--efa-version means nothing without --make-efa"),
        (("--make-efa", "--efa-version", "new"), "is no version"),
        (("--make-efa", "--target", "wheels"), "--make-efa means nothing for the target"),
        (("--nixl-ref", "v1.3.2", "--target", "tools"), "--nixl-ref means nothing for the target"),
        (("--ucx-ref", "v1.20.0"), "--ucx-ref means nothing without --nixl-ref"),
    ],
)
def test_what_means_nothing_is_an_error(cli, words, message):
    result = cli("build", "none", *words)

    assert result.status == 2
    assert message in result.err
