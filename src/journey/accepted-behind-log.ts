/** What is accepted behind a LOG line: do later chains leave it at that, whatever it is? */
import type { Hook } from '../model/hook.ts'
import { memo } from '../model/memo.ts'
import type { Packet } from '../model/packet.ts'
import type { Chain, Table } from '../model/ruleset.ts'
import type { Statement } from '../model/statement.ts'
import type { World } from '../model/world.ts'
import { isUnshown } from '../rules/end-policy.ts'
import { chainsOf } from '../rules/nft/map.ts'
import { baseChainsAt, basesOf, deviceChainsAt } from './base-chains.ts'
import { withUnlisted } from './unlisted.ts'

const LATER: Partial<Record<Hook, readonly Hook[]>> = {
  input: [],
  forward: ['postrouting'],
  output: ['postrouting'],
  postrouting: [],
}

/** No chain that comes behind those of `table` at `hook` can stop the packet, or send it elsewhere. */
export function staysAccepted(table: Table, hook: Hook | undefined, packet: Packet, given: World): boolean {
  const world = withUnlisted(given)
  const later = hook && LATER[hook]
  if (!hook || !later || packet.src === undefined || table.family === 'bridge') return false
  // it comes in again
  if (hook !== 'input' && (packet.out === undefined || packet.out === 'lo')) return false
  if (hook !== 'input' && deviceChainsAt(world, 'egress').length > 0) return false
  const own = basesOf(table).filter((chain) => chain.hook === hook)
  if (own.length === 0) return false
  const from = Math.min(...own.map(({ priority = 0 }) => priority))
  const family = packet.src.includes(':') ? 'ip6' : 'ip'
  const here = baseChainsAt(world, family, hook, true).filter(
    (one) => one.priority >= from && !(own.length === 1 && one.chain === own[0]),
  )
  const behind = later.flatMap((next) => baseChainsAt(world, family, next, true))
  return [...here, ...behind].every((one) => isHarmless(one.table)(one.chain))
}

/** More are taken to do anything. */
const MOST_RULES = 2000
const HARMLESS: ReadonlySet<Statement['kind']> = new Set([
  ...(['accept', 'return', 'jump', 'goto', 'log', 'note', 'trace', 'snat', 'masquerade'] as const),
])

const isHarmless = memo((table: Table) => memo((base: Chain): boolean => keepsAll(table, base)))

function keepsAll(table: Table, base: Chain): boolean {
  // nat drops nothing
  if (base.policy === 'drop' || (isUnshown(table, base) && base.type !== 'nat')) return false
  const names = new Set([base.name])
  let count = 0
  // grows while it is gone through
  for (const name of names)
    for (const { statements } of table.chains.get(name)?.rules ?? []) {
      if (++count > MOST_RULES || !statements.every(({ kind }) => HARMLESS.has(kind))) return false
      for (const next of chainsOf(statements)) names.add(next)
    }
  return true
}
