# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What builds download is what was meant: hashes, indexes, keys; and failures are reported soon."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import package_index
import pytest
from dynamo_container_images import plugin
from running import Docker

pytestmark = pytest.mark.engine

SECONDS = 30


@pytest.fixture(scope="module")
def tools(docker: Docker) -> Iterator[str]:
    """The image of the stage `tools`."""
    name = docker.unique("tools")
    bundle = ("--ca-bundle", docker.ca_bundle) if docker.ca_bundle else ()
    subprocess.run(
        [
            sys.executable, "-m", "dynamo_container", "build", "none", "--target", "tools",
            "--base-image", docker.base_image, "--tag", name, "--no-latest", *bundle,
            "--progress", "quiet",
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    yield name
    docker.run("image", "rm", "--force", name, check=False)


@pytest.fixture(scope="module")
def bridge(docker: Docker) -> str:
    """The address at which containers reach this machine."""
    gateway = "{{(index .IPAM.Config 0).Gateway}}"
    return docker.run("network", "inspect", "bridge", "--format", gateway)


@dataclass(frozen=True)
class Ran:
    """What a script in a container of `tools` said, and how long it took."""

    status: int
    out: str
    err: str
    seconds: float

    @property
    def last_line(self) -> str:
        return self.err.strip().splitlines()[-1]


Step = Callable[..., Ran]


@pytest.fixture
def step(tools: str) -> Step:
    """Run a script as a step of a build runs it, with these variables and secrets."""

    def run(script: str, *, secrets: dict[str, Path] | None = None, **variables: str) -> Ran:
        mounts = [f"-v={file}:/run/secrets/{name}:ro" for name, file in (secrets or {}).items()]
        settings = [f"-e={name}={value}" for name, value in variables.items()]
        start = time.monotonic()
        process = subprocess.run(
            ["docker", "run", "--rm", *mounts, *settings, tools, "sh", "-c", f"set -e; {script}"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        seconds = time.monotonic() - start
        return Ran(process.returncode, process.stdout, process.stderr, seconds)

    return run


@dataclass(frozen=True)
class Indexes:
    """A main and an extra index, and how a step gets them."""

    main: package_index.Index
    extra: package_index.Index
    secrets: dict[str, Path]

    @property
    def variables(self) -> dict[str, str]:
        return {"INDEX_URL": self.main.url, "EXTRA_INDEX_URLS": self.extra.url}


@pytest.fixture
def indexes(bridge: str, tmp_path: Path) -> Iterator[Indexes]:
    with ExitStack() as stack:
        served = []
        for name in ("main", "extra"):
            folder = tmp_path / name
            (folder / "wheels").mkdir(parents=True)
            index = package_index.serve(folder / "wheels", bridge, folder, upload_times=True)
            served.append(stack.enter_context(index))
        bundle = tmp_path / "both.pem"
        bundle.write_text("".join(index.ca_bundle.read_text() for index in served))
        main, extra = served
        yield Indexes(main, extra, {"ca-bundle": bundle})


@pytest.fixture(scope="session")
def real_uv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the uv that builds use."""
    folder = tmp_path_factory.mktemp("uv")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    subprocess.run([*pip, "--dest", str(folder), f"uv=={plugin.UV}"], check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


AGAIN = "rm -rf /opt/tools/python; install-uv"
FALSE_UVS = {
    "a higher version": "99.0",
    "the same version": plugin.UV,
    "a build of it": f"{plugin.UV}-1",
    "a local version": f"{plugin.UV}+local",
}


@pytest.mark.parametrize("what", FALSE_UVS)
def test_an_extra_index_cannot_replace_uv(step, indexes, real_uv, tmp_path, what):
    shutil.copy(real_uv, tmp_path / "main" / "wheels")
    version, _, build = FALSE_UVS[what].partition("-")
    wheel = package_index.write_wheel(tmp_path / "extra" / "wheels", "uv", version)
    # For the same platform, so that pip would prefer it to the real one.
    tags = real_uv.name.removeprefix(f"uv-{plugin.UV}-")
    wheel.rename(wheel.with_name("-".join(["uv", version, *([build] if build else []), tags])))

    ran = step(f"{AGAIN} uv=={plugin.UV}; uv --version", secrets=indexes.secrets,
               **indexes.variables)  # fmt: skip

    assert ran.status == 0, ran.err
    assert ran.out.startswith(f"uv {plugin.UV}")
    assert indexes.extra.served == []


@pytest.mark.parametrize("version", [plugin.UV, "99.0"])
def test_a_uv_without_a_known_hash_is_not_installed(step, indexes, tmp_path, version):
    package_index.write_wheel(tmp_path / "main" / "wheels", "uv", version)

    ran = step(f"{AGAIN} uv=={version}", secrets=indexes.secrets, **indexes.variables)

    assert ran.status != 0
    assert "HASH" in ran.err or "--build-arg 'UV=uv==99.0 --hash=sha256:...'" in ran.err


def versions(step: Step, indexes: Indexes, folder: Path, main: str, extra: str) -> dict[str, str]:
    """Return the version of a name on both indexes that uv resolves, and the one that pip gets."""
    for name, version in (("main", main), ("extra", extra)):
        package_index.write_wheel(folder / name / "wheels", "acme-tool", version)
        package_index.write_wheel(folder / name / "wheels", "pip", "99.0")
    script = (
        "with-index resolve /wheels; sed -n 's/^acme-tool==\\([^ ]*\\).*/uv \\1/p' "
        "/wheels/requirements.txt; tools-pip download --no-deps --dest /tmp/pip acme-tool; "
        "ls /tmp/pip | sed 's/acme_tool-\\([0-9.]*\\)-.*/pip \\1/'"
    )
    ran = step(
        script, secrets=indexes.secrets, REQUIREMENTS="acme-tool",
        **indexes.variables,
    )  # fmt: skip
    assert ran.status == 0, ran.err
    return dict(line.split() for line in ran.out.splitlines())


def test_a_name_comes_from_the_extra_index_if_both_have_it_and_pip_sees_only_the_main_one(
    step, indexes, tmp_path
):
    assert versions(step, indexes, tmp_path, main="1.0", extra="2.0") == {"uv": "2.0", "pip": "1.0"}


def test_a_higher_version_on_the_main_index_does_not_replace_a_name_of_the_extra_one(
    step, indexes, tmp_path
):
    assert versions(step, indexes, tmp_path, main="2.0", extra="1.0") == {"uv": "1.0", "pip": "2.0"}


def test_a_package_of_the_extra_index_alone_is_found(step, indexes, tmp_path):
    package_index.write_wheel(tmp_path / "extra" / "wheels", "acme-tool", "1.0")
    package_index.write_wheel(tmp_path / "main" / "wheels", "pip", "99.0")

    ran = step(
        "with-index resolve /wheels; cat /wheels/requirements.txt",
        secrets=indexes.secrets, REQUIREMENTS="acme-tool", **indexes.variables,
    )  # fmt: skip

    assert "acme-tool==1.0" in ran.out
    assert "pip==99.0" in ran.out


# Where a file names another index, and what a checkout or a base image may write into it.
ELSEWHERE = {
    "uv.toml": ("/checkout/uv.toml", '[[index]]\nurl = "{url}"\n'),
    "pyproject.toml": ("/checkout/pyproject.toml", '[[tool.uv.index]]\nurl = "{url}"\n'),
    "uv.toml above": ("/uv.toml", 'extra-index-url = ["{url}"]\n'),
    "uv.toml of the home": ("/root/.config/uv/uv.toml", '[[index]]\nurl = "{url}"\n'),
    "uv.toml of the system": ("/etc/uv/uv.toml", '[[index]]\nurl = "{url}"\n'),
    "pip.conf of the system": ("/etc/pip.conf", "[global]\nextra-index-url = {url}\n"),
    "pip.conf of the home": ("/root/.pip/pip.conf", "[global]\nextra-index-url = {url}\n"),
    "pip.conf of the tools": ("/opt/tools/python/pip.conf", "[global]\nextra-index-url = {url}\n"),
}
PROJECT = """\
[project]
name = "a"
version = "1"
[build-system]
requires = ["{requirement}"]
"""
BUILD_REQUIREMENTS = (
    "mkdir -p /opt/build/bin; ln -sf $(command -v python3) /opt/build/bin/python; cd /checkout; "
    "with-index install-build-requirements pyproject.toml /opt/build-requirements"
)


@pytest.mark.parametrize("where", ELSEWHERE)
def test_no_file_of_a_checkout_or_of_an_image_adds_an_index(step, indexes, tmp_path, where):
    for name, version in (("main", "1.0"), ("extra", "2.0")):
        package_index.write_wheel(tmp_path / name / "wheels", "acme-tool", version)
    path, text = ELSEWHERE[where]
    (tmp_path / "pyproject.toml").write_text(PROJECT.format(requirement="acme-tool"))
    (tmp_path / "settings").write_text(text.format(url=indexes.extra.url))
    files = {"project": tmp_path / "pyproject.toml", "settings": tmp_path / "settings"}

    ran = step(
        f"mkdir -p /checkout $(dirname {path}); cp /run/secrets/project /checkout/pyproject.toml; "
        f"cat /run/secrets/settings >>{path}; {BUILD_REQUIREMENTS}; "
        "ls -d /opt/build-requirements/lib/python3*/site-packages/acme_tool-*; "
        "tools-pip download --no-deps --dest /tmp/pip acme-tool; ls /tmp/pip",
        secrets={**indexes.secrets, **files}, INDEX_URL=indexes.main.url,
    )  # fmt: skip

    assert ran.status == 0, ran.err
    assert indexes.extra.served == []
    assert "acme_tool-1.0.dist-info" in ran.out
    assert "acme_tool-1.0-py3-none-any.whl" in ran.out


VARIABLES = {
    "UV_INDEX_STRATEGY": "unsafe-best-match",
    "UV_CONFIG_FILE": "/uv.toml",
    "PIP_EXTRA_INDEX_URL": "",
    "PIP_FIND_LINKS": "{main}/acme-tool/",
    "PIP_CONFIG_FILE": "/pip.conf",
}


@pytest.mark.parametrize("variable", VARIABLES)
def test_no_variable_of_an_image_selects_packages(step, indexes, tmp_path, variable):
    """As `ENV` of a base image: vLLM's images have a strategy for indexes of their own."""
    for name, version in (("main", "2.0"), ("extra", "1.0")):
        package_index.write_wheel(tmp_path / name / "wheels", "acme-tool", version)
        package_index.write_wheel(tmp_path / name / "wheels", "pip", "99.0")
    value = VARIABLES[variable].format(main=indexes.main.url) or indexes.main.url
    ran = step(
        "echo 'index-strategy = \"unsafe-best-match\"' >/uv.toml; "
        f"printf '[global]\nextra-index-url = {indexes.main.url}\n' >/pip.conf; "
        f"export {variable}='{value}'; "
        "with-index resolve /wheels; grep '^acme-tool' /wheels/requirements.txt; "
        f"INDEX_URL={indexes.extra.url} tools-pip download --no-deps --dest /tmp/pip acme-tool; "
        "ls /tmp/pip",
        secrets=indexes.secrets, REQUIREMENTS="acme-tool", **indexes.variables,
    )  # fmt: skip

    assert ran.status == 0, ran.err
    assert "acme-tool==1.0" in ran.out
    assert "acme_tool-1.0-" in ran.out


EVIL = {
    "pyproject.toml": "[project]\nname = 'evil'\nversion = '1'\n"
    "[build-system]\nrequires = []\nbackend-path = ['.']\nbuild-backend = 'evil'\n",
    "evil.py": "import os\nos.system('echo EVIL RUNS >&2')\n",
}


@pytest.mark.parametrize("kind", ["", ".tar.gz"], ids=["a folder", "an archive"])
def test_a_build_requirement_of_a_checkout_runs_no_code_beside_the_secrets(
    step, indexes, tmp_path, kind
):
    """A source distribution would be built, with the index's password in its reach."""
    texts = {"project": PROJECT.format(requirement=f"evil @ file:///evil-1{kind}"), **EVIL}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    ran = step(
        "mkdir -p /checkout /evil-1; cp /run/secrets/project /checkout/pyproject.toml; "
        "cp /run/secrets/pyproject.toml /run/secrets/evil.py /evil-1; "
        f"tar -C / -czf /evil-1.tar.gz evil-1; {BUILD_REQUIREMENTS}",
        secrets={**indexes.secrets, **{name: tmp_path / name for name in texts}},
        INDEX_URL=indexes.main.url,
    )  # fmt: skip

    assert ran.status != 0
    assert "EVIL RUNS" not in ran.out + ran.err
    assert "evil" in ran.err


@pytest.fixture
def silent(bridge: str) -> Iterator[str]:
    """The URL of a server that accepts connections and never answers."""
    with socket.create_server((bridge, 0)) as server:
        yield f"https://user:s3cret@{bridge}:{server.getsockname()[1]}/simple"


@pytest.fixture
def refused(bridge: str) -> str:
    """A URL at which nothing listens."""
    with socket.create_server((bridge, 0)) as server:
        port = server.getsockname()[1]
    return f"https://user:s3cret@{bridge}:{port}/simple"


@pytest.mark.parametrize("kind", ["silent", "refused", "unknown"])
@pytest.mark.parametrize(
    "script",
    ["with-index resolve /wheels", f"{AGAIN} uv=={plugin.UV}"],
    ids=["packages", "uv"],
)
def test_an_index_that_does_not_answer_is_reported_within_30_seconds(step, request, kind, script):
    unknown = "https://user:s3cret@packages.invalid/simple"
    url = unknown if kind == "unknown" else request.getfixturevalue(kind)

    ran = step(script, INDEX_URL=url, REQUIREMENTS="six")

    assert ran.status != 0
    assert ran.seconds < SECONDS
    assert url.replace("user:s3cret@", "") in ran.last_line
    assert "s3cret" not in ran.out + ran.err


def test_an_extra_index_that_does_not_answer_is_reported_too(step, indexes, refused):
    variables = {"INDEX_URL": indexes.main.url, "EXTRA_INDEX_URLS": refused}

    ran = step(
        "with-index resolve /wheels", secrets=indexes.secrets, REQUIREMENTS="six", **variables
    )

    assert ran.seconds < SECONDS
    assert refused.replace("user:s3cret@", "") in ran.last_line


MIRRORS = {
    "refused": "http://127.0.0.1:9/debian",
    "unknown": "http://packages.invalid/debian",
}


@pytest.mark.parametrize("kind", MIRRORS)
def test_a_mirror_that_does_not_answer_is_an_error_and_its_url_is_the_last_word(step, kind):
    source = f"deb {MIRRORS[kind]} stable main"
    ran = step(
        "rm -rf /etc/apt/sources.list.d/*; "
        f"echo '{source}' >/etc/apt/sources.list; install-packages nano"
    )

    assert ran.status != 0
    assert ran.seconds < SECONDS
    assert MIRRORS[kind] in ran.last_line


def test_an_ssh_server_brings_no_keys_of_its_own(step, docker):
    bundle = {"ca-bundle": Path(docker.ca_bundle)} if docker.ca_bundle else {}
    ran = step(
        "install-packages openssh-server ssl-cert; ls -A /etc/ssh /etc/ssl/private; "
        "grep -rlE -e '-----BEGIN ([A-Z]+ )*PRIVATE KEY' /etc || true",
        secrets=bundle,
    )

    assert ran.status == 0, ran.err
    assert "sshd_config" in ran.out
    assert "_key" not in ran.out
    assert ".key" not in ran.out


KEYS = """
export GNUPGHOME=$(mktemp -d)
install-packages gnupg gpgv >/dev/null
for name in owner attacker; do
    gpg --batch --quiet --passphrase '' --quick-generate-key $name@example.com ed25519 sign never
    gpg --export $name@example.com >/tmp/$name.key
    echo content >/tmp/file
    gpg --batch --quiet --local-user $name@example.com --output /tmp/$name.sig --detach-sign \
        /tmp/file
done
fingerprint=$(gpg --with-colons --list-keys owner@example.com | awk -F: '$1 == "fpr" { print $10 }')
echo "owner $fingerprint" >/opt/tools/keys.txt
cat /tmp/owner.key /tmp/attacker.key >/tmp/both.key
"""


@pytest.mark.parametrize(
    ("key", "signature", "accepted"),
    [
        ("owner", "owner", True),
        ("both", "owner", True),
        ("both", "attacker", False),
        ("attacker", "attacker", False),
        ("file", "owner", False),
    ],
)
def test_only_the_pinned_key_vouches_for_a_download(step, docker, key, signature, accepted):
    bundle = {"ca-bundle": Path(docker.ca_bundle)} if docker.ca_bundle else {}
    file = "/tmp/file" if key == "file" else f"/tmp/{key}.key"
    ran = step(
        f"{KEYS}pinned-key owner {file} /tmp/pinned.gpg; "
        f"gpgv --quiet --keyring /tmp/pinned.gpg /tmp/{signature}.sig /tmp/file; echo accepted",
        secrets=bundle,
    )

    assert ("accepted" in ran.out) == accepted, ran.err


DEVELOPMENT = """
uv venv --quiet /venv; export VIRTUAL_ENV=/venv
with-index uv pip install --quiet acme-engine==1.0
mkdir /checkout; printf '%s\\n' {own} >/checkout/requirements.test.txt; echo acme-tool >/ours
with-index install-development-requirements /ours {folder}; uv pip freeze"""


@pytest.mark.parametrize(
    ("own", "folder", "installed"),
    [
        ("acme-test==1.0 acme-engine==2.0", "/checkout", ["acme-test==1.0"]),
        ("acme-test==9.9", "/checkout", []),
        ("acme-test==1.0", "/empty", []),
    ],
    ids=["another engine", "not on the index", "no checkout"],
)
def test_a_checkouts_requirements_for_development_leave_the_engine(
    step, indexes, tmp_path, own, folder, installed
):
    wheels = tmp_path / "main" / "wheels"
    for version in ("1.0", "2.0"):
        package_index.write_wheel(wheels, "acme-engine", version)
    package_index.write_wheel(wheels, "acme-test", "1.0", ("acme-engine==2.0",))
    package_index.write_wheel(wheels, "acme-tool", "1.0")

    script = DEVELOPMENT.format(own=own, folder=folder)
    ran = step(script, secrets=indexes.secrets, **indexes.variables)

    assert ran.status == 0, ran.err
    assert ran.out.split() == ["acme-engine==1.0", *installed, "acme-tool==1.0"]
    failed = own == "acme-test==9.9"
    assert (
        "the checkout's own requirements for development are not installed" in ran.err
    ) == failed


LOCKING = """
uv venv --quiet /venv; export VIRTUAL_ENV=/venv
with-index uv pip install --quiet acme-engine==1.0; echo acme-tool >/ours
mkdir /lock; with-index resolve-development-requirements /ours /lock
sed -n 's/^\\([^ ]*==[^ ]*\\).*/\\1/p' /lock/resolved.txt; echo ---
export LOCKED_WHEELS="$(sed 's/ *#.*//; s/\\\\$//' /lock/resolved.txt | tr -d '\\n' |
    sed 's/sha256:\\([0-9a-f]*\\)acme/sha256:\\1|acme/g')"
with-index install-development-requirements /ours; uv pip freeze"""


@pytest.mark.parametrize(
    ("variables", "tool", "helper"),
    [
        ({}, "2.0", "2.0"),
        ({"LOCKED_VERSIONS": "acme-tool==1.0|acme-helper==1.0"}, "1.0", "1.0"),
        (
            {"LOCKED_VERSIONS": "acme-tool==1.0|acme-helper==1.0", "UPGRADE": "acme-helper"},
            *("1.0", "2.0"),
        ),
    ],
    ids=["no lock", "a lock", "a lock that moves"],
)
def test_requirements_for_development_are_those_of_a_lock(
    step, indexes, tmp_path, variables, tool, helper
):
    wheels = tmp_path / "main" / "wheels"
    for version in ("1.0", "2.0"):
        package_index.write_wheel(wheels, "acme-engine", version)
        package_index.write_wheel(wheels, "acme-helper", version)
        package_index.write_wheel(wheels, "acme-tool", version, ("acme-engine", "acme-helper"))

    ran = step(LOCKING, secrets=indexes.secrets, **indexes.variables, **variables)

    assert ran.status == 0, ran.err
    resolved, installed = (part.split() for part in ran.out.split("---\n"))
    # The engine is installed already, and stays.
    assert resolved == [f"acme-helper=={helper}", f"acme-tool=={tool}"]
    assert installed == ["acme-engine==1.0", *resolved]
