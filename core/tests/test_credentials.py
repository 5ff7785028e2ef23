# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Credentials are hidden where text is printed, and refused where a build would show them."""

from __future__ import annotations

import json
import time

import pytest
from dynamo_container import printing
from dynamo_container.errors import OutputError
from dynamo_container.locks import document
from dynamo_container.model.credentials import (
    find,
    hide,
    hide_all,
    hide_in_path,
    is_secret_name,
)
from dynamo_container.model.lock import Lock, LockedWheel, LockedWheels
from dynamo_container.options.syntax import index_url, provenance

CANARY = "c4n4ry"
NONE = ("none", "--target", "runtime")


@pytest.mark.parametrize(
    "text",
    [
        f"https://user:{CANARY}@host/simple",
        f"https://{CANARY}@host/simple",
        f"socks5h://u:{CANARY}@ss@proxy:1080",
        f"git+ssh://me:{CANARY}@host/x.git",
        f"user:{CANARY}@registry.example/image",
        f"type=s3,region=x,secret_access_key={CANARY}",
        f"type=s3,SECRET_ACCESS_KEY={CANARY}",
        f"type=s3,Access_Key_Id={CANARY}",
        f"type=azblob,account_url=https://a.example?sv=1&sig={CANARY}&se=2",
        f"type=azblob,secret_access_key={CANARY}",
        f"https://h/x?X-Amz-Signature={CANARY}",
        f"https://h/x?access_token={CANARY}",
        f"https://h/x?accessToken={CANARY}",
        f"https://h/x?a=1&OAuthToken={CANARY}",
        f"https://h/x?Ocp-Apim-Subscription-Key={CANARY}",
        f"https://h/x?AWSAccessKeyId={CANARY}",
        f"HF_TOKEN={CANARY}",
        f"--password={CANARY}",
        f'password="{CANARY} and more"',
        f"PASSWORD='{CANARY}'",
        f"password=a&{CANARY}",
        f'{{"registry": "x", "password": "{CANARY}"}}',
        f"{{'auth_token' : '{CANARY}'}}",
        f'log: {{\\"password\\": \\"{CANARY}\\"}}',
        f"Authorization: Bearer {CANARY}abc",
        f"Proxy-Authorization: Basic {CANARY}ZGVm=",
        f'"authorization":"token {CANARY}abc"',
        f"bearer {CANARY}abcdef",
        f"vllm serve --api-key {CANARY}",
        f"['--hf-token', '{CANARY}']",
        f"https://u:{CANARY}/x@host/simple",
        f"https://u:{CANARY}'x@host/simple",
        f"https://git@{CANARY}@host/simple",
        f"https://host/login?next=https%3A%2F%2Fu%3A{CANARY}%40host%2Fsimple",
        f"https://h/x?a=1&key={CANARY}",
        f"npm_{CANARY}{'a' * 30}",
        f"hvs.{CANARY}{'a' * 30}",
        f"ghp_{CANARY}{'a' * 30}",
        f"hf_{CANARY}{'a' * 30}",
        f"glpat-{CANARY}{'a' * 20}",
        f"eyJhbGciOiJI.{CANARY}abcdefgh.sig",
        f"-----BEGIN OPENSSH PRIVATE KEY-----\n{CANARY}\n-----END OPENSSH PRIVATE KEY-----",
    ],
)
def test_credentials_are_found_and_hidden(text, capsys):
    assert find(text)
    assert CANARY not in find(text)
    assert CANARY not in hide(f"before {text} after")
    printing.print_line(text)
    printing.print_text(f"{text}\n", err=True)
    printing.print_json({"url": [text]})
    printing.print_error(OutputError(text, text, (text,)))
    out, err = capsys.readouterr()
    assert CANARY not in out + err


@pytest.mark.parametrize(
    "text",
    [
        "https://host/simple",
        "git@github.com:team/x.git",
        "ssh://git@host/x.git",
        f"image:tag@sha256:{'0' * 64}",
        f"docker-image://registry:5000/image:tag@sha256:{'0' * 64}",
        "MAX_TOKENS=10",
        "bypass=1",
        "design=1",
        "primary_key=id",
        "TOKENIZER=llama",
        "--env=HF_TOKEN",
        "monkey=1",
        "user@host",
        "failed to fetch oauth token: unexpected status from GET",
        "error getting credentials: not found",
        "--secret id=NAME,env=VARIABLE",
        "name it: --hf-token NAME",
        "--registry-token contains a secret",
        "--max-tokens 5",
        '{"tokenizer": "llama", "tokens": "3"}',
        "bearer authentication is required",
        "git+https://host:443/team/x@v1",
        "https://host/a%40b",
        "sk-learn==1.0",
        "keyboard=us,author=me,pass_through",
    ],
)
def test_what_is_not_a_credential_stays(text):
    assert hide(text) == text
    assert find(text) == ""


def test_long_texts_take_no_time():
    started = time.process_time()
    for part in ("a:", "x", "-_.", "//", "//a", "token", "a=", "eyJ."):
        hide(f"{part * 50_000}@=")
        find(f"@={part * 50_000}")
    for part in ("//a:", 'token="', "token='x\" :", "%2F%2Fa", "--api-key ", "authorization: a "):
        hide(f"{part * 5_000}@=")

    assert time.process_time() - started < 20


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/AbC123def456GHI7/org/repo/python/simple", "/***/org/repo/python/simple"),
        ("/basic/0a1b2c3d4e5f6071/x", "/basic/***/x"),
        ("/3fa85f64-5717-4562-b3fc-2c963f66afa6/simple", "/***/simple"),
        ("/abcdefghijklmnopqrstuvwxyz/simple", "/***/simple"),
        ("/whl/cu129", "/whl/cu129"),
        ("/api/v4/projects/12345678/pypi/simple", "/api/v4/projects/12345678/pypi/simple"),
        ("/artifactory/api/pypi/pypi-virtual/simple", "/artifactory/api/pypi/pypi-virtual/simple"),
    ],
)
def test_a_token_in_the_path_of_an_index_is_a_secret(path, shown):
    url = f"https://index.example{path}"

    parsed = index_url(url)

    assert hide_in_path(path) == shown
    assert parsed.url == f"https://index.example{shown}"
    assert parsed.secret == ("" if path == shown else url)
    assert "AbC123" not in repr(parsed)


def test_a_token_in_the_path_of_an_index_is_hidden_wherever_it_is_printed(capsys):
    """In what uv says of the index, in a lock, which is meant for a repository, in a report."""
    token = "T0kenInThePath4242"
    index_url(f"https://index.example/basic/{token}/simple")

    texts = (f"Failed to fetch: `https://index.example/basic/{token}/simple/x/`", f"id {token}")
    wheel = LockedWheel(name="x", version="1", file="x.whl", sha256="a" * 64, index=texts[0])
    wheels = LockedWheels(framework="none", platform="linux/amd64", python="3.12", wheels=(wheel,))
    lock = Lock(path="x", created="2026-11-26T08:00:00Z", wheels=(wheels,))
    printing.print_lines(texts)

    printed = "".join(capsys.readouterr())
    assert "https://index.example/basic/***/simple/x/" in printed
    assert token not in printed + document.text(lock) + str(hide_all({"log": [*texts]}))


@pytest.mark.parametrize(
    ("given", "spec"),
    [
        ("true", "type=provenance,mode=min"),
        ("yes", "type=provenance,mode=min"),
        ("builder-id=x", "type=provenance,builder-id=x,mode=min"),
        ("mode=max", "type=provenance,mode=max"),
        ("Mode=max", "type=provenance,Mode=max"),
        ("false", "type=provenance,disabled=true"),
    ],
)
def test_a_provenance_without_a_mode_is_minimal(given, spec):
    assert provenance(given) == spec


@pytest.mark.parametrize("mode", ["mode=max", "mode=MAX", "builder-id=x,mode=max", "MODE=max"])
@pytest.mark.parametrize(
    ("variable", "words"),
    [
        ("HTTPS_PROXY", ()),
        ("http_proxy", ()),
        ("", ("--build-arg", f"HTTP_PROXY=http://u:{CANARY}@proxy")),
        ("all_proxy", ("--build-arg", "all_proxy")),
    ],
)
def test_a_full_provenance_is_refused_if_a_proxy_has_a_password(
    variable, words, mode, cli, monkeypatch
):
    if variable:
        monkeypatch.setenv(variable, f"http://u:{CANARY}@proxy")

    result = cli("build", *NONE, "--dry-run", "--provenance", mode, *words)

    assert result.status == 2
    assert "--provenance mode=max would publish" in result.err
    assert CANARY not in result.out + result.err


PROXY = f"http://u:{CANARY}@proxy"


@pytest.mark.parametrize(
    "proxies",
    [
        {"default": {"httpProxy": PROXY}},
        {"default": {"noProxy": "a"}, "tcp://host:2375": {"httpsProxy": PROXY}},
        {"unix:///x.sock": {"allProxy": PROXY.replace("u:", "")}},
    ],
)
def test_a_full_provenance_is_refused_if_docker_is_configured_with_such_a_proxy(
    proxies, cli, tmp_path, monkeypatch
):
    (tmp_path / "config.json").write_text(json.dumps({"proxies": proxies}))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    words = ("build", *NONE, "--dry-run", "--provenance")

    refused, minimal = cli(*words, "mode=max"), cli(*words, "mode=min")

    assert refused.status == 2
    assert "mode=max would publish" in refused.err
    assert "docker's own configuration" in refused.err
    assert minimal.status == 0
    assert CANARY not in refused.err + minimal.err


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"proxies": [1]}', '{"proxies": {"a": 1}}', "\xff"]
)
def test_a_configuration_of_docker_that_cannot_be_read_has_no_proxies(
    text, cli, tmp_path, monkeypatch
):
    (tmp_path / "config.json").write_text(text, encoding="latin-1")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))

    cli.ok("build", *NONE, "--dry-run", "--provenance", "mode=max")


def test_a_bare_provenance_with_a_proxy_is_minimal(cli, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", f"http://u:{CANARY}@proxy")

    result = cli.ok(
        "build", *NONE, "--dry-run", "--push", "--repository", "r.example/x", "--provenance"
    )

    target = result.definition["target"]["none-runtime"]
    assert target["attest"] == ["type=provenance,mode=min"]
    assert CANARY not in result.out + result.err


@pytest.mark.parametrize(
    "words",
    [
        ("--build-context", f"x=https://u:{CANARY}@host/repo.git"),
        ("--build-context", f"x=HTTPS://{CANARY}@host/repo.git"),
        ("--build-context", f"x=https://host/x.tar?sig={CANARY}"),
        ("--build-context", f"x=git://u:{CANARY}@host/x"),
        ("--build-arg", f"REPO=https://u:{CANARY}@host/x"),
        ("--build-arg", f"REPO=git+https://{CANARY}@host/x"),
        ("--build-arg", f"REPO=https://host/x?X-Amz-Signature={CANARY}"),
        ("--build-arg", f"X=ghp_{CANARY}{'a' * 30}"),
        ("--cache-to", f"type=s3,bucket=b,secret_access_key={CANARY}"),
        ("--cache-to", f"type=s3,bucket=b,SECRET_ACCESS_KEY={CANARY}"),
        ("--cache-to", f"type=s3,bucket=b,Access_Key_ID={CANARY}"),
        ("--cache-to", f"type=s3,bucket=b, session_token={CANARY}"),
        ("--cache-to", f"type=azblob,name=x,secret_access_key={CANARY}"),
        ("--cache-from", f"type=azblob,name=x,account_url=https://a.example?sig={CANARY}"),
        ("--cache-from", f"type=gha,Token={CANARY}"),
        ("--build-arg", f"Https_Proxy=http://u:{CANARY}@proxy"),
        ("--build-arg", f"HTTPS_proxy=http://{CANARY}@proxy"),
        ("--build-arg", f"REPO=https://host/x?accessToken={CANARY}"),
        ("--build-arg", f"REPO=https://host/x?v=1&clientSecret={CANARY}"),
        ("--build-arg", f"REPO=https://host/x?subscription-key={CANARY}"),
        ("--build-context", f"x=https://host/x.tar?jwt={CANARY}"),
        ("--sbom", f"generator=https://u:{CANARY}@registry.example/x"),
        ("--provenance", f"builder-id=https://{CANARY}@ci.example/1"),
        ("--cache-to", f"type=registry,ref=https://u:{CANARY}@registry.example/x"),
    ],
)
@pytest.mark.parametrize("command", ["build", "explain build"])
def test_what_a_build_would_show_is_refused(words, command, cli):
    dry_run = ["--dry-run"] if command == "build" else []
    result = cli(*command.split(), *NONE, *dry_run, *words)

    assert result.status == 2
    assert words[0] in result.err
    assert len(result.err.splitlines()) == 2
    assert CANARY not in result.out + result.err


URLS = """
@hookimpl
def dynamo_container_options(command):
    yield Option(flag="--tiny-ref", help="A git ref.")
    yield Option(flag="--tiny-urls", help="URLs.", repeatable=True)
"""


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("--tiny-ref", f"git+https://{CANARY}@github.com/a/b"),
        ("--tiny-ref", f"https://x-access-token:{CANARY}@github.com/a/b#main"),
        ("--tiny-urls", f"https://host/x.whl?x-amz-security-token={CANARY}"),
    ],
)
def test_an_option_of_a_plugin_is_looked_at_too(flag, value, cli, site):
    site.framework("tiny", URLS)

    result = cli("build", "tiny", "--dry-run", flag, value)

    assert result.status == 2
    assert result.err.startswith(f"error: {flag} contains ")
    assert CANARY not in result.out + result.err


def test_a_build_argument_from_the_environment_is_looked_at_too(cli, monkeypatch):
    monkeypatch.setenv("REPO", f"https://u:{CANARY}@host/x")

    result = cli("build", *NONE, "--dry-run", "--build-arg", "REPO")

    assert result.status == 2
    assert CANARY not in result.out + result.err


@pytest.mark.parametrize(
    "spec",
    [
        f"id=x,src={CANARY}",
        f"id=x,value={CANARY}",
        f"id=x,env={CANARY}!",
        f"id=x,type=env,src=hf_{CANARY}{'a' * 30}",
        f"id=x,src={CANARY}/with/slashes==",
        CANARY,
        f"src={CANARY}",
        f'id=x,"src={CANARY}',
        f"id=HF_TOKEN={CANARY},env=HOME",
        f"id=hf_{CANARY}{'a' * 30},value=x",
    ],
)
def test_a_secret_that_is_not_valid_is_not_repeated(spec, cli):
    result = cli("build", *NONE, "--dry-run", "--secret", spec)

    assert result.status == 2
    assert "--secret" in result.err
    assert CANARY not in result.out + result.err


@pytest.mark.parametrize(
    "variable",
    [
        f"HF_TOKEN={CANARY}",
        f"my_password={CANARY}",
        f"URL=https://u:{CANARY}@h",
        f"X=ghp_{CANARY}{'a' * 30}",
    ],
)
def test_a_dev_containers_file_gets_no_secret(variable, cli):
    result = cli("devcontainer", "none", "-e", variable)

    assert result.status == 2
    assert f"--env {variable.partition('=')[0]}" in result.err
    assert CANARY not in result.out + result.err


def test_a_dev_containers_file_has_names_of_secrets_and_other_values(cli):
    words = ("devcontainer", "none", "-e", "API_KEY", "-e", "LEVEL=debug", "--dry-run")

    text = cli.ok(*words).out

    assert '"API_KEY": "${localEnv:API_KEY}"' in text
    assert '"LEVEL": "debug"' in text


@pytest.mark.processes
def test_explain_run_hides_values_by_their_names(cli, monkeypatch, tmp_path):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/missing.sock")
    env = ("-e", f"API_KEY={CANARY}", "-e", "LEVEL=9", "-e", "HF_TOKEN")
    words = ("explain", "run", "none", "--image", "x:1", "--gpus", "none", *env)

    text, document = cli.ok(*words), cli.ok(*words, "--json")

    assert CANARY not in text.out + document.out + text.err + document.err
    values = {one["key"]: one["value"] for one in json.loads(document.out)["values"]}
    assert values["API_KEY"] == "***"
    assert values["HF_TOKEN"] == "(from the caller's environment)"
    assert values["LEVEL"] == "9"


def test_explain_build_hides_values_by_their_names_and_warns(cli):
    words = ("explain", "build", *NONE, "--build-arg", f"CACHES_TOKEN={CANARY}")

    result = cli.ok(*words)

    assert CANARY not in result.out + result.err
    assert "CACHES_TOKEN can be read in the image's history" in result.err


@pytest.mark.parametrize(
    "name", ["HF_TOKEN", "password", "AWS_SECRET_ACCESS_KEY", "api-key", "ApiKey"]
)
def test_names_of_secrets(name):
    assert is_secret_name(name)
    assert not is_secret_name(f"{name}_FILE")
