# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`python -m dynamo_container`, the same as the command `dynamo-container`."""

import sys

from dynamo_container.cli import main

sys.exit(main())
