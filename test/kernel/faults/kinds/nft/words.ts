/** nft's words, as faults need them. */
import type { Packet } from '../../../../../src/model/packet.ts'
import { type Culprit, type Fault, inserted, type Met, type Scene } from '../../fault.ts'
import type { Chain, Table } from '../../table.ts'

export const addressWord = (address: string): 'ip' | 'ip6' => (address.includes(':') ? 'ip6' : 'ip')

const withoutComment = (rule: string): string => rule.replace(/ comment "[^"]*"$/, '')

/** `accept`, `jump x`, `dnat to …`, `vmap …`; undefined for a rule that only counts or sets something. */
export const verdictOf = (rule: string): string | undefined =>
  /(?:^| )((?:accept|drop|return|reject\b.*|queue|(?:jump|goto) \S+|(?:dnat|snat|masquerade|redirect)\b.*|vmap .*))$/.exec(
    withoutComment(rule),
  )?.[1]

export const verdictKind = (rule: string | undefined): string | undefined =>
  rule === undefined ? undefined : verdictOf(rule)?.split(' ')[0]

/** Where a rule leads, or any of its map's elements may. */
export const chainOf = (rule: string): string | undefined => /^(?:jump|goto) (\S+)$/.exec(verdictOf(rule) ?? '')?.[1]

export const ofRule = ({ rule }: Met, ...kinds: string[]): boolean => kinds.includes(verdictKind(rule) ?? '')

export const asked = ({ met }: Scene): Met[] => met.filter(({ of }) => of === 'question')

/** Conditions that choose such packets: by all of it, or by a part. */
export function someMatch({ random }: Scene, { protocol, src, dst, dport }: Packet): string {
  const ip = addressWord(src!)
  const service =
    dport === undefined
      ? `meta l4proto ${protocol === 'icmpv6' ? 'ipv6-icmp' : protocol}`
      : `${protocol} dport ${dport}`
  return random.pick([
    service,
    `${ip} saddr ${src}`,
    `${ip} saddr ${src} ${service}`,
    `${ip} daddr ${dst} meta l4proto ${protocol === 'icmpv6' ? 'ipv6-icmp' : protocol}`,
  ])
}

export function fault(
  { setup }: Scene,
  kind: string,
  { table, chain, index }: Pick<Met, 'table' | 'chain' | 'index'>,
  rule: string,
): Fault {
  return {
    kind,
    about: `${table} ${chain}, in front of rule ${index + 1}: ${rule}`,
    variant: { tables: inserted(setup.tables, table, chain, index, rule) },
    culprits: [{ rule: { table, chain, ruleNumber: index + 1 } }],
  }
}

/** A table of its own with one base chain and one rule. */
export function ownTable({ setup }: Scene, kind: string, name: string, base: string, rule: string): Fault {
  const chain: Chain = { name: 'guard', base, policy: 'ACCEPT', rules: [rule] }
  const table: Table = { name: `inet ${name}`, chains: [chain] }
  const culprit: Culprit = { rule: { table: table.name, chain: chain.name, ruleNumber: 1 } }
  return {
    kind,
    about: `${table.name}: ${base}: ${rule}`,
    variant: { tables: [...setup.tables, table] },
    culprits: [culprit],
  }
}

export const chainNamed = (tables: readonly Table[], table: string, chain: string): Chain | undefined =>
  tables.find(({ name }) => name === table)?.chains.find(({ name }) => name === chain)
