# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What `with-index` provides to the command that it runs, in a container like that of a step."""

from __future__ import annotations

import pytest
from dynamo_container_images import plugin
from running import Docker

TOOL = plugin.HERE / "scripts" / "bin" / "with-index"


@pytest.mark.engine
def test_git_finds_the_netrc_and_no_layer_contains_it(docker: Docker, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine my.git login u password p\n")
    script = "/with-index cat /root/.netrc; ls -A /root; /with-index sh -c 'exit 7' || echo is $?"
    mounts = ("-v", f"{TOOL}:/with-index:ro", "-v", f"{netrc}:/run/secrets/netrc:ro")

    out = docker.run("run", "--rm", *mounts, docker.base_image, "sh", "-c", script)

    assert out.startswith("machine my.git login u password p")
    assert ".netrc" not in out
    # A command that fails keeps its exit status.
    assert out.endswith("is 7")
