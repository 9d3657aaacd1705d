/** An interactive zsh on a terminal of its own. */

/** What it is given to run. `$1`: what is typed before Tab. */
export const typedInZsh = (functions: string): string => `zmodload zsh/zpty
zpty s "PS1='' zsh -f -i"
zpty -w s "fpath=(${functions} \\$fpath); autoload -Uz compinit; compinit -u -d ./dump; setopt no_auto_list"
zpty -w s 'tell() { print -r -- "LINE=$BUFFER:END"; BUFFER=; }; zle -N tell; bindkey "^X" tell; bindkey "^I" complete-word; print READY$((1))'
zpty -r s text '*READY1*'
zpty -n -w s "$1"$'\\t\\x18'
zpty -r s text '*LINE=*:END*'
print -r -- "$text"
zpty -d s`

/** The line after Tab, of what that printed. */
export const zshLine = (printed: string): string => /LINE=(.*):END/.exec(printed)?.[1] ?? ''
