# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`sign` and `verify`: what cosign is asked for, and what its answers mean. A real registry is in
`test_outputs_on_engines.py`.
"""

from __future__ import annotations

import logging
import shutil
from dataclasses import dataclass, field

import pytest
from dynamo_container.docker import buildx, engine, process
from dynamo_container.docker.buildx import RegistryAnswer
from dynamo_container.docker.command import Command
from dynamo_container.errors import EngineError
from dynamo_container.model.facts import ImageInfo
from dynamo_container.testing import Cli

DIGEST, OTHER = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
NAME = "registry.example:5000/team/image"
SIGNED = f"{NAME}@{DIGEST}"
KEYLESS = ("--certificate-identity", "me@example.com", "--certificate-oidc-issuer", "https://id")


@dataclass
class Machine:
    """A machine with cosign, a registry and an engine.

    Attributes:
        registry: what the registry says about any tag.
        engine_digests: those of the image that the engine has; None without an engine.
        status: that cosign ends with.
        calls: what cosign was called with.
        asked: which images the registry was asked for.
    """

    registry: RegistryAnswer
    engine_digests: tuple[str, ...] | None = ()
    status: int = 0
    calls: list[tuple[str, ...]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def manifest(self, image: str) -> RegistryAnswer:
        self.asked.append(image)
        return self.registry

    def image(self, image: str) -> ImageInfo:
        if self.engine_digests is None:
            raise EngineError("no engine answers")
        return ImageInfo(id=image, size=1, digests=self.engine_digests)

    def run(self, command: Command, *, output: int) -> int:
        assert output == 2  # standard output is for the reference
        self.calls.append(command.argv)
        return self.status


@pytest.fixture
def machine(monkeypatch, tmp_path) -> Machine:
    one = Machine(RegistryAnswer(document={"digest": DIGEST}))
    monkeypatch.setattr(buildx, "registry_manifest", one.manifest)
    monkeypatch.setattr(engine, "inspect_image", one.image)
    monkeypatch.setattr(process, "run", one.run)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    for name in ("cosign.key", "cosign.pub"):
        (tmp_path / name).write_text("a key\n")
    return one


@pytest.mark.parametrize("reference", [f"{NAME}:1", NAME, SIGNED, f"{NAME}:1@{DIGEST}"])
@pytest.mark.parametrize("verb", ["sign", "verify"])
def test_cosign_gets_the_digest_whatever_names_the_image(
    cli: Cli, machine: Machine, reference: str, verb: str
):
    result = cli.ok(verb, reference, "--key", "cosign.key")

    assert machine.calls == [("cosign", verb, "--key=cosign.key", SIGNED)]
    assert result.out == f"{SIGNED}\n"
    assert ("--key PUBLIC_KEY" in result.err) == (verb == "sign")
    assert machine.asked == ([] if DIGEST in reference else [reference])


def test_options_have_the_names_of_cosign_and_others_are_passed_on(cli: Cli, machine: Machine):
    words = ("--yes", "--cosign-arg=--recursive", "--cosign-arg=--annotations=a=b")
    keyless = cli.ok("sign", SIGNED, *words)
    cli.ok("verify", SIGNED, *KEYLESS, "--cosign-arg=--insecure-ignore-tlog")

    assert f"verify {SIGNED} --certificate-identity ID" in keyless.err
    signing, verifying = machine.calls
    assert signing == ("cosign", "sign", "--yes", "--recursive", "--annotations=a=b", SIGNED)
    assert verifying[2:] == (
        "--certificate-identity=me@example.com",
        "--certificate-oidc-issuer=https://id",
        "--insecure-ignore-tlog",
        SIGNED,
    )


@pytest.mark.parametrize(
    "digests", [(), (SIGNED,), (f"{NAME}@{OTHER}", SIGNED), (f"elsewhere/image@{OTHER}",), None]
)
def test_a_tag_is_signed_if_the_engine_does_not_know_it_as_another_image(
    cli: Cli, machine: Machine, digests: tuple[str, ...] | None
):
    machine.engine_digests = digests

    cli.ok("sign", f"{NAME}:1", "--key", "cosign.key")

    assert machine.calls[0][-1] == SIGNED


def test_a_tag_that_somebody_has_moved_is_not_signed_but_its_digest_can_be(
    cli: Cli, machine: Machine
):
    machine.engine_digests = (f"{NAME}@{OTHER}",)

    refused = cli("sign", f"{NAME}:1", "--key", "cosign.key")

    assert refused.status == 1
    assert f"another image in the registry ({DIGEST}) than in the engine ({OTHER})" in refused.err
    assert machine.calls == []
    cli.ok("sign", SIGNED, "--key", "cosign.key")
    cli.ok("verify", f"{NAME}:1", "--key", "cosign.pub")  # it says what it has verified


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (10, "it has no signature"),
        (11, "the registry does not have it"),
        (12, "it has no signature that matches"),
        (13, "a signature has no certificate"),
        (1, "cosign exited with status 1"),
        (-9, "cosign exited with status -9"),
    ],
)
def test_what_is_not_verified_is_status_1_with_the_reason_and_prints_no_reference(
    cli: Cli, machine: Machine, status: int, reason: str
):
    machine.status = status

    result = cli("verify", f"{NAME}:1", "--key", "cosign.pub")

    assert (result.status, result.out) == (1, "")
    assert f"{SIGNED} is not verified: {reason}" in result.err


def test_what_cosign_cannot_sign_is_status_1(cli: Cli, machine: Machine):
    machine.status = 1

    result = cli("sign", SIGNED)

    assert (result.status, result.out) == (1, "")
    assert "could not be signed (cosign exited with status 1)" in result.err


@pytest.mark.parametrize("verb", ["sign", "verify"])
def test_without_cosign_the_error_says_how_to_get_it(
    cli: Cli, machine: Machine, monkeypatch: pytest.MonkeyPatch, verb: str
):
    monkeypatch.setattr(shutil, "which", lambda _name: None)

    result = cli(verb, f"{NAME}:1", "--key", "cosign.key")

    assert result.status == 6
    assert "cosign is not installed" in result.err
    assert "go install github.com/sigstore/cosign" in result.err
    assert machine.asked == []


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({}, "connection refused"),
        ({}, ""),
        ({"digest": "--key=x"}, ""),
        ({"digest": "sha256:1"}, ""),
    ],
)
@pytest.mark.parametrize("verb", ["sign", "verify"])
def test_a_registry_that_does_not_give_a_digest_is_named(
    cli: Cli, machine: Machine, document: dict[str, str], problem: str, verb: str
):
    machine.registry = RegistryAnswer(document=document, problem=problem)

    result = cli(verb, f"{NAME}:1", "--key", "cosign.key")

    assert result.status == 6
    assert f"the digest of {NAME}:1 is not known" in result.err
    assert problem in result.err
    assert machine.calls == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("verify", SIGNED), "verify requires a signer"),
        (("verify", SIGNED, *KEYLESS[:2]), "verify requires a signer"),
        (("verify", SIGNED, *KEYLESS[2:]), "verify requires a signer"),
        (("verify", SIGNED, "--key", "cosign.pub", *KEYLESS), "--key cannot be used with"),
        (("verify", SIGNED, "--key", "absent.pub"), "file not found"),
        (("sign", SIGNED, "--key", "absent.key"), "file not found"),
        (("sign", "image:1", "--key", "cosign.key"), "does not name a registry"),
        (("sign", DIGEST, "--key", "cosign.key"), "does not name a registry"),
        (("verify", DIGEST, "--key", "cosign.pub"), "is not an image in a registry"),
        (("sign", SIGNED, "--cosign-arg", "another/image:1"), "flag of cosign"),
        (("sign", SIGNED, "--cosign-arg", "-k"), "flag of cosign"),
        (("sign", SIGNED, "--cosign-arg=--key=x"), "flag of cosign"),
        (("verify", SIGNED, *KEYLESS, "--cosign-arg=--check-claims=false"), "flag of cosign"),
        (("verify", SIGNED, *KEYLESS, "--cosign-arg=--local-image"), "flag of cosign"),
        (("verify", SIGNED, *KEYLESS, "--cosign-arg=--help"), "flag of cosign"),
        (("verify", SIGNED, *KEYLESS, "--cosign-arg=--attachment=sbom"), "flag of cosign"),
        (
            ("verify", SIGNED, *KEYLESS, "--cosign-arg=--certificate-identity-regexp=.*"),
            "flag of cosign",
        ),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(
    cli: Cli, machine: Machine, words: tuple[str, ...], message: str
):
    result = cli(*words)

    assert (result.status, result.out) == (2, "")
    assert message in result.err
    assert machine.calls == []


@pytest.mark.parametrize(
    "words",
    [
        ("--cosign-arg=--registry-password=s3cr3t",),
        ("--cosign-arg=--registry-token=s3cr3t",),
        ("--cosign-arg=--identity-token=s3cr3t",),
        ("--key", "https://user:s3cr3t@keys.example/cosign.key"),
    ],
)
def test_a_secret_among_the_arguments_is_refused_and_not_shown(
    cli: Cli, machine: Machine, caplog: pytest.LogCaptureFixture, words: tuple[str, ...]
):
    with caplog.at_level(logging.DEBUG):
        result = cli("--debug", "sign", SIGNED, *words)

    assert result.status == 2
    assert "which other users could see" in result.err
    assert "s3cr3t" not in result.out + result.err + caplog.text
    assert machine.calls == []


@pytest.mark.parametrize(
    "key", ["env://COSIGN_PRIVATE_KEY", "awskms:///alias/release", "pkcs11:token=release"]
)
def test_a_key_can_be_elsewhere(cli: Cli, machine: Machine, key: str):
    cli.ok("sign", SIGNED, "--key", key)

    assert machine.calls == [("cosign", "sign", f"--key={key}", SIGNED)]
