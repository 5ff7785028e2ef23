# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The scripts that shells load, and where they look for them.

Each script runs the program with the variable `VARIABLE` set to the shell's name, and reads lines:
`=VALUE`, perhaps with a tab and a description; `files` for files; `nospace` if the value goes on.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

VARIABLE: Final = "_DYNAMO_CONTAINER_COMPLETION"

_BASH: Final = """\
# Completion of dynamo-container for bash.
_dynamo_container() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        case $line in
        files) compopt -o default ;;
        nospace) compopt -o nospace ;;
        =*) COMPREPLY+=("${line#=}") ;;
        esac
    done < <(
        COMP_LINE=${COMP_LINE:0:COMP_POINT} COMP_WORDBREAKS=$COMP_WORDBREAKS \\
            _DYNAMO_CONTAINER_COMPLETION=bash "$1" 2>/dev/null
    )
}
complete -o nosort -F _dynamo_container dynamo-container
"""

_ZSH: Final = """\
#compdef dynamo-container
# Completion of dynamo-container for zsh.
_dynamo_container() {
    local line value text
    local -a values displays suffix
    for line in "${(@f)$(
        COMP_WORDS="${(F)${(@Q)words[1,CURRENT-1]}}" COMP_WORD="${(Q)PREFIX}" \\
            _DYNAMO_CONTAINER_COMPLETION=zsh "${(Q)words[1]}" 2>/dev/null
    )}"; do
        case $line in
        files) compset -P '*='; _files; return ;;
        nospace) suffix=(-S '') ;;
        '='*)
            value=${${line#'='}%%$'\\t'*}
            text=${line#*$'\\t'}
            values+=("$value")
            [[ $text == "$line" ]] && displays+=("$value") || displays+=("$value  -- $text")
            ;;
        esac
    done
    compadd "${suffix[@]}" -l -V values -d displays -a values
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _dynamo_container "$@"
else
    compdef _dynamo_container dynamo-container
fi
"""

_FISH: Final = """\
# Completion of dynamo-container for fish.
function __dynamo_container_complete
    set -lx COMP_WORDS (string join \\n -- (commandline -opc) | string collect)
    set -lx COMP_WORD (commandline -ct)
    set -lx _DYNAMO_CONTAINER_COMPLETION fish
    for line in (dynamo-container 2>/dev/null)
        if test "$line" = files
            __fish_complete_path (commandline -ct)
        else if string match -q '=*' -- $line
            string sub -s 2 -- $line
        end
    end
end
complete -c dynamo-container -f -a '(__dynamo_container_complete)'
"""

SCRIPTS: Final = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


def file(shell: str, home: Path) -> Path:
    """Return where a user's shell looks for the script.

    Args:
        shell: a key of `SCRIPTS`.
        home: of the user.
    """
    data = _folder("XDG_DATA_HOME", home / ".local" / "share")
    if shell == "fish":
        return (
            _folder("XDG_CONFIG_HOME", home / ".config") / "fish/completions/dynamo-container.fish"
        )
    if shell == "zsh":
        return data / "zsh/site-functions/_dynamo-container"
    return data / "bash-completion/completions/dynamo-container"


def next_step(shell: str, path: Path) -> str:
    """Return what is left to do after the script was written."""
    if shell == "fish":
        return "open a new shell"
    if shell == "zsh":
        return (
            f"add to ~/.zshrc, before compinit: fpath=({path.parent} $fpath); then open a new shell"
        )
    return f"open a new shell; without the package bash-completion, add to ~/.bashrc: . {path}"


def _folder(variable: str, default: Path) -> Path:
    named = os.environ.get(variable, "")
    return Path(named) if named.startswith("/") else default
