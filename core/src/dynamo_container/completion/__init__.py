# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Completion in shells, fast enough to press Tab without a thought.

To complete a word, click imports the whole command line and the plugins: 300 ms and more. So what
they accept is kept in a file (`grammar`, `store`), which is written again when a package changes.
`answer` reads that file and imports little else; it is the first thing that `__main__` looks at.
"""
