# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The three ways to develop in a container: the matrix of docs/developing.md, on a real engine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from running import Docker

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("engine_environment")]

UID = 1234
DEVCONTAINERS = "@devcontainers/cli@0.89.0"
PROJECT = """\
[project]
name = "{name}"
version = "1.0"

[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
"""


def call(*words: str, **settings) -> subprocess.CompletedProcess[str]:
    """`dynamo-container` in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "dynamo_container", *words],
        capture_output=True,
        text=True,
        check=False,
        **settings,
    )


def run(image: str, script: str, *words: str, **settings) -> str:
    """What a shell in a container says, started by `dynamo-container run`."""
    answer = call(
        "run", "--image", image, "--gpus", "none", *words, "--", "bash", "-c", script, **settings
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout.strip()


@pytest.fixture(scope="module")
def dev(docker: Docker, rust: str) -> Iterator[str]:
    """dev and local-dev of `none`, built in one graph; the name of dev."""
    tag = docker.unique("develop")
    bundle = ["--ca-bundle", docker.ca_bundle] if docker.ca_bundle else []
    answer = call(
        "build", "none", "--target", "local-dev", "--uid", str(UID), "--gid", str(UID),
        "--tag", tag, "--no-latest", "--base-image", docker.base_image,
        "--stage", f"rust={rust}", *bundle, "--progress", "plain",
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr[-5000:]
    assert [line.split()[0] for line in answer.stdout.splitlines()] == [tag, f"{tag}-local-dev"]
    yield tag
    docker.run("image", "rm", "--force", tag, f"{tag}-local-dev")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A folder of the caller's, UID 1234."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    os.chown(folder, UID, UID)
    tmp_path.chmod(0o755)
    return folder


@pytest.fixture
def outside(docker: Docker) -> list[str]:
    """What lets a container reach the package index where that needs the machine's certificates."""
    if not docker.ca_bundle:
        return []
    return [
        "-v",
        f"{docker.ca_bundle}:/etc/machine-ca.pem:ro",
        "-e",
        "SSL_CERT_FILE=/etc/machine-ca.pem",
    ]


WHO = 'echo "$(id -un) $(id -u) $(id -g) $HOME $PWD $(command -v cargo) $RUSTUP_HOME"'
INSTALL = (
    "uv pip install --quiet cowsay && python -c 'import cowsay' && "
    "pip uninstall --yes --quiet cowsay && touch ~/mine && echo done"
)


def test_dev_is_root_with_the_systems_rust(dev, workspace):
    said = run(dev, WHO, "--mount-workspace", str(workspace))

    rust_home = "/usr/local/cargo/bin/cargo /usr/local/rustup"
    assert said == f"root 0 0 /root /workspace {rust_home}"


def test_dev_installs_into_its_environment_and_makes_files_of_roots(dev, workspace, outside):
    script = f"{INSTALL} && touch file"

    assert run(dev, script, "--mount-workspace", str(workspace), *outside) == "done"
    assert (workspace / "file").stat().st_uid == 0


def test_local_dev_is_the_caller_with_a_rust_of_their_own(dev, workspace):
    said = run(f"{dev}-local-dev", WHO, "--mount-workspace", str(workspace))

    home = "/home/ubuntu"
    assert said == (f"ubuntu {UID} {UID} {home} /workspace {home}/.cargo/bin/cargo {home}/.rustup")


def test_local_dev_has_sudo_and_installs_into_its_environment(dev, outside):
    assert run(f"{dev}-local-dev", "sudo -n id -u") == "0"
    assert run(f"{dev}-local-dev", INSTALL, *outside) == "done"


def test_what_local_dev_makes_in_the_workspace_belongs_to_the_caller(dev, workspace):
    script = "mkdir made && echo x >made/file && cargo init --quiet --name demo demo"

    run(f"{dev}-local-dev", script, "--mount-workspace", str(workspace))

    made = [workspace / "made", workspace / "made" / "file", workspace / "demo" / "Cargo.toml"]
    assert {(path.stat().st_uid, path.stat().st_gid) for path in made} == {(UID, UID)}


def test_tools_build_and_install_in_a_workspace(dev, workspace, outside):
    (workspace / "pyproject.toml").write_text(PROJECT.format(name="small"))
    (workspace / "small").mkdir()
    (workspace / "small" / "__init__.py").write_text("ANSWER = 42\n")
    subprocess.run(["chown", "-R", f"{UID}:{UID}", str(workspace)], check=True)
    script = (
        "cargo --version && maturin --version && uv pip install --quiet --editable . && "
        "cd / && python -c 'import small; print(small.ANSWER)'"
    )

    said = run(f"{dev}-local-dev", script, "--mount-workspace", str(workspace), *outside)

    assert [line.split()[0] for line in said.splitlines()] == ["cargo", "maturin", "42"]


def test_etcd_and_nats_can_be_started(dev):
    assert run(f"{dev}-local-dev", "etcd --version").startswith("etcd Version: ")
    assert run(f"{dev}-local-dev", "nats-server --version").startswith("nats-server: ")
    path = "PATH=/usr/local/bin:/usr/bin:/bin"
    assert (
        run(f"{dev}-local-dev", f"{path} command -v nats-server etcd etcdctl").count("/bin/") == 3
    )


def test_a_shell_says_hello_once_and_keeps_its_history(dev):
    script = "bash -ic 'bash -ic true; echo $HISTFILE' 2>/dev/null"

    said = run(f"{dev}-local-dev", script)

    assert said.count("python -m dynamo.frontend") == 1
    assert said.endswith("/home/ubuntu/.commandhistory/.bash_history")


def test_local_dev_adds_next_to_nothing(docker, dev):
    below, above = docker.inspect(dev), docker.inspect(f"{dev}-local-dev")

    assert above["Size"] - below["Size"] < 1_000_000


# 20 is `dialout` (and the staff of macOS); LDAP has IDs as large as the last.
@pytest.mark.parametrize("number", [20, 1000, 65534, 200000001])
def test_ids_that_the_image_has_already_and_large_ones_work(docker, dev, tag, workspace, number):
    image = tag(f"id-{number}")
    ids = ("--uid", str(number), "--gid", str(number))
    answer = call("build", "none", "--dev-image", dev, *ids, "--tag", image)
    assert answer.returncode == 0, answer.stderr
    os.chown(workspace, number, number)

    script = "id -un; sudo -n id -u; touch ~/mine /opt/dynamo/venv/mine; touch file && mkdir folder"
    said = run(image, script, "--mount-workspace", str(workspace))

    assert said.splitlines() == ["ubuntu", "0"]
    assert (workspace / "file").stat().st_uid == number
    assert (workspace / "file").stat().st_gid == number
    run(image, "rm file && rmdir folder", "--mount-workspace", str(workspace))
    assert list(workspace.iterdir()) == []


def test_dev_image_is_tagged_after_it_and_costs_nothing(docker, dev):
    answer = call("build", "none", "--dev-image", dev, "--uid", str(UID), "--progress", "rawjson")

    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.split()[0] == f"{dev}-local-dev"
    assert "install-developer-packages" not in answer.stderr
    assert "none of ours" not in answer.stderr


def test_an_image_that_is_not_one_of_ours_gets_what_dev_has(docker):
    answer = call("build", "none", "--dev-image", docker.base_image, "--uid", str(UID), "--dry-run")

    assert "was not built by dynamo-container" in answer.stderr
    assert f'"runtime": "docker-image://{docker.base_image}"' in answer.stdout
    assert "install-developer-packages" not in answer.stderr
    assert '"dev": "target:dev"' in answer.stdout


@pytest.fixture(scope="module")
def runtime(docker: Docker, dev: str) -> Iterator[str]:
    """The runtime that dev stands on."""
    tag = docker.unique("runtime")
    bundle = ["--ca-bundle", docker.ca_bundle] if docker.ca_bundle else []
    answer = call(
        "build", "none", "--target", "runtime", "--tag", tag, "--no-latest",
        "--base-image", docker.base_image, *bundle,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr[-5000:]
    yield tag
    docker.run("image", "rm", "--force", tag)


@pytest.mark.parametrize(
    ("words", "uid", "writes_code"),
    [((), 1000, False), (("--user", "4711:4711"), 4711, True)],
)
def test_a_runtime_image_takes_a_workspace_too(runtime, workspace, words, uid, writes_code):
    os.chown(workspace, uid, uid)
    script = "touch file ~/mine && (touch /opt/dynamo/venv/mine 2>/dev/null && echo code); id -G"

    said = run(runtime, script, *words, "--mount-workspace", str(workspace)).splitlines()

    # `run --user` adds group 0, which can write what is installed; the image itself does not.
    assert ("code" in said) == ("0" in said[-1].split()) == writes_code
    assert (workspace / "file").stat().st_uid == uid


def test_a_runtime_image_gets_what_dev_has_before_it_is_a_local_dev(runtime):
    answer = call("build", "none", "--dev-image", runtime, "--uid", str(UID), "--dry-run")

    assert f'"runtime": "docker-image://{runtime}"' in answer.stdout
    assert '"dev": "target:dev"' in answer.stdout


def test_the_hugging_face_cache_is_made_and_filled_as_the_user(dev, workspace, tmp_path):
    cache = tmp_path / "cache"
    cache.mkdir()
    os.chown(cache, UID, UID)
    script = "mkdir ~/.cache/huggingface/hub && touch ~/.cache/huggingface/hub/model"
    words = ("--mount-workspace", str(workspace), "--hf-cache", str(cache))

    run(f"{dev}-local-dev", script, *words)

    assert (cache / "hub" / "model").stat().st_uid == UID


def test_login_shells_find_the_tools_too(dev):
    said = run(f"{dev}-local-dev", "bash -lc 'command -v cargo python'")

    assert said.split() == ["/home/ubuntu/.cargo/bin/cargo", "/opt/dynamo/venv/bin/python"]


@dataclass(frozen=True)
class Editor:
    """The real Dev Containers CLI, for a user of this machine with UID 4711."""

    folder: Path
    cli: Path

    UID = 4711

    def prefix(self) -> list[str]:
        """A shell in which the user has a name; it may pass by permissions to reach the engine."""
        home = self.folder / "home"
        passwd = self.folder / "passwd"
        passwd.write_text(
            Path("/etc/passwd").read_text() + f"developer:x:{self.UID}:{self.UID}::{home}:/bin/sh\n"
        )
        script = (
            'mount --bind "$1" /etc/passwd; shift; exec setpriv --reuid 4711 --regid 4711 '
            '--clear-groups --inh-caps +dac_override --ambient-caps +dac_override "$@"'
        )
        words = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh"]
        return [*words, str(passwd), "env", f"HOME={home}"]

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.prefix(), *words],
            cwd=self.folder / "project",
            capture_output=True,
            text=True,
            check=False,
        )

    def devcontainer(self, command: str, *words: str) -> str:
        where = (
            "--workspace-folder", ".", "--config", ".devcontainer/none/devcontainer.json",
        )  # fmt: skip
        answer = self("node", str(self.cli), command, *where, *words)
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer.stdout


@pytest.fixture
def editor(tmp_path: Path) -> Iterator[Editor]:
    """A checkout-shaped project, and the CLI from npm (kept in npm's own cache)."""
    if os.geteuid() or not shutil.which("npm"):
        required = os.environ.get("CI") or os.environ.get("DYNAMO_CONTAINER_TEST_ENGINE")
        (pytest.fail if required else pytest.skip)("it takes root, and npm")
    npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(tmp_path)]
    subprocess.run([*npm, DEVCONTAINERS], check=True)
    for path in (tmp_path, *tmp_path.parents[:2]):
        path.chmod(0o755)
    for name in ("home", "project"):
        (tmp_path / name).mkdir()
    project = tmp_path / "project"
    (project / "pyproject.toml").write_text(PROJECT.format(name="ai-dynamo"))
    (project / "ai_dynamo").mkdir()
    (project / "ai_dynamo" / "__init__.py").write_text("EDITED = True\n")
    subprocess.run(["chown", "-R", "4711:4711", str(project), str(tmp_path / "home")], check=True)
    yield Editor(tmp_path, tmp_path / "node_modules" / ".bin" / "devcontainer")
    answer = subprocess.run(
        ["docker", "ps", "-aq", "--filter", f"label=devcontainer.local_folder={project}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    for container in answer.stdout.split():
        inspected = subprocess.run(
            ["docker", "inspect", container], capture_output=True, text=True, check=True
        )
        found = json.loads(inspected.stdout)[0]
        image = found["Config"]["Image"]
        subprocess.run(["docker", "rm", "--force", container], check=True, capture_output=True)
        if image.startswith("vsc-"):
            subprocess.run(["docker", "image", "rm", image], check=False, capture_output=True)
        names = [one["Name"] for one in found["Mounts"] if one["Type"] == "volume"]
        subprocess.run(["docker", "volume", "rm", *names], check=True, capture_output=True)


def test_the_real_dev_containers_cli_brings_the_file_up_as_the_caller(editor, dev, outside):
    words = ("devcontainer", "none", "--image", f"{dev}-local-dev", *outside)
    written = editor(sys.executable, "-m", "dynamo_container", *words)
    assert written.returncode == 0, written.stderr
    project = editor.folder / "project"

    editor.devcontainer("up")
    script = f"touch made && sudo -n id -u && python -c 'import ai_dynamo as d; print(d)' && {WHO}"
    own = "touch ~/.commandhistory/mine ~/.cache/pre-commit/mine"
    said = editor.devcontainer("exec", "bash", "-c", f"{script} && {own} && {INSTALL}").splitlines()
    editor.devcontainer("up", "--remove-existing-container")
    editor.devcontainer("exec", "test", "-e", "/home/ubuntu/.commandhistory/mine")

    assert said[0] == "0"
    assert "/home/ubuntu/dynamo/ai_dynamo/__init__.py" in said[1]  # built in place, editable
    home = "/home/ubuntu"
    who = f"ubuntu {editor.UID} {editor.UID} {home} {home}/dynamo"
    assert said[2] == f"{who} {home}/.cargo/bin/cargo {home}/.rustup"
    assert (project / "made").stat().st_uid == editor.UID
    assert (project / "made").stat().st_gid == editor.UID
