# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Caches and outputs, for real: a registry on loopback, engines with containerd's image store."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

import cosigns
import pytest
import registry as registries
from engines import IMAGE, Engine, tiny_engine, tiny_image
from registry import Registry

pytestmark = pytest.mark.engine

# What a file begins with that zstd has compressed.
ZSTD = b"\x28\xb5\x2f\xfd"
STAGES = """
@hookimpl
def dynamo_container_stages(request):
    yield Stage(name="below", dockerfile=HERE / "below" / "Dockerfile")
    yield Stage(name="runtime", dockerfile=HERE / "runtime" / "Dockerfile", needs=("below",))
"""
BELOW = """\
ARG BASE_IMAGE=scratch
FROM ${BASE_IMAGE} AS below
RUN --network=none echo below > /below
"""
RUNTIME = """\
FROM scratch AS below
FROM below AS runtime
RUN --network=none cat /below > /runtime
"""


@pytest.fixture(scope="module", params=["stable", "next"])
def store(request, docker) -> Iterator[Engine]:
    """An engine that can write caches: an older one and a newer one."""
    with tiny_engine(docker.base_image, request.param, image_store=True, bridge=True) as one:
        yield one


@pytest.fixture
def on_store(store, monkeypatch) -> Engine:
    """The test's docker commands go to that engine."""
    one: Engine = store
    one.use(monkeypatch)
    return one


@pytest.fixture
def registry(on_store, tmp_path) -> Iterator[Registry]:
    with registries.serve(tmp_path, on_store.folder / "bin" / "docker-registry") as one:
        yield one


def framework(site, runtime: str = RUNTIME) -> None:
    package = site.framework("tiny", STAGES)
    for name, text in (("below", BELOW), ("runtime", runtime)):
        (package / name).mkdir()
        (package / name / "Dockerfile").write_text(text)


def steps(report: Path) -> dict[str, list[bool]]:
    """Of each stage, which steps came from the cache."""
    stages = json.loads(report.read_text())["stages"]
    return {one["name"]: [step["cached"] for step in one["steps"]] for one in stages}


def test_a_cache_in_a_registry_spares_a_fresh_builder_all_work(
    cli, site, on_store, registry, tmp_path
):
    framework(site)
    image, report = f"{registry.address}/tiny:1", tmp_path / "report.json"
    words = (
        "build", "tiny", "--base-image", IMAGE, "--tag", image, "--no-latest",
        "--push", "--cache", f"{registry.address}/cache", "--report", str(report),
    )  # fmt: skip
    planned = cli.ok(*words, "--dry-run").out

    cli.ok(*words)

    assert steps(report) == {"tiny-below": [False], "tiny-runtime": [False]}
    assert registry.tags("cache") == ["tiny-below-linux-amd64", "tiny-runtime-linux-amd64"]
    first = labels(on_store, image)

    forget_builds(on_store, image)
    cli.ok(*words)

    assert all(cached for stage in steps(report).values() for cached in stage)
    assert steps(report)["tiny-runtime"]
    assert labels(on_store, image) == first
    assert cli.ok(*words, "--dry-run").out == planned
    assert on_store.docker("run", "--rm", "--network=none", image, "cat", "/runtime") == "below"


def labels(on: Engine, image: str) -> dict[str, str]:
    """The labels of an image that the registry has."""
    on.docker("pull", image)
    found: dict[str, str] = json.loads(
        on.docker("image", "inspect", "--format", "{{json .Config.Labels}}", image)
    )
    assert found["ai.dynamo.container.plan"].startswith("sha256:")
    return found


def forget_builds(on: Engine, image: str) -> None:
    """A builder that has never built anything."""
    on.docker("image", "rm", "--force", image)
    on.docker("buildx", "prune", "--all", "--force")
    assert on.docker("buildx", "du").splitlines()[-1].split() == ["Total:", "0B"]


def test_one_image_for_two_platforms(cli, site, on_store, registry):
    site.framework("tiny", dockerfile="FROM scratch AS runtime\nCOPY Dockerfile /\n")

    result = cli.ok(
        "build", "tiny", "--platform", "linux/amd64,linux/arm64",
        "--push", "--repository", f"{registry.address}/tiny", "--no-latest", "--provenance=false",
    )  # fmt: skip

    index = registry.get("tiny/manifests/v1.0-tiny-runtime")
    platforms = [one["platform"] for one in index["manifests"]]
    assert [one["architecture"] for one in platforms] == ["amd64", "arm64"]
    assert "does not support linux/arm64" in result.err
    assert "no linux/amd64 of its own" not in result.err


@pytest.mark.parametrize(
    ("words", "form"), [((), "tar+zstd"), (("--compression", "gzip"), "tar+gzip")]
)
def test_pushed_layers_have_the_compression_that_the_user_wants(
    cli, site, on_store, registry, words, form
):
    site.framework("tiny", dockerfile="FROM scratch AS runtime\nCOPY Dockerfile /\n")
    image = f"{registry.address}/tiny:1"

    cli.ok("build", "tiny", "--tag", image, "--no-latest", "--push", "--provenance=false", *words)

    (layer,) = registry.get("tiny/manifests/1")["layers"]
    assert layer["mediaType"].endswith(form)
    on_store.docker("pull", image)


def test_estargz_is_refused_before_it_ends_the_engine(cli, site, on_store, registry):
    site.framework("tiny", dockerfile="FROM scratch AS runtime\nCOPY Dockerfile /\n")
    image = f"{registry.address}/tiny:1"

    refused = cli(
        "build", "tiny", "--tag", image, "--no-latest", "--push", "--compression", "estargz"
    )

    assert refused.status == 6
    assert "(driver docker) cannot make layers of the form estargz" in refused.err
    assert "docker buildx create --name dynamo --driver docker-container" in refused.err
    assert on_store.docker("version", "--format", "{{.Server.Version}}")


def test_loaded_layers_are_kept_with_the_fastest_compression(cli, site, on_store, tmp_path):
    site.framework("tiny", dockerfile="FROM scratch AS runtime\nCOPY Dockerfile /\n")

    cli.ok("build", "tiny", "--tag", "loaded:1", "--no-latest")

    on_store.docker("save", "--output", str(tmp_path / "image"), "loaded:1")
    with tarfile.open(tmp_path / "image") as archive:
        blobs = [archive.extractfile(one) for one in archive if "/sha256/" in one.name]
        starts = [blob.read(4) for blob in blobs if blob]
    assert ZSTD in starts
    on_store.docker("image", "rm", "loaded:1")


def test_the_classic_store_loads_what_containerds_gets_compressed(cli, site, docker, tag):
    site.framework("tiny", dockerfile="FROM scratch AS runtime\nCOPY Dockerfile /\n")
    name = tag("classic")

    cli.ok("build", "tiny", "--tag", name, "--no-latest")

    assert docker.run("image", "inspect", "--format", "{{len .RootFS.Layers}}", name) == "1"


SECRETS = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "HF_TOKEN", "GITHUB_TOKEN")
SECRET = f"""\
FROM scratch AS below
FROM below AS runtime
ARG INDEX_URL
RUN --network=none {" ".join(f"--mount=type=secret,id={name}" for name in SECRETS)} \\
    --mount=type=secret,id=index-url,required=true \\
    cd /run/secrets && cat {" ".join(SECRETS)} index-url > /dev/null && echo "$INDEX_URL" > /index
"""


def test_secrets_are_in_no_layer_no_attestation_no_cache_and_no_record(
    cli, site, on_store, registry, tmp_path, monkeypatch
):
    framework(site, SECRET)
    for name in SECRETS:
        monkeypatch.setenv(name, f"s3cr3t-{name}")
    report = tmp_path / "report.json"

    result = cli.ok(
        "build", "tiny", "--base-image", IMAGE, "--tag", f"{registry.address}/tiny:1",
        "--no-latest", "--push", "--provenance", "mode=max", "--progress", "rawjson",
        "--compression", "gzip",  # so that layers can be searched
        "--cache", f"{registry.address}/cache", "--report", str(report),
        "--index-url", "https://user:s3cr3t-password@index.example/simple",
        *(word for name in SECRETS for word in ("--secret", f"id={name},env={name}")),
    )  # fmt: skip

    assert registry.holds("slsa.dev/provenance")
    assert registry.holds("https://index.example/simple")
    assert not registry.holds("s3cr3t-")
    assert "s3cr3t-" not in result.out + result.err + report.read_text()


def test_an_attestation_tells_of_no_repository_that_plugins_happen_to_lie_in(
    cli, site, on_store, registry
):
    framework(site)
    origin = "https://git.example/team/unrelated.git"
    git = ["git", "-C", str(site.folder), "-c", "user.name=a", "-c", "user.email=a@example"]
    for words in (["init", "-q"], ["remote", "add", "origin", origin], ["add", "."],
                  ["commit", "-q", "-m", "A commit"]):  # fmt: skip
        subprocess.run([*git, *words], check=True)

    cli.ok(
        "build", "tiny", "--base-image", IMAGE, "--tag", f"{registry.address}/tiny:1",
        "--no-latest", "--push", "--provenance", "mode=max",
    )  # fmt: skip

    assert registry.holds("slsa.dev/provenance")
    assert not registry.holds("git.example")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--push --compression zstd", "cannot compress layers with zstd"),
        ("--cache 127.0.0.1:1/cache", "cannot write a cache"),
        ("--provenance mode=max", "cannot attach attestations"),
        ("--platform linux/amd64,linux/arm64", "cannot build one image for several platforms"),
        ("--builder absent", "builder 'absent' does not exist"),
    ],
)
def test_what_the_builder_cannot_do_is_reported_before_the_build(
    cli, site, docker, words, said, monkeypatch
):
    monkeypatch.setenv("BUILDX_BUILDER", "default")
    if "containerd" in docker.run("info", "--format", "{{.DriverStatus}}"):
        pytest.skip("this engine can do all of that")
    framework(site)

    result = cli(
        "build", "tiny", "--progress", "plain", "--repository", "127.0.0.1:1/tiny", *words.split()
    )

    assert result.status == 6
    assert said in result.err
    assert "docker buildx create" in result.err
    assert "#1" not in result.err


# BuildKit's protocol of a scanner: it gets the result of a build, and writes statements. This one
# tells all that a scanner can see: every file with its lines, its variables, secrets and mounts.
SCANNER = r"""#!/bin/sh
escaped() { sed 's/[\\"]/\\&/g; s/.*/"&",/' | tr -cd '[:print:]\n'; }
files=$(find /run/src /run/secrets -type f -size -64k 2>/dev/null)
cat >"$BUILDKIT_SCAN_DESTINATION/everything.spdx.json" <<JSON
{"_type": "https://in-toto.io/Statement/v0.1", "predicateType": "https://spdx.dev/Document",
 "predicate": {"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT",
 "name": "scanned by a test", "files": [
$(echo "$files" | escaped)
$(for file in $files; do escaped <"$file"; done)
$(env | escaped)
$(escaped </proc/self/mountinfo)
"end"]}}
JSON
"""
SCANNERS_PROGRAMS = "/bin/sh /bin/cat /usr/bin/env /usr/bin/find /usr/bin/sed /usr/bin/tr"


@pytest.fixture(scope="module")
def scanners_programs(docker) -> bytes:
    return tiny_image(docker.base_image, SCANNERS_PROGRAMS)


def scanner(on: Engine, registry: Registry, programs: bytes) -> str:
    """Push the scanner, and return its name."""
    image = f"{registry.address}/scanner:1"
    on.docker("import", "-", "scanner-programs:1", stdin=programs)
    dockerfile = 'FROM scanner-programs:1\nCOPY --chmod=755 scan /scan\nENTRYPOINT ["/scan"]\n'
    folder = on.folder / "scanner"
    folder.mkdir(exist_ok=True)
    (folder / "scan").write_text(SCANNER)
    (folder / "Dockerfile").write_text(dockerfile)
    on.docker("build", "--quiet", "--tag", image, str(folder))
    on.docker("push", image)
    return image


# Every credential has one of these in it: two bare greps find all of them.
CANARY, PROXY_CANARY = "c4n4ryc4n4ry", "pr0xyc4n4ry"
URL = "https://user:{canary}-user@index.example/{canary}0token0/simple"
CANARIES = """\
FROM scratch AS below
FROM below AS runtime
ARG INDEX_URL
ARG EXTRA_INDEX_URLS
RUN --network=none --mount=type=secret,id=index-url,required=true \\
    --mount=type=secret,id=extra-index-url,required=true \\
    --mount=type=secret,id=netrc,required=true --mount=type=secret,id=HF_TOKEN,required=true \\
    cd /run/secrets && cat index-url extra-index-url netrc HF_TOKEN > /dev/null && \\
    echo "$INDEX_URL $EXTRA_INDEX_URLS" > /indexes
"""


def test_two_bare_greps_find_no_canary_in_anything_that_a_build_writes(
    cli, site, scanners_programs, on_store, registry, tmp_path, monkeypatch
):
    framework(site, CANARIES)
    sbom = scanner(on_store, registry, scanners_programs)
    netrc, report, rendered = tmp_path / "netrc", tmp_path / "report.json", tmp_path / "rendered"
    netrc.write_text(f"machine index.example login u password {CANARY}\n")
    for name in ("HF_TOKEN", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID"):
        monkeypatch.setenv(name, f"{CANARY}-{name}")
    for name in ("HTTPS_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://user:{PROXY_CANARY}@127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    image = f"{registry.address}/tiny:1"
    words = (
        "tiny", "--base-image", IMAGE, "--tag", image, "--no-latest", "--push", "--provenance",
        "--compression", "gzip",
        "--cache", f"{registry.address}/cache", "--index-url", URL.format(canary=CANARY),
        "--extra-index-url", URL.format(canary=f"{CANARY}x"), "--secret", f"id=netrc,src={netrc}",
        "--secret", "id=HF_TOKEN,env=HF_TOKEN", "--sbom", f"generator={sbom}",
    )  # fmt: skip

    shown = [
        cli.ok("--debug", "build", *words, "--dry-run"),
        cli.ok("explain", "build", *words),
        cli.ok("explain", "build", *words, "--json"),
        cli.ok("explain", "build", *words, "--graph", "dot"),
        cli.ok("render", *words, "--output", str(rendered)),
        cli.ok("--debug", "build", *words, "--progress", "rawjson", "--report", str(report)),
        cli.ok("--verbose", "build", *words, "--no-cache", "--progress", "plain"),
    ]
    on_store.docker("pull", image)
    texts = [result.out + result.err for result in shown]
    texts += [path.read_text() for path in (report, *rendered.rglob("*")) if path.is_file()]
    texts += [on_store.docker("history", "--no-trunc", image)]
    texts += [on_store.docker("image", "inspect", image)]

    assert registry.holds("slsa.dev/provenance")
    assert registry.holds("scanned by a test")
    assert registry.holds("https://index.example/***/simple")
    for canary in (CANARY, PROXY_CANARY):
        assert [text for text in texts if canary in text] == []
        assert not registry.holds(canary)


def test_a_proxy_of_dockers_own_configuration_is_not_published(
    cli, site, on_store, registry, tmp_path, monkeypatch
):
    framework(site)
    configuration = tmp_path / "docker"
    shutil.copytree(on_store.environment["DOCKER_CONFIG"], configuration)
    document = json.loads((configuration / "config.json").read_text())
    proxy = f"http://user:{PROXY_CANARY}@127.0.0.1:9"
    document["proxies"] = {"default": {"httpProxy": proxy, "httpsProxy": proxy}}
    (configuration / "config.json").write_text(json.dumps(document))
    monkeypatch.setenv("DOCKER_CONFIG", str(configuration))

    words = (
        "build", "tiny", "--base-image", IMAGE, "--tag", f"{registry.address}/tiny:1",
        "--no-latest", "--push",
    )  # fmt: skip

    cli.ok(*words, "--provenance")
    refused = cli(*words, "--provenance", "mode=max")

    assert refused.status == 2
    assert registry.holds("slsa.dev/provenance")
    assert not registry.holds(PROXY_CANARY)


@pytest.mark.parametrize("canary", [CANARY])
def test_the_greps_would_find_a_canary(canary, cli, site, on_store, registry):
    """The test above is worth something: what is not a secret is found by it."""
    framework(site, f"FROM scratch AS below\nFROM below AS runtime\nLABEL a={canary}\n")

    cli.ok(
        "build", "tiny", "--base-image", IMAGE, "--tag", f"{registry.address}/tiny:1",
        "--no-latest", "--push",
    )  # fmt: skip

    assert registry.holds(canary)


@pytest.fixture
def cosign(on_store, tmp_path, monkeypatch) -> cosigns.Cosign:
    return cosigns.install(tmp_path, monkeypatch)  # after the engine, which sets the PATH


def test_a_tag_is_signed_and_verified_by_its_digest_until_it_moves(
    cli, on_store, registry, cosign, caplog
):
    image = f"{registry.address}/tiny:1"
    other = f"FROM {IMAGE}\nLABEL other=1\n".encode()
    on_store.docker("tag", IMAGE, image)
    on_store.docker("push", image)
    by_digest = f"{registry.address}/tiny@{registry.digest('tiny', '1')}"

    signed = cli.ok("--verbose", "sign", image, *cosign.signs("own"))

    assert signed.out == f"{by_digest}\n"
    assert cli.ok("verify", image, *cosign.verifies("own")).out == f"{by_digest}\n"
    assert cli("verify", by_digest, *cosign.verifies("other")).status == 1
    assert cosigns.PASSWORD not in signed.err + caplog.text

    on_store.docker("build", "--quiet", "--tag", image, "-", stdin=other)
    moved = cli("sign", image, *cosign.signs("own"))  # the registry's is not the engine's
    assert moved.status == 1
    assert "is another image in the registry" in moved.err
    on_store.docker("push", image)
    unsigned = cli("verify", image, *cosign.verifies("own"))
    assert (unsigned.status, unsigned.out) == (1, "")
    assert registry.digest("tiny", "1") in unsigned.err
    on_store.docker("image", "rm", image)


TWO_IMAGES = """\
ARG BASE_IMAGE=scratch
FROM ${{BASE_IMAGE}} AS runtime
COPY --from={tools} /bin/true /true
"""
BUILDER = "https://ci.example/builders/1"


def test_the_materials_of_a_locked_build_are_the_images_of_its_lock(
    cli, site, on_store, registry, tmp_path, monkeypatch
):
    base, tools = f"{registry.address}/base:1", f"{registry.address}/tools:1"
    site.framework("tiny", dockerfile=TWO_IMAGES.format(tools=tools))
    monkeypatch.chdir(tmp_path)
    push_named(on_store, base, "base")
    push_named(on_store, tools, "locked")
    words = ("tiny", "--base-image", base)
    cli.ok("lock", *words)
    bases = tomllib.loads((tmp_path / "dynamo-container.lock").read_text())["base"]
    push_named(on_store, tools, "newer")  # the tag moves

    cli.ok(
        "build", *words, "--locked", "--no-latest", "--tag", f"{registry.address}/tiny:1", "--push",
        "--provenance", f"mode=max,builder-id={BUILDER}",
    )  # fmt: skip

    predicate = registry.provenance("tiny", "1")
    materials = {f"sha256:{one['digest']['sha256']}" for one in predicate["materials"]}
    assert materials == {one["digest"] for one in bases}
    assert len(materials) == 2
    assert predicate["builder"]["id"] == BUILDER


def push_named(on: Engine, image: str, name: str) -> None:
    """Push an image with a label."""
    dockerfile = f"FROM {IMAGE}\nLABEL name={name}\n".encode()
    on.docker("build", "--quiet", "--tag", image, "-", stdin=dockerfile)
    on.docker("push", image)
    on.docker("image", "rm", image)
