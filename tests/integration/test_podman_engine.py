# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""podman as the engine: the same commands, on a real one, with root's privileges and without."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from dynamo_container.docker import program
from engines import IMAGE, Engine, tiny_engine, tiny_image, until
from fakes import Site
from podmans import ROOTLESS_USER, Podman, podman
from remote_builders import remote
from running import Cli

pytestmark = pytest.mark.engine

RUN = ("run", "tiny", "--image", IMAGE, "--workdir", "/", "--gpus", "none")
BUILT = "FROM scratch AS runtime\nCOPY Dockerfile /\n"
READY = """
@hookimpl
def dynamo_container_readiness(request):
    return Readiness(argv=("sh", "-c", "ls /tmp-ready || ls /workspace/new"))

@hookimpl
def dynamo_container_checks(request):
    yield Check(name="a shell", argv=("sh", "-c", "echo fine"))
    yield Check(name="two devices", argv=("ls", "/dev/nvidia0", "/dev/nvidia1"), needs_gpu=True)
"""


@pytest.fixture(scope="module", params=["rootless", "rootful"])
def running(request, docker) -> Iterator[Podman]:
    with podman(rootless=request.param == "rootless") as started:
        started.run("import", "--quiet", "-", IMAGE, stdin=tiny_image(docker.base_image))
        yield started


@pytest.fixture(autouse=True)
def engine(running: Podman, site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Podman]:
    """The engine, without containers after the test; and a framework with a readiness file."""
    running.use(monkeypatch)
    site.framework("tiny", READY)
    monkeypatch.setenv("PYTHONPATH", str(site.folder))
    yield running
    running.run("rm", "--all", "--force", "--time=0")


@pytest.fixture(scope="module")
def store(docker) -> Iterator[Engine]:
    """An engine whose BuildKit can write archives."""
    with tiny_engine(docker.base_image, image_store=True) as one:
        yield one


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder that the user who runs podman can reach. No other user can reach pytest's own, which
    each session closes again.
    """
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


# scripts/podman --rootless runs podman as another user, who cannot read our files.
READS_FOR_PODMAN = """\
#!/bin/sh
case $1 in
load) exec {podman} load --quiet <"$4" ;;
*) exec {podman} "$@" ;;
esac
"""


@pytest.fixture
def builder(
    request: pytest.FixtureRequest,
    engine: Podman,
    store: Engine,
    reachable: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[str]:
    """The name of a builder: docker's classic one, or a remote one, without any docker engine."""
    put_on_path(reachable, READS_FOR_PODMAN.format(podman=shutil.which("podman")), monkeypatch)
    # No engine's configuration is touched: builders are kept here.
    monkeypatch.setenv("BUILDX_CONFIG", str(reachable / "buildx"))
    cache = reachable / "cache, of mine"
    cache.mkdir()
    cache.chmod(0o777)  # podman has files there, too
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    if request.param == "default":
        yield "default"
        return
    with remote(store.folder / "docker.sock", reachable) as far:
        words = ("docker", "buildx", "create", "--driver=remote", "--name=far", *far.options)
        subprocess.run([*words, far.address], check=True, capture_output=True)
        monkeypatch.setenv("DOCKER_HOST", f"unix://{reachable}/none.sock")
        yield "far"


def put_on_path(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a script the program podman."""
    (folder / "bin").mkdir(exist_ok=True)
    (folder / "bin" / "podman").write_text(script)
    (folder / "bin" / "podman").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}/bin:{os.environ['PATH']}")


@pytest.fixture
def workspace(engine: Podman, reachable: Path) -> Path:
    """A folder of the user who runs podman, which that user can reach."""
    if not engine.rootless:
        pytest.skip("with root's privileges, the image's user needs access of its own")
    folder = reachable / "workspace"
    folder.mkdir(mode=0o755)
    shutil.chown(folder, ROOTLESS_USER, ROOTLESS_USER)
    return folder


def outside(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, which podman's command may replace."""
    command = [sys.executable, "-m", "dynamo_container", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_dry_run_prints_the_podman_command_that_runs(cli: Cli, engine: Podman):
    assert cli.ok(*RUN, "--dry-run", "--", "true").out.startswith("podman run --rm ")


def test_a_container_from_start_to_end(cli: Cli, engine: Podman):
    words = (*RUN, "--detach", "--wait", "--name", "one", "--port", "127.0.0.1:18931:8000")
    script = "echo starting; sleep 0.2; : >/tmp-ready; sleep 600"

    started = cli.ok(*words, "--", "sh", "-c", script)

    assert started.out.strip() == engine.run("inspect", "--format", "{{.Id}}", "one")
    [row] = cli.ok("ps", "--json").json
    assert row["name"] == "one"
    assert row["framework"] == "tiny"
    assert row["ports"] == ["127.0.0.1:18931->8000/tcp"]
    assert outside("logs", "one").stdout == "starting\n"
    assert outside("exec", "one", "--", "ls", "/tmp-ready").stdout == "/tmp-ready\n"
    assert cli.ok("stop", "one", "--time", "1").out == "one\n"
    until(lambda: not engine.run("ps", "--all", "--quiet"))
    assert cli.ok("ps", "--json").json == []


def test_a_container_that_ends_before_it_is_ready_is_removed(cli: Cli, engine: Podman):
    words = (*RUN, "--detach", "--wait")

    result = cli(*words, "--", "sh", "-c", "echo broken; exit 3")

    assert result.status == 1
    assert "ended with status 3" in result.err
    assert "broken" in result.err
    until(lambda: not engine.run("ps", "--all", "--quiet"))


def test_the_engine_gives_gpus_by_cdi(cli: Cli, engine: Podman):
    words = ("run", "tiny", "--image", IMAGE, "--workdir", "/")

    assert "--device=nvidia.com/gpu=1" in cli.ok(*words, "--gpus", "1", "--dry-run").out
    script = "ls /dev/nvidia* >/tmp-ready && sleep 600"
    cli.ok(*words, "--gpus", "0", "--detach", "--wait", "--name", "gpu", "--", "sh", "-c", script)
    assert outside("exec", "gpu", "--", "cat", "/tmp-ready").stdout == "/dev/nvidia0\n"


def test_checks_run_with_and_without_gpus(cli: Cli, engine: Podman):
    shown = cli.ok("check", IMAGE, "--framework", "tiny").out

    assert "ok       a shell" in shown
    assert "ok       two devices" in shown
    assert engine.run("ps", "--all", "--quiet") == ""


@pytest.mark.parametrize("builder", ["default", "far"], indirect=True)
def test_a_build_loads_its_images_into_podman(
    cli: Cli, site: Site, engine: Podman, builder: str, reachable: Path
):
    site.framework("built", dockerfile=BUILT)
    name = f"built-{builder}-{os.getpid()}:1"
    words = ("build", "built", "--tag", name, "--no-latest", "--builder", builder)

    cli.ok(*words, "--report", str(reachable / "report.json"))

    [image] = json.loads((reachable / "report.json").read_text())["images"]
    assert image["size"] > 0
    [listed] = [one for one in cli.ok("images", "--json").json if name in str(one["tags"])]
    assert listed["framework"] == "built"
    assert list((reachable / "cache, of mine").rglob("*.tar")) == []

    engine.run("image", "rm", name)
    dry_run = cli.ok(*words, "--dry-run").out
    subprocess.run(["sh", "-c", dry_run], check=True, capture_output=True)
    assert engine.run("image", "exists", name) == ""
    assert list((reachable / "cache, of mine").rglob("*.tar")) == []
    engine.run("image", "rm", name)
    if builder == "default":
        subprocess.run(["docker", "image", "rm", name], check=True, capture_output=True)


@pytest.mark.parametrize("builder", ["far"], indirect=True)
def test_an_archive_that_podman_cannot_load_is_an_error_and_is_deleted(
    cli: Cli, site: Site, engine: Podman, builder: str, reachable: Path, monkeypatch
):
    site.framework("built", dockerfile=BUILT)
    put_on_path(reachable, "#!/bin/sh\nexit 125\n", monkeypatch)

    result = cli("build", "built", "--tag", "broken:1", "--no-latest", "--builder", builder)

    assert result.status == 1
    assert "podman did not get the image: podman exited with status 125" in result.err
    assert list((reachable / "cache, of mine").rglob("*.tar")) == []


@pytest.mark.parametrize("kind", ["script", "link"])
def test_a_docker_command_that_is_podman_is_used_as_podman(
    cli: Cli, engine: Podman, kind: str, reachable: Path, monkeypatch
):
    podman = shutil.which("podman")
    put_on_path(reachable, f'#!/bin/sh\nexec {podman} "$@"\n', monkeypatch)
    if kind == "link":
        (reachable / "bin" / "docker").symlink_to("podman")
    else:
        shutil.copy(reachable / "bin" / "podman", reachable / "bin" / "docker")
    monkeypatch.setenv("PATH", f"{reachable}/bin:/usr/bin:/bin")
    monkeypatch.delenv("DYNAMO_CONTAINER_ENGINE")
    program.select("")

    assert cli.ok(*RUN, "--dry-run", "--", "true").out.startswith("podman run --rm ")
    assert cli.ok("ps", "--json").json == []
    build = cli("build", "tiny", "--no-latest", "--tag", "not-built:1")
    assert build.status == 3
    assert "the docker command is podman here" in build.err
    assert len(build.err.splitlines()) == 2
    rows = {one["name"]: one for one in cli("doctor", "--json").json}
    assert "podman 5" in rows["engine"]["summary"]
    assert rows["docker"]["state"] == "warning"


def test_an_image_that_podman_does_not_have_is_named_with_the_command_that_builds_it(cli: Cli):
    result = cli("run", "tiny", "--target", "runtime")

    assert result.status == 6
    assert "does not have the image dynamo:latest-tiny-runtime" in result.err


def test_files_in_the_workspace_belong_to_the_caller(cli: Cli, engine: Podman, workspace: Path):
    engine.run("build", "--quiet", "--tag", "user:1", "-", stdin=b"FROM tiny:1\nUSER 1000:0\n")
    words = ("run", "tiny", "--image", "user:1", "--gpus", "none", "--hf-cache", "none")
    script = ": >new && sleep 600"

    cli.ok(*words, f"--mount-workspace={workspace}", "-d", "--wait", "--", "sh", "-c", script)

    assert (workspace / "new").stat().st_uid == ROOTLESS_USER


def test_a_user_without_a_line_in_passwd_has_a_name_and_a_home(docker, engine: Podman):
    """As in the images that we build, whose home is writable for group 0."""
    changes = ("ENV HOME=/home/ubuntu", "ENV USER=ubuntu", "ENV LOGNAME=ubuntu", "USER 1000:0")
    files = with_folder(tiny_image(docker.base_image), "home/ubuntu", 0o775)
    engine.run("import", "-q", *(f"--change={one}" for one in changes), "-", "any:1", stdin=files)
    words = ("run", "tiny", "--image", "any:1", "--gpus", "none", "--hf-cache", "none")
    script = ": >~/kept && echo $HOME $USER $LOGNAME && cat /proc/self/status"

    ran = outside(*words, "--workdir", "/", "--user", "54321:0", "--", "sh", "-c", script)

    assert ran.stdout.startswith("/home/ubuntu ubuntu ubuntu\n"), ran.stderr
    assert "\nUid:\t54321\t" in ran.stdout
    assert "\nGid:\t0\t" in ran.stdout


def with_folder(archive: bytes, name: str, mode: int) -> bytes:
    """Add a folder of root's to an archive."""
    result = io.BytesIO(archive)
    with tarfile.open(fileobj=result, mode="a") as tar:
        folder = tarfile.TarInfo(name)
        folder.type, folder.mode = tarfile.DIRTYPE, mode
        tar.addfile(folder)
    return result.getvalue()


def test_the_end_of_another_podman_of_the_same_user_does_not_end_these_containers(engine: Podman):
    with podman(rootless=engine.rootless, name="beside") as other:
        other.run("info")  # a process for its namespaces starts with the first command
        container = engine.run("run", "--detach", IMAGE, "sleep", "600")

    assert engine.run("inspect", "--format={{.State.Status}}", container) == "running"
