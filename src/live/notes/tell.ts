/** How a person hears of sessions that were killed, and of the command that restores what they had changed. */
import { type Command, command, printCommand } from '../../model/command.ts'
import type { TraceHost } from '../trace-host.ts'
import type { KilledSession } from './find.ts'

/** Of a session in another network namespace, whatever leads there is among them. */
export function cleanupCommand(place: TraceHost, elsewhere?: KilledSession['elsewhere']): Command {
  const via = place.prefix.length > 0 ? [place.name] : []
  if (elsewhere?.pid !== undefined) via.push(`nsenter -t ${elsewhere.pid} -n`)
  return command('nfwhy', 'trace', '--cleanup', ...(via.length > 0 ? ['--via', via.join(' ')] : []))
}

/** A line for each command; none where there is nothing to tell. */
export function killedLines(place: TraceHost, killed: readonly KilledSession[]): string[] {
  const ids = new Map<string, string[]>()
  for (const one of killed) {
    const line = printCommand(cleanupCommand(place, one.elsewhere))
    ids.set(line, [...(ids.get(line) ?? []), one.id ?? one.file])
  }
  return [...ids].map(
    ([line, names]) =>
      `${place.name}: a trace was killed before it could restore what it had changed (${names.join(', ')}); to restore it: ${line}`,
  )
}
