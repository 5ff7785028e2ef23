# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A stage gets the secrets that its Dockerfile mounts, and no others."""

from __future__ import annotations

import pytest
import trustme
from dynamo_container.images import dockerfile

HEAD = "ARG BASE_IMAGE=scratch\nFROM ${BASE_IMAGE} AS runtime\n"


@pytest.mark.parametrize(
    ("instructions", "mounted"),
    [
        ("RUN --mount=type=secret,id=a true", {"a"}),
        ("RUN --mount=id=a,type=secret --network=none --mount=type=secret,id=b true", {"a", "b"}),
        ("RUN --mount=type=cache,target=/x \\\n  --mount=type=secret,id=a \\\n  true", {"a"}),
        ("RUN --mount=type=secret,target=/root/.netrc true", {".netrc"}),
        ("RUN --mount=type=secret,dst=/run/secrets/b,required true", {"b"}),
        ("ONBUILD RUN --mount=type=secret,id=a true", {"a"}),
        ("RUN --mount=type=secret,id=a <<EOF\n--mount=type=secret,id=no\nEOF", {"a"}),
        ("RUN --mount=type=secret,id=$NAME true", {dockerfile.ANY}),
        ("RUN echo --mount=type=secret,id=no", set()),
        ("# RUN --mount=type=secret,id=no true\nRUN true", set()),
        ("COPY --from=x /a /b\nRUN --mount=type=bind,id=no true", set()),
    ],
)
def test_the_reader_finds_the_secrets_that_steps_mount(instructions, mounted, tmp_path):
    file = tmp_path / "Dockerfile"
    file.write_text(f"{HEAD}{instructions}\n")

    assert dockerfile.read(file, tmp_path).secrets == mounted


def secrets_of(cli, *words) -> dict[str, list[str]]:
    """Return the IDs of the secrets that each target gets."""
    targets = cli.ok("build", *words, "--dry-run").definition["target"]
    return {
        name: [secret.partition(",")[0].removeprefix("id=") for secret in target.get("secret", [])]
        for name, target in targets.items()
    }


def test_only_stages_that_mount_a_secret_get_it(cli, site, monkeypatch):
    site.framework("acme", dockerfile=f"{HEAD}RUN --mount=type=secret,id=a true\n")
    for name in ("a", "b"):
        monkeypatch.setenv(name, "s3cr3t")

    given = secrets_of(cli, "acme", "--secret", "id=a", "--secret", "id=b")

    assert given == {"acme-runtime": ["a"]}


def test_the_shared_stages_get_what_they_mount(cli, tmp_path, monkeypatch):
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(trustme.CA().cert_pem.bytes())
    url = "https://u:p@index.example/simple"

    words = ("--index-url", url, "--secret", f"id=ca-bundle,src={bundle}")
    given = secrets_of(cli, "none", "--target", "runtime", *words)

    assert given["scripts"] == []
    assert set(given["wheels"]) == set(given["serving"]) == {"index-url", "ca-bundle"}
    assert "index-url" not in given["none-runtime"]


def test_git_credentials_go_to_stages_that_download(cli, site, monkeypatch):
    monkeypatch.setenv("GIT_AUTH_TOKEN", "s3cr3t")
    site.framework("acme", dockerfile=f"{HEAD}ADD https://host.example/x.git /x\n")
    site.framework("other", dockerfile=f"{HEAD}COPY Dockerfile /\n")

    given = secrets_of(cli, "acme", "other", "--secret", "id=GIT_AUTH_TOKEN")

    assert given == {"acme-runtime": ["GIT_AUTH_TOKEN"], "other-runtime": []}


def test_a_variable_in_a_mount_gets_all_of_them(cli, site, monkeypatch):
    monkeypatch.setenv("a", "s3cr3t")
    site.framework("acme", dockerfile=f"{HEAD}ARG N\nRUN --mount=type=secret,id=$N true\n")

    assert secrets_of(cli, "acme", "--secret", "id=a") == {"acme-runtime": ["a"]}


def test_a_secret_that_no_step_mounts_is_a_warning(cli, site, monkeypatch, tmp_path):
    monkeypatch.setenv("b", "s3cr3t")
    site.framework("acme")

    result = cli.ok("build", "acme", "--secret", "id=b", "--dry-run")

    assert "warning: --secret id=b: no Dockerfile mounts this secret" in result.err
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(trustme.CA().cert_pem.bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    assert "mounts this secret" not in cli.ok("build", "acme", "--dry-run").err


MOUNTS_JOBS = f"{HEAD}RUN --mount=type=secret,id=max-jobs true\n"


def test_the_number_of_compilers_is_a_setting_that_runs_no_step_again(cli, site):
    site.framework("acme", dockerfile=MOUNTS_JOBS)
    words = ("build", "acme", "--target", "runtime", "--dry-run", "--max-jobs")

    two, seven = cli.ok(*words, "2"), cli.ok(*words, "7")

    assert "DYNAMO_CONTAINER_MAX_JOBS=2 " in two.out
    assert "DYNAMO_CONTAINER_MAX_JOBS=7 " in seven.out
    assert two.definition == seven.definition
    target = two.definition["target"]["acme-runtime"]
    assert target["secret"] == ["id=max-jobs,env=DYNAMO_CONTAINER_MAX_JOBS"]
    assert "MAX_JOBS" not in target.get("args", {})
    assert "no effect" not in two.err


def test_a_build_argument_of_its_name_is_the_setting_too(cli, site):
    site.framework("acme", dockerfile=MOUNTS_JOBS)

    result = cli.ok("build", "acme", "--dry-run", "--max-jobs", "2", "--build-arg", "MAX_JOBS=7")

    assert "DYNAMO_CONTAINER_MAX_JOBS=7 " in result.out
    assert "no effect" not in result.err


def test_a_plugins_argument_of_its_name_is_the_setting_too(cli, site):
    argument = """
@hookimpl
def dynamo_container_build_args(request):
    yield BuildArg(name="MAX_JOBS", value="3")
"""
    site.framework("acme", argument, dockerfile=MOUNTS_JOBS)
    words = ("build", "acme", "--dry-run")

    assert "DYNAMO_CONTAINER_MAX_JOBS=3 " in cli.ok(*words).out
    assert "DYNAMO_CONTAINER_MAX_JOBS=5 " in cli.ok(*words, "--max-jobs", "5").out


def test_a_setting_has_an_effect_if_only_the_build_knows_what_a_step_mounts(cli, site):
    site.framework("acme", dockerfile=f"{HEAD}ARG NAME\nRUN --mount=type=secret,id=$NAME true\n")

    assert (
        "DYNAMO_CONTAINER_MAX_JOBS=2 "
        in cli.ok("build", "acme", "--dry-run", "--max-jobs", "2").out
    )


def test_a_dockerfile_that_takes_it_as_an_argument_gets_it(cli, site):
    site.framework("acme", dockerfile=f"{HEAD}ARG MAX_JOBS\nRUN true\n")

    result = cli.ok("build", "acme", "--dry-run", "--max-jobs", "2")

    target = result.definition["target"]["acme-runtime"]
    assert target["args"]["MAX_JOBS"] == "2"
    assert "secret" not in target
    assert "DYNAMO_CONTAINER_MAX_JOBS" not in result.out


def test_a_rendered_folder_says_what_the_settings_are(cli, site, tmp_path):
    site.framework("acme", dockerfile=MOUNTS_JOBS)

    cli.ok("render", "acme", "--output", str(tmp_path / "x"), "--max-jobs", "2")

    page = (tmp_path / "x" / "README.md").read_text(encoding="utf-8")
    assert "DYNAMO_CONTAINER_MAX_JOBS=2 BUILDX_NO_DEFAULT_LOAD=1" in page
    assert "Export these variables" not in page


def test_explain_shows_a_setting_and_never_a_secret(cli, site):
    site.framework("acme", dockerfile=MOUNTS_JOBS)

    text = cli.ok("explain", "build", "acme", "--max-jobs", "2", "--json").json

    (entry,) = (one for one in text["images"][0]["values"] if one["key"] == "max-jobs")
    assert (entry["kind"], entry["value"]) == ("secret", "2")
