# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""EFA and NIXL on a runtime. A stand-in replaces AWS's installer, which only AWS distributes."""

from __future__ import annotations

import pytest
from running import Cli, Docker

INSTALLER = """\
#!/bin/sh
set -eu
[ "$*" = "--yes --skip-kmod --skip-limit-conf --no-verify" ]
command -v lspci >/dev/null
mkdir -p /opt/amazon/efa/bin /opt/amazon/efa/lib
echo 'echo installed' >/opt/amazon/efa/bin/fi_info
chmod 755 /opt/amazon/efa/bin/fi_info
"""
BASE = """
@hookimpl
def dynamo_container_base_images(request):
    yield BaseImage(stage="runtime", image={image!r})
"""
RUNTIME = "ARG BASE_IMAGE=scratch\nFROM ${BASE_IMAGE} AS runtime\nUSER 1000:1000\n"


@pytest.mark.engine
@pytest.mark.usefixtures("engine_environment")
def test_efa_extends_a_runtime_and_keeps_its_user(cli: Cli, docker: Docker, site, tmp_path, tag):
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

    assert docker.run("run", "--rm", image, "sh", "-c", "id -u; fi_info") == "1000\ninstalled"
    assert "/opt/amazon/efa/lib" in docker.run("run", "--rm", image, "cat", CONFIGURATION)


CONFIGURATION = "/etc/ld.so.conf.d/dynamo-efa.conf"


def test_stages_that_need_a_runtime_get_it_with_efa(cli):
    words = ("build", "none", "--make-efa", "--target", "dev", "--efa-version", "1.47.0")

    targets = cli.ok(*words, "--dry-run").definition["target"]

    assert targets["efa"]["args"] == {"EFA_VERSION": "1.47.0"}
    (dev,) = [target for target in targets.values() if target["target"] == "dev"]
    assert dev["contexts"]["runtime"] == "target:efa"


def test_nixl_from_source_extends_the_runtime_with_efa_and_is_compiled_by_the_builder_image(cli):
    words = ("build", "none", "--make-efa", "--nixl-ref", "v1.3.2", "--builder-image", "my/cuda:1")

    targets = cli.ok(*words, "--target", "runtime", "--dry-run").definition["target"]

    (nixl,) = [target for target in targets.values() if target["target"] == "nixl"]
    assert nixl["contexts"]["runtime"] == "target:efa"
    assert nixl["args"]["BUILDER_IMAGE"] == "my/cuda:1"
    assert (nixl["args"]["NIXL_REF"], nixl["args"]["UCX_REF"]) == ("v1.3.2", "v1.21.0")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--efa-version", "1.47.0"), "--efa-version requires --make-efa"),
        (("--make-efa", "--efa-version", "new"), "'new' is not a valid version"),
        (("--make-efa", "--target", "wheels"), "--make-efa"),
        (("--nixl-ref", "v1.3.2", "--target", "tools"), "--nixl-ref"),
        (("--ucx-ref", "v1.20.0"), "--ucx-ref requires --nixl-ref"),
    ],
)
def test_options_that_have_no_effect_are_refused(cli, words, message):
    result = cli("build", "none", *words)

    assert result.status == 2
    assert message in result.err
