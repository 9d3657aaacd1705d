/**
 * Rules of iptables that mark packets for tracing, for machines where nft cannot. Each has the session's comment, goes
 * in and out by itself, and matches nothing behind the deadline, should it be left behind (iptables-extensions(8), time).
 */

import { iptablesMatches } from '../../filter/iptables-rule.ts'
import { Command, shellWord } from '../../model/command.ts'
import type { Change, Wish } from '../plan.ts'
import { burst } from './tracing-table.ts'

const CHAINS = ['PREROUTING', 'OUTPUT'] as const

/** Seconds that others may hold iptables' lock. */
export const LOCK_WAIT = 5
/** When a rule has to be taken out. */
export const LOCK_WAIT_BACK = 60

/** A rule that is not there is no failure; that the lock could not be had is (iptables(8), exit status 4). */
export const takeOut = (words: readonly string[]): string => `${scriptLine(words)} || [ $? -ne 4 ]`

/** For the shell over there, word by word. */
export const scriptLine = (words: readonly string[]): string => words.map((word) => shellWord(word)).join(' ')

/** `until`: seconds since 1970. `tools`: iptables and ip6tables of the backend that is meant. */
export function traceRules(
  id: string,
  { alternatives, rate }: Wish,
  until: number,
  tools: Readonly<Partial<Record<'ip' | 'ip6', string>>>,
): Change[] {
  const changes: Change[] = []
  for (const family of ['ip', 'ip6'] as const) {
    const tool = tools[family]
    if (tool === undefined) continue
    for (const chain of CHAINS)
      for (const words of alternatives.flatMap((atoms) => iptablesMatches(atoms, family, chain))) {
        const rule = [...words, ...inert(until), ...limited(rate), '-m', 'comment', '--comment', id, '-j', 'TRACE']
        const line = (seconds: number, ...action: string[]) => [
          tool,
          '-w',
          String(seconds),
          '-t',
          'raw',
          ...action,
          ...rule,
        ]
        changes.push({
          why: `packets ${chain === 'OUTPUT' ? 'sent by the host' : 'that come in'} are traced (${family === 'ip' ? 'IPv4' : 'IPv6'})`,
          run: scriptLine(line(LOCK_WAIT, '-I', chain, '1')),
          leftover: { kind: 'rules', tool, table: 'raw' },
          undo: takeOut(line(LOCK_WAIT_BACK, '-D', chain)),
          typed: { run: Command.of(line(LOCK_WAIT, '-I', chain, '1')), undo: Command.of(line(LOCK_WAIT, '-D', chain)) },
        })
      }
  }
  return changes
}

/** UTC, as the kernel takes it; the second that it names still matches. */
export const inert = (until: number): string[] => [
  '-m',
  'time',
  '--datestop',
  new Date((until - 1) * 1000).toISOString().slice(0, 19),
]

export const limited = (rate: Wish['rate']): string[] =>
  rate ? ['-m', 'limit', '--limit', `${rate.packets}/${rate.per}`, '--limit-burst', String(burst(rate.packets))] : []
