#!/usr/bin/env bash
# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154  # the script that reads them assigns $home and $alternative
#
# Functions of scripts that unpack a Debian of their own next to the machine's. The script that reads them has $home, the
# folder of all files, $alternative, what to do on other machines, and the functions `say` and `die`.

mirror() {
    # The mirror that apt is configured to use on this machine.
    # shellcheck disable=SC2016  # expanded by apt-get
    apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' 'Label: Debian' | sort -u | head -n 1
}

need_debian() {
    [ "$(id -u)" = 0 ] || die "this requires root; $alternative"
    command -v apt-get >/dev/null || die "this requires Debian's packages; $alternative"
    command -v debootstrap >/dev/null && [ -n "$(mirror)" ] && return
    say "installing debootstrap"
    {
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq debootstrap
    } >&2 || die "cannot install debootstrap"
}

# bootstrap DIR SUITE PACKAGES: install a minimal Debian into DIR; if that fails, DIR does not exist.
bootstrap() {
    [ -d "$1" ] && return
    need_debian
    say "fetching Debian $2 ($3)"
    rm -rf "$1.part"
    mkdir -p "$home/packages-$2"
    debootstrap --variant=minbase --cache-dir="$home/packages-$2" --include="$3" "$2" "$1.part" "$(mirror)" \
        >"$1.log" 2>&1 || die "debootstrap failed; see $1.log"
    mv "$1.part" "$1"
}
