# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`export` writes files for other systems, and finds out whether they are current."""

from __future__ import annotations

from pathlib import Path

import pytest

FORMS = {
    "compose": ("compose",),
    "kubernetes": ("kubernetes",),
    "without operator": ("kubernetes", "--without-operator"),
    "quadlet": ("quadlet",),
    "slurm": ("slurm",),
}


def words(form: str, folder: Path) -> tuple[str, ...]:
    name, *options = FORMS[form]
    return ("export", name, str(folder), "none", "--model", "org/name", "--workers=2", *options)


def texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


@pytest.mark.parametrize("form", FORMS)
def test_check_finds_a_file_that_changed(cli, tmp_path, form):
    folder = tmp_path / "deploy"
    cli.ok(*words(form, folder))
    cli.ok(*words(form, folder), "--check")

    for path in sorted(folder.iterdir()):
        text = path.read_text()
        path.write_text(text + "# edited\n")
        found = cli(*words(form, folder), "--check")
        assert found.status == 1
        assert f"{path} is out of date" in found.err
        assert cli(*words(form, folder)).status == 2, "an edited file is left alone"
        path.write_text(text)
    (folder / min(texts(folder))).unlink()
    assert "was not found" in cli(*words(form, folder), "--check").err


@pytest.mark.parametrize("form", FORMS)
def test_files_are_the_same_for_every_caller(cli, tmp_path, monkeypatch, form):
    monkeypatch.setenv("HF_TOKEN", "hf_first")
    cli.ok(*words(form, tmp_path / "first"))
    other = tmp_path / "other home"
    (other / ".cache" / "huggingface").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(other))
    monkeypatch.setenv("HF_TOKEN", "hf_second")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")

    cli.ok(*words(form, tmp_path / "second"))

    assert texts(tmp_path / "first") == texts(tmp_path / "second")
    assert "hf_" not in str(texts(tmp_path / "first"))


@pytest.mark.parametrize(
    "option",
    ["--without-operator", "--pull-secret=regcred", "--storage-class=fast", "--model-storage=1Ti"],
)
@pytest.mark.parametrize("form", ["compose", "quadlet", "slurm"])
def test_an_option_of_kubernetes_requires_it(cli, tmp_path, form, option):
    refused = cli(*words(form, tmp_path), option)

    assert refused.status == 2
    assert f"{option.partition('=')[0]} requires the format kubernetes, not {form}" in refused.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "option",
    ["--pull-secret=A_b", "--storage-class=-x", "--model-storage=10 GB", "--model-storage=0"],
)
def test_names_and_sizes_are_those_of_kubernetes(cli, tmp_path, option):
    assert cli(*words("kubernetes", tmp_path), option).status == 2


SECRET = "s3cr3tc4n4ry"


@pytest.mark.parametrize(
    "given",
    [
        ("--env", f"HF_TOKEN={SECRET}"),
        ("--env", f"URL=https://me:{SECRET}@host/x"),
        ("--env", f"http_proxy=http://me:{SECRET}@proxy:1"),
        ("--env", f"HEADER=Authorization: Bearer {SECRET}"),
        ("--env", f"EXTRA=--api-key {SECRET}"),
        ("--", "--api-key", SECRET),
        ("--", "--api-key", "without-any-digit"),
        ("--", f"--api-key={SECRET}"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("form", FORMS)
def test_files_get_no_secret(cli, tmp_path, form, given):
    """They are meant for a repository."""
    folder = tmp_path / "deploy"

    refused = cli(*words(form, folder), *given)

    assert refused.status == 2
    assert "a file for everybody" in refused.err
    assert "by name" in refused.err or "omit the value" in refused.err
    assert SECRET not in refused.out + refused.err
    assert not folder.exists()


def test_what_only_looks_like_an_option_with_a_secret_is_written(cli, tmp_path):
    cli.ok(
        *words("compose", tmp_path), "--env", "HF_TOKEN", "--", "--end-token", "5", "--token", "-x"
    )
