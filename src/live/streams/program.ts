/** What a program over there prints, as a stream. It is ended with its shell, whose standard input we hold. */
import { randomInt } from 'node:crypto'
import { keepHeartbeat, LINE_OF_INPUT } from '../heartbeat.ts'
import { BEGINNING } from '../limits.ts'
import { NOTE_WORDS, writeNote } from '../notes/form.ts'
import { LiveProblem } from '../problem.ts'
import { startScript, type TraceHost } from '../trace-host.ts'
import { FromNow } from './from-now.ts'
import { IDLE_TICK, withIdleTicks } from './idle-ticks.ts'
import type { Program } from './programs.ts'
import { captureFormat, type EventStream } from './stream.ts'

/** Milliseconds that what was printed last has to come. */
const TRAILING = 300
/** Milliseconds that it has to end; a connection that hangs never does. */
const PATIENCE = 5000
/** The same, behind the signal to end; then the connection is cut. */
const LAST_WORDS = 2000
/** The same, where nothing has been heard of it. */
const PATIENCE_UNHEARD = 500

/** Characters: longer than the line which says that it listens. */
const LISTENING = 100

/** `beginning`: seconds that it has to say that it listens. */
export function programStream(place: TraceHost, program: Program, beginning = BEGINNING): EventStream {
  const { format: id, fromNow, name } = program
  const noteId = `nfwhy-${randomInt(1e8, 1e9)}`
  const running = startScript(place, scriptOf(program, noteId), noteId)
  const heartbeat = keepHeartbeat(running.stdin)
  const since = fromNow ? new FromNow() : undefined
  let stopped = false
  let heard = false
  const ready = new Promise<void>((resolve, reject) => {
    const late = setTimeout(
      () =>
        reject(new LiveProblem(`${place.name}: ${name} did not begin within ${beginning} s.`, running.complaints())),
      beginning * 1000,
    )
    let said = ''
    running.onErrors((text) => {
      if (heard) return
      said += text
      const [, uptime] = /^listening at ([\d.]{1,20})\n/m.exec(said) ?? []
      // it comes behind whatever a login says
      said = said.slice(-LISTENING)
      if (uptime === undefined) return
      clearTimeout(late)
      heard = true
      since?.begin(Number(uptime))
      resolve()
    })
    running.ended
      .finally(() => clearTimeout(late))
      .then(() => reject(new LiveProblem(`${place.name}: ${name} ended at once.`, running.complaints())), reject)
  })
  ready.catch(() => {})
  async function* chunks(): AsyncGenerator<Uint8Array> {
    await ready
    try {
      for await (const chunk of withIdleTicks(running.stdout as AsyncIterable<Uint8Array>))
        yield since && chunk.length > 0 ? since.filter(chunk) : chunk
    } catch (error) {
      // it did not end, and was cut
      if (!stopped) throw error
    }
    if (!stopped)
      throw new LiveProblem(
        `${place.name}: ${name} has ended.`,
        running.complaints()?.replace(/^listening at .*\n?/m, '') || undefined,
      )
  }
  return {
    format: captureFormat(id),
    by: name,
    // nft says so, NFLOG numbers its records; the kernel log drops lines in silence
    tellsLosses: id !== 'kernel-log',
    idleTick: IDLE_TICK,
    ready,
    chunks: chunks(),
    lost: () => 0,
    unread: () => 0,
    async stop() {
      stopped = true
      if (heard) await new Promise((resolve) => setTimeout(resolve, TRAILING))
      heartbeat.stop()
      running.stdin.end()
      const late = setTimeout(() => running.kill(), heard ? PATIENCE : PATIENCE_UNHEARD)
      // without a shell behind it there is nothing that it could take back
      const patience = heard ? PATIENCE + LAST_WORDS : PATIENCE_UNHEARD + TRAILING
      await Promise.race([running.exited, after(patience).then(running.letGo)]).finally(() => clearTimeout(late))
      // what it printed last may still wait to be read
      if (heard) await running.ended
    },
  }
}

const after = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref()
  })

/** What it leaves changed is put back here as well: the guard, which does so too, may not have begun yet. */
const scriptOf = ({ sh, listens, leaves }: Program, noteId: string): string => `
${LINE_OF_INPUT}
${leaves === undefined ? 'nfwhy_drop_note() { :; }' : noted(noteId, leaves)}
nfwhy_restore() { ${leaves === undefined ? ':' : `[ -z "$before" ] || [ "$(cat ${leaves})" = "$before" ] || printf '%s\\n' "$before" >${leaves}`}; } 2>/dev/null
{ ${sh}; } &
child=$!
# nfwhy may be gone when we speak to it; the program has to be ended all the same
trap '' PIPE
tries=0
until ${listens} 2>/dev/null || [ $tries -ge 30 ] || ! kill -0 $child 2>/dev/null; do
  tries=$((tries + 1))
  sleep 0.1 2>/dev/null || sleep 1
done
kill -0 $child 2>/dev/null || { wait $child; status=$?; nfwhy_restore && nfwhy_drop_note; exit $status; }
read -r uptime rest </proc/uptime
printf 'listening at %s\\n' "$uptime" >&2
while kill -0 $child 2>/dev/null && word=$(nfwhy_read) && [ "$word" != stop ]; do :; done
kill $child 2>/dev/null
wait $child 2>/dev/null
nfwhy_restore && nfwhy_drop_note
:
`

/** Seconds that a program reads at most. */
const DAY = 86_400

/** What it changes is noted before: it may be killed together with the shell that would restore it. */
const noted = (id: string, leaves: string): string => `
umask 077
shells= until=$(($(date +%s) + ${DAY}))
${NOTE_WORDS}${writeNote(id, `"sysctl ${leaves.replace('/proc/sys/', '')} $before nfnetlink_log"`)}
before=$(cat ${leaves} 2>/dev/null)
case $before in '' | nfnetlink_log) ;; *) nfwhy_write_note ;; esac`
