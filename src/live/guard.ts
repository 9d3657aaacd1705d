/**
 * The sh that holds a session in its place. Two halves, with a pipe between them: the holder sets up, says `ready`, and
 * waits on its standard input, where nfwhy beats now and then; the keeper waits on the pipe, and undoes everything when
 * that ends. Whatever ends nfwhy, the connection or the holder, by whatever signal, closes the pipe. The keeper's wait is
 * `nft -i` where there is an nft table: with that process the kernel deletes the table, whatever ends it.
 *
 * Should the keeper be killed alone, the shell that has started both undoes everything in the end.
 *
 * To nfwhy it says lines: `begun`, `ready`, `here` (to each beat), `failed WHY`, `undone`, `undone at the deadline`, or `not undone`.
 */
import { type Command, command, oneAfterAnother, shellWord } from '../model/command.ts'
import { LINE_OF_INPUT } from './beat.ts'
import type { Plan } from './plan.ts'

/** Where it is noted what to undo, should even the keeper be killed; root's alone. */
export const NOTES_FOLDER = '/run/nfwhy'

export function guardScript(plan: Plan): string {
  const undo = undoScript(plan)
  const holds = plan.table?.owned === true
  return `
umask 077
until=${plan.until}
note=${noteOf(plan.id)}
nfwhy_undo() {
${undo || ':'}
}
nfwhy_end() {
  if ! nfwhy_undo >/dev/null 2>&1; then
    printf 'not undone\\n' >&3
  else
    rm -f "$note" 2>/dev/null
    rmdir ${NOTES_FOLDER} 2>/dev/null
    if [ "$(date +%s)" -lt "$until" ]; then printf 'undone\\n' >&3; else printf 'undone at the deadline\\n' >&3; fi
  fi
  :
}
exec 3>&1
printf 'begun\\n'
${LINE_OF_INPUT}
${WATCH}
{
  say() { printf '%s\\n' "$*" >&3; }
  fail() { say "failed $(printf '%s' "$*" | tr '\\n' ' ')"; exit 1; }
  self=$(exec sh -c 'echo $PPID')
${undo === '' ? '' : noteUndo(undo)}
${plan.table ? makeTable(plan.table.commands, plan.table.name, holds) : ''}
${plan.changes.map(({ run }) => held(`told=$( { ${run}; } 2>&1 </dev/null )`, `${shellWord(`${run}: `)}"$told"`)).join('\n')}
  say ready
  nfwhy_watch
  while left=$((until - $(date +%s))) && [ "$left" -gt 0 ] && word=$(nfwhy_read "$left") && [ "$word" != stop ]; do say here; done
} | {
  trap '' HUP INT TERM PIPE
  ${holds ? 'HOME=/dev/null nft -i >/dev/null 2>&1 3>&-' : 'cat >/dev/null 3>&-'}
  nfwhy_end
} || {
  trap '' HUP INT TERM PIPE
  nfwhy_end
}`
}

/** Where a silence cannot be told, the deadline is watched beside. */
const WATCH = `
nfwhy_watch() {
  ! timeout 5 true 2>/dev/null || return 0
  while [ -d "/proc/$self" ]; do
    left=$((until - $(date +%s)))
    [ "$left" -gt 0 ] || { kill "$self"; exit 0; }
    [ "$left" -lt 5 ] || left=5
    sleep "$left"
  done </dev/null >/dev/null 2>&1 3>&- &
}`

/** The command has the pipe to the keeper as well: should the holder be killed, nothing is undone before it is done. */
const held = (command: string, why: string): string => `  { ${command} || fail ${why}; } 4>&1`

/** Best effort: without the note, only `--cleanup` finds less. A setting is of one network namespace; the folder may be seen in more. */
const noteUndo = (undo: string): string => `  here=$(readlink /proc/self/ns/net 2>/dev/null)
  { [ -d ${NOTES_FOLDER} ] || mkdir ${NOTES_FOLDER}; } 2>/dev/null &&
    printf '# nfwhy session of process %s; runs with sh: takes back what it set up\\n# in %s\\n[ "$(readlink /proc/self/ns/net 2>/dev/null)" = "%s" ] || exit 3\\n%s\\n' \
      "$self" "$here" "$here" ${shellWord(undo)} 2>/dev/null >"$note"`

/** What goes to `nft -i`, command by command, is only known to be done when it is listed. */
function makeTable(commands: readonly string[], name: string, owned: boolean): string {
  const rules = commands.filter((one) => one.startsWith('add rule ')).length
  const text = commands.map((one) => `${one}\n`).join('')
  if (!owned) return held(`told=$(printf '%s' ${shellWord(text)} | nft -f - 2>&1)`, '"nft: $told"')
  return `  told=$(printf '%s' ${shellWord(unowned(text))} | nft -c -f - 2>&1) || fail "nft: $told"
  printf '%s' ${shellWord(text)}
  tries=0
  until nft list table inet ${name} 2>/dev/null | grep -c -e nftrace -e 'log prefix' | grep -qx ${rules}; do
    tries=$((tries + 1))
    [ $tries -lt 50 ] || fail "nft: the table could not be made; does this nft have an interactive mode (nft -i)?"
    sleep 0.1 2>/dev/null || sleep 1
  done`
}

/** Tried out without the flag: to try it, the process that tries would have to stay. */
const unowned = (text: string): string => text.replace(' { flags owner; }', '')

/** The last change first. Each line is harmless where there is nothing to take back; it fails where something is left. */
export function undoScript(plan: Plan): string {
  const { changes, table } = plan
  const commands = [
    ...(table && !table.owned ? [`nft delete table inet ${table.name} || ! nft list table inet ${table.name}`] : []),
    ...changes.flatMap(({ undo }) => (undo === undefined ? [] : [undo])).reverse(),
  ]
  if (commands.length === 0) return ''
  return [
    'failed=',
    ...commands.map((command) => `{ ${command}; } 2>/dev/null || failed=yes`),
    '[ -z "$failed" ]',
  ].join('\n')
}

/** For a person's hands: ends the session over there, and does what its keeper would have done, should that be gone. */
export const byHand = (plan: Plan): Command =>
  oneAfterAnother(command('pkill', '-f', plan.id), ...(undoScript(plan) === '' ? [] : [command('sh', noteOf(plan.id))]))

const noteOf = (id: string): string => `${NOTES_FOLDER}/${id}.sh`
