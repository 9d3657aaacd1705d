/**
 * What a shell is given: a function that asks nfwhy what the words typed so far can go on with. nfwhy's first line tells
 * whether the shell is to complete paths (`files`, `folders`) or not (`words`); then comes a candidate a line, with its meaning behind
 * a tab. No word that was typed is evaluated.
 */

const BASH = `# nfwhy completion for bash: source this file, or put it at
# /etc/bash_completion.d/nfwhy
_nfwhy() {
  local word words=() lines=() candidates=()
  # bash splits --color=always into three words
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD}"; do
    [[ $word == = ]] && continue
    # a word that is quoted whole, or whose end is still to be typed
    [[ $word == [\\"\\']* ]] && word=\${word:1} && word=\${word%[\\"\\']}
    words+=("$word")
  done
  [[ \${COMP_WORDS[COMP_CWORD]} == = ]] && words+=("")
  mapfile -t lines < <("$1" completion --words -- "\${words[@]}" 2>/dev/null)
  for word in "\${lines[@]:1}"; do candidates+=("\${word%%$'\\t'*}"); done
  COMPREPLY=("\${candidates[@]}")
  case \${lines[0]} in
    files) compopt -o default ;;
    folders) compopt -o dirnames ;;
  esac
  # what a comma or a colon ends goes on
  [[ \${COMPREPLY[0]} == *: ]] && compopt -o nospace
}
complete -F _nfwhy nfwhy
`

const ZSH = `#compdef nfwhy
# nfwhy completion for zsh: put this file as _nfwhy into a folder of $fpath,
# or source it behind compinit
_nfwhy() {
  local line word
  local -a lines told goesOn
  lines=("\${(@f)$("\${(Q)words[1]}" completion --words -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  for line in "\${(@)lines[2,-1]}"; do
    word=\${\${line%%$'\\t'*}//:/\\\\:}
    [[ $line == *$'\\t'* ]] && word+=:\${line#*$'\\t'}
    told+=("$word")
    [[ $line == *: ]] && goesOn=(-S '')
  done
  (( \${#told} )) && _describe -V nfwhy told "\${(@)goesOn}"
  case $lines[1] in
    files) _files ;;
    folders) _files -/ ;;
  esac
}
if [[ $funcstack[1] == _nfwhy ]]; then _nfwhy "$@"; else compdef _nfwhy nfwhy; fi
`

const FISH = `# nfwhy completion for fish: put this file at
# ~/.config/fish/completions/nfwhy.fish
function __nfwhy_words
    set -l words (commandline -opc)
    set -l typed (commandline -ct)
    set -l lines ($words[1] completion --words -- $words[2..] "$typed" 2>/dev/null)
    switch "$lines[1]"
        case files
            __fish_complete_path "$typed"
        case folders
            __fish_complete_directories "$typed"
    end
    set -e lines[1]
    test (count $lines) -gt 0; and printf '%s\\n' $lines
end
complete -c nfwhy -f -a '(__nfwhy_words)'
`

export const SCRIPTS: Readonly<Record<string, string>> = { bash: BASH, zsh: ZSH, fish: FISH }
