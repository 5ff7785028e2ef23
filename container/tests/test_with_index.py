# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What `with-index` provides to the command that it runs, in a container like that of a step."""

from __future__ import annotations

import pytest
import trustme
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


@pytest.mark.engine
@pytest.mark.parametrize(
    ("secrets", "certificates"),
    [
        ((), 0),
        (("ca-bundle",), 1),
        (("overlay-ca-bundle",), 1),
        (("ca-bundle", "overlay-ca-bundle"), 2),
    ],
    ids=["none", "the user's", "a plugin's", "both"],
)
def test_certificates_of_the_user_and_of_a_plugin_are_trusted(
    docker: Docker, tmp_path, secrets, certificates
):
    mounts = ["-v", f"{TOOL}:/with-index:ro"]
    for name in secrets:
        # A file whose last line has no end must not join the next one.
        (tmp_path / name).write_bytes(trustme.CA().cert_pem.bytes().rstrip())
        mounts += ["-v", f"{tmp_path / name}:/run/secrets/{name}:ro"]
    count = "grep -c ^-----BEGIN"
    system = "/etc/ssl/certs/ca-certificates.crt"
    script = (
        f"/with-index sh -c '{count} \"${{SSL_CERT_FILE:-{system}}}\" || true'; "
        f"{count} {system} || true"
    )

    out = docker.run("run", "--rm", *mounts, docker.base_image, "sh", "-c", script)

    trusted, systems = (int(line) for line in out.splitlines())
    assert trusted - systems == certificates


@pytest.mark.engine
@pytest.mark.parametrize(
    ("variables", "pip", "uv"),
    [
        ({"EXTRA_INDEX_URLS": "https://extra"}, "", "https://extra"),
        (
            {"EXTRA_INDEX_URLS": "https://extra", "ALL_HASHED": "true"},
            "https://extra",
            "https://extra",
        ),
        ({"TRUSTED_HOSTS": "a b:8080"}, "", ""),
    ],
    ids=["not to pip", "to pip with hashes", "hosts"],
)
def test_indexes_reach_the_programs_that_may_use_them(docker: Docker, variables, pip, uv):
    settings = [f"-e={name}={value}" for name, value in variables.items()]
    script = (
        '/with-index sh -c \'echo "pip $PIP_EXTRA_INDEX_URL"; echo "uv $UV_INDEX"; '
        'echo "$PIP_TRUSTED_HOST,$UV_INSECURE_HOST"\''
    )

    out = docker.run(
        "run", "--rm", "-v", f"{TOOL}:/with-index:ro", *settings, docker.base_image,
        "sh", "-c", script,
    ).splitlines()  # fmt: skip

    hosts = variables.get("TRUSTED_HOSTS", "")
    assert [line.rstrip() for line in out] == [
        f"pip {pip}".rstrip(),
        f"uv {uv}".rstrip(),
        f"{hosts},{hosts}",
    ]
