#!/bin/sh
# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
#
# Builds images: `dynamo-container build` with the same arguments. A Dynamo checkout is looked for around this file first.
here=$(dirname "$(readlink -f "$0")")
command=$(command -v dynamo-container) || command=$here/../.venv/bin/dynamo-container
if [ ! -x "$command" ]; then
    printf 'error: dynamo-container is not installed\npip install dynamo-container-vllm, or the distribution of another framework\n' >&2
    exit 127
fi
exec "$command" --near "$here" build "$@"
