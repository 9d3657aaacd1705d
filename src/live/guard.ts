/**
 * The sh that holds a session in its place. Three shells: the first starts the other two, with a pipe between them. The
 * holder sets up, says `ready`, and waits on its standard input, where nfwhy writes a heartbeat now and then; the keeper waits on the
 * pipe, and undoes everything when that ends. Whatever ends nfwhy, the connection or the holder, by whatever signal, closes
 * the pipe. The keeper's wait is `nft -i` where there is an nft table: with that process the kernel deletes the table,
 * whatever ends it.
 *
 * Whichever of the three is left undoes everything: the first, where the keeper was killed; the holder, where both were.
 * The holder looks after both with each heartbeat, and ends when one of them is gone. Against the death of all three at once there
 * is a note (./notes/form.ts), written before the first change.
 *
 * To nfwhy it says lines: `begun`, `unnoted`, `ready`, `here` (to each heartbeat), `failed WHY`, `ending`, `undone`,
 * `undone at the deadline`, or `not undone`.
 */
import { Command, oneAfterAnother, shellWord } from '../model/command.ts'
import { LOCK_WAIT_BACK } from './backends/trace-rules.ts'
import { LINE_OF_INPUT } from './heartbeat.ts'
import { leftoverLines, NOTE_WORDS, writeNote } from './notes/form.ts'
import { cleanupCommand } from './notes/tell.ts'
import type { Plan } from './plan.ts'
import type { TraceHost } from './trace-host.ts'

export function guardScript(plan: Plan): string {
  const undo = undoScript(plan)
  const holds = plan.table?.owned === true
  const noted = undo !== ''
  return `
umask 077
# nobody may listen any more, not even to what a shell itself says of one that was killed
trap '' PIPE
until=${plan.until}
first=$$
${NOTE_WORDS}${noted ? writeNote(plan.id, leftoverLines(plan).map(shellWord).join(' ')) : ''}
nfwhy_undo() {
${undo || ':'}
}
nfwhy_end() {
  if ! nfwhy_undo >/dev/null 2>&1; then
    printf 'not undone\\n' >&3
  else
    ${noted ? 'nfwhy_drop_note' : ':'}
    if [ "$(date +%s)" -lt "$until" ]; then printf 'undone\\n' >&3; else printf 'undone at the deadline\\n' >&3; fi
  fi
  :
}
exec 3>&1
printf 'begun\\n'
${LINE_OF_INPUT}
${WATCH}
${others(plan.id)}
${orphans(plan.id)}
{
  say() { printf '%s\\n' "$*" >&3; }
  fail() { say "failed $(printf '%s' "$*" | tr '\\n' ' ')"; nfwhy_leave; exit 1; }
  self=$(exec sh -c 'echo $PPID')
  nfwhy_find_others
${noted ? '  nfwhy_write_note || say unnoted' : ''}
${plan.table ? makeTable(plan.table.commands, plan.table.name, holds) : ''}
${plan.changes.map(({ run }) => held(`told=$( { ${run}; } 2>&1 </dev/null )`, `${shellWord(`${run}: `)}"$told"`)).join('\n')}
  say ready
  nfwhy_watch
  while left=$((until - $(date +%s))) && [ "$left" -gt 0 ] && word=$(nfwhy_read "$left") && [ "$word" != stop ] && nfwhy_has_others; do say here; done
  nfwhy_leave
} | {
  trap '' HUP INT TERM PIPE
  ${holds ? 'HOME=/dev/null nft -i >/dev/null 2>&1 3>&-' : 'cat >/dev/null 3>&-'} || {
    # it was killed; the holder may still be setting up
    printf 'ending\\n' >&3
    nfwhy_undo >/dev/null 2>&1
    cat >/dev/null 3>&- || cat >/dev/null 3>&-
  }
  nfwhy_end
} || {
  trap '' HUP INT TERM PIPE
  nfwhy_await_orphans
  nfwhy_end
}`
}

/**
 * For the holder: the other two shells, by their numbers and when they began. Where /proc counts otherwise than this shell
 * (of another pid namespace), it knows of no others.
 */
const others = (id: string): string => `
nfwhy_is_ours() { case $(tr '\\000' ' ' <"/proc/$1/cmdline" 2>/dev/null) in *'sh -s ${id} ') ;; *) return 1 ;; esac; }
nfwhy_find_others() {
  shells= keeper= keeper_born= first_born=
  nfwhy_is_ours "$first" && nfwhy_is_ours "$self" || return 0
  tries=0
  while [ -z "$keeper_born" ] && [ $tries -lt 20 ]; do
    tries=$((tries + 1))
    for one in $(cat /proc/[0-9]*/stat 2>/dev/null | sed -n "s/^\\([0-9]*\\) (.*) [A-Za-z] $first .*/\\1/p"); do
      [ "$one" != "$self" ] && nfwhy_is_ours "$one" && keeper=$one keeper_born=$(nfwhy_born "$one")
    done
    [ -n "$keeper_born" ] || sleep 0.1 2>/dev/null || sleep 1
  done
  [ -n "$keeper_born" ] || fail 'a shell that would restore everything was killed'
  first_born=$(nfwhy_born "$first")
  shells="$first $self $keeper"
}
nfwhy_has_others() {
  [ -z "$keeper_born" ] || { nfwhy_lives "$keeper" "$keeper_born" && nfwhy_lives "$first" "$first_born"; }
}
nfwhy_leave() {
  [ -n "$keeper_born" ] && ! nfwhy_lives "$keeper" "$keeper_born" && ! nfwhy_lives "$first" "$first_born" || return 0
  trap '' HUP INT TERM PIPE
  nfwhy_end
}`

/** For the first: a command of a holder or keeper that was killed may still wait for iptables' lock. */
const orphans = (id: string): string => `
nfwhy_await_orphans() {
  tries=0
  while [ $tries -lt ${LOCK_WAIT_BACK} ] && cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\000' '\\n' |
    awk -v comment=--comment 'a == comment && $0 == "${id}" { found = 1 } { a = $0 } END { exit !found }'; do
    tries=$((tries + 1))
    sleep 1
  done
}`

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

/** What goes to `nft -i`, command by command, is only known to be done when it is listed. */
function makeTable(commands: readonly string[], name: string, owned: boolean): string {
  const rules = commands.filter((one) => one.startsWith('add rule ')).length
  const text = commands.map((one) => `${one}\n`).join('')
  if (!owned) return held(`told=$(printf '%s' ${shellWord(text)} | nft -f - 2>&1)`, '"nft: $told"')
  return `  told=$(printf '%s' ${shellWord(unowned(text))} | nft -c -f - 2>&1) || fail "nft: $told"
  printf '%s' ${shellWord(text)}
  tries=0 pause=0.02
  until nft list table inet ${name} 2>/dev/null | grep -c -e nftrace -e 'log prefix' | grep -qx ${rules}; do
    tries=$((tries + 1))
    [ $tries -lt 10 ] || pause=0.1
    [ $tries -lt 60 ] || fail "nft: the table was not created; check that this nft supports the interactive mode (nft -i)"
    sleep $pause 2>/dev/null || sleep 1
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

/** For a person's hands, from here: ends the session over there, and does what its keeper would have done, should that be gone. */
export const byHand = (place: TraceHost, plan: Plan): Command =>
  oneAfterAnother(
    Command.of([...place.prefix, 'pkill', '-f', plan.id]),
    ...(undoScript(plan) === '' ? [] : [cleanupCommand(place)]),
  )
