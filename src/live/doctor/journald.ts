/**
 * What journald's configuration does to the kernel's TRACE lines (severity warning). Its RateLimitIntervalSec does
 * nothing to them: the limit is a unit's, and what the kernel says belongs to none (src/journal/journald-server.c,
 * server_dispatch_message).
 */
import type { Loss } from './loss.ts'

const BELOW_WARNING = /^(?:0|1|2|3|emerg|alert|crit|err)$/

/** `lines`: without comments, `# FILE` before those of each file; a later one counts. */
export function journaldLoses(lines: readonly string[]): Loss[] {
  const settings = new Map<string, string>()
  for (const line of lines) {
    const [, name, value] = /^\s*(\w+)\s*=\s*(.*?)\s*$/.exec(line) ?? []
    if (name !== undefined) settings.set(name, value!)
  }
  const found: Loss[] = []
  const tell = (name: string, bad: boolean, message: string) => {
    const value = settings.get(name)
    if (value !== undefined && bad) found.push({ code: 'journald-drops', message, evidence: `${name}=${value}` })
  }
  const of = (name: string) => settings.get(name) ?? ''
  tell(
    'ReadKMsg',
    /^(?:no|false|0|off|n|f)$/i.test(of('ReadKMsg')),
    'journald does not read the kernel log, so journalctl -k shows no TRACE line.',
  )
  tell('Storage', of('Storage') === 'none', 'journald stores nothing, so journalctl shows no TRACE line.')
  tell(
    'MaxLevelStore',
    BELOW_WARNING.test(of('MaxLevelStore')),
    'journald stores no warnings, and TRACE lines are warnings.',
  )
  return found
}
