/**
 * The nft table that marks packets for tracing. Its chains stand in front of all others (raw is at -300); a flag of
 * the kernel's (Linux 5.12) deletes it with the process that made it, whatever ends that (nft(8), "flags owner").
 */
import { nftMatches } from '../../filter/nft-rule.ts'
import type { TracingTable, Wish } from '../plan.ts'
import { type Facts, kernelAtLeast } from '../survey/facts.ts'
import { hooksToShow } from './hooks-to-show.ts'

/** Behind defragmentation (-400), so that a filter sees ports. */
const PRIORITY = -350
const HOOKS = ['prerouting', 'output'] as const

export function tracingTable(id: string, wish: Wish, facts: Facts): TracingTable {
  const owned = canOwn(facts)
  const table = `inet ${id}`
  const { rate } = wish
  const limit = rate ? 'limit name "pace" ' : ''
  const commands = [
    owned ? `add table ${table} { flags owner; }` : `add table ${table}`,
    ...(rate
      ? [`add limit ${table} pace { rate ${rate.packets}/${rate.per} burst ${burst(rate.packets)} packets; }`]
      : []),
  ]
  for (const hook of HOOKS) {
    commands.push(`add chain ${table} ${hook} { type filter hook ${hook} priority ${PRIORITY}; policy accept; }`)
    for (const atoms of wish.alternatives) {
      const matches = nftMatches(atoms)
      commands.push(`add rule ${table} ${hook} ${matches}${matches && ' '}${limit}meta nftrace set 1`)
    }
  }
  for (const hook of hooksToShow(facts))
    commands.push(`add chain ${table} ${hook} { type filter hook ${hook} priority ${PRIORITY}; policy accept; }`)
  return { name: id, commands, owned }
}

/** Is a table deleted with the process that made it? */
export const canOwn = (facts: Facts): boolean => kernelAtLeast(facts, 5, 12) !== false && knowsOwner(facts)

/** A connection's first packets come at once. */
export const burst = (packets: number): number => Math.max(packets, 10)

/** `flags owner` is in nft since 0.9.9. */
function knowsOwner({ versions }: Facts): boolean {
  const [, a, b, c] = /v(\d+)\.(\d+)(?:\.(\d+))?/.exec(versions.get('nft') ?? '') ?? []
  if (a === undefined) return true
  return Number(a) > 0 || Number(b) > 9 || (Number(b) === 9 && Number(c ?? 0) >= 9)
}
