/** How a person hears of sessions that were killed, and of the command that restores what they had changed. */
import { shellWord } from '../../edits/shell.ts'
import type { Place } from '../place.ts'
import type { KilledSession } from './find.ts'

/** Words; of a session in another network namespace, whatever leads there is among them. */
export function cleanupCommand(place: Place, elsewhere?: KilledSession['elsewhere']): string[] {
  const via = place.prefix.length > 0 ? [place.name] : []
  if (elsewhere?.pid !== undefined) via.push(`nsenter -t ${elsewhere.pid} -n`)
  return ['nfwhy', 'trace', '--cleanup', ...(via.length > 0 ? ['--via', via.join(' ')] : [])]
}

/** A line for each command; none where there is nothing to tell. */
export function killedLines(place: Place, killed: readonly KilledSession[]): string[] {
  const ids = new Map<string, string[]>()
  for (const one of killed) {
    const command = cleanupCommand(place, one.elsewhere).map(shellWord).join(' ')
    ids.set(command, [...(ids.get(command) ?? []), one.id ?? one.file])
  }
  return [...ids].map(
    ([command, names]) =>
      `${place.name}: a trace was killed before it could restore what it had changed (${names.join(', ')}); this restores it: ${command}`,
  )
}
