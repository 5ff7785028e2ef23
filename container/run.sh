#!/bin/sh
# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
#
# Run an image: pass all arguments to `dynamo-container run`, which looks for a Dynamo checkout around this file
# before the current folder.
here=$(dirname "$(readlink -f "$0")")
command=$(command -v dynamo-container) || command=$here/../.venv/bin/dynamo-container
if [ ! -x "$command" ]; then
    printf 'error: dynamo-container is not installed\npip install "dynamo-container[vllm]"\n' >&2
    exit 127
fi
exec "$command" --near "$here" run "$@"
