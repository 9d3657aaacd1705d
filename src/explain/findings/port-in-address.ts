/** DNAT to an IPv6 address and a port without brackets: the port is the last part of another address. */
import { parseAddress } from '../../model/address.ts'
import type { Host } from '../../model/host.ts'
import type { RuleRef } from '../../model/journey.ts'
import type { Rule } from '../../model/ruleset.ts'
import { isLocal } from '../../rules/fib.ts'
import { canonicalAddress } from '../../rules/prefixes.ts'
import type { Destination } from '../changes/rule-changes.ts'
import type { Context } from '../context.ts'
import { refOf } from '../refs.ts'

interface PortInAddress {
  /** As nat reads it. */
  address: string
  meant: Destination
  /** Where else the address without its last part stands. */
  other?: RuleRef
}

/** The address without its last part is known here, and the whole one is not. */
export function portInAddress(context: Context, rule: Rule | undefined): PortInAddress | undefined {
  const to = rule?.statements.find(({ kind }) => kind === 'dnat')
  if (to?.kind !== 'dnat' || !to.addresses || to.ports || to.map) return undefined
  const [address = '', last] = to.addresses
  const [, host = '', port = ''] = /^([\da-f:]+:[\da-f]*):(\d{1,5})$/.exec(address) ?? []
  if (address !== last || host === '' || !parseAddress(host) || +port < 1 || +port > 65_535) return undefined
  const { host: state } = context.world
  if (isLocal(address, state) || isNeighbour(state, address)) return undefined
  // the rule's own words of nat are not another mention
  const isMentioned = (word: string, { text }: Rule) =>
    wordsOf(text.replace(/(--to-destination|dnat( ip6)? to) \S+/, '')).some((one) => isSame(one, word))
  const rules = context.world.tables.flatMap((table) =>
    [...table.chains.values()].flatMap((chain) => chain.rules.map((one) => ({ table, chain, one }))),
  )
  if (rules.some(({ one }) => isMentioned(address, one))) return undefined
  const found = rules.filter(({ one }) => isMentioned(host, one))
  if (found.length === 0 && !isNeighbour(state, host) && !isLocal(host, state)) return undefined
  const [beside] = found.filter(({ one }) => one !== rule)
  const other = beside && refOf(context, beside.table.name, beside.chain, beside.one)
  return { address, meant: { address: host, port: +port }, ...(other ? { other } : {}) }
}

const wordsOf = (text: string): string[] => text.match(/[\da-f]*:[\da-f:]+/gi) ?? []

const isSame = (one: string, other: string): boolean =>
  parseAddress(one) !== undefined && canonicalAddress(one) === canonicalAddress(other)

const isNeighbour = ({ neighbours = [] }: Host, address: string): boolean =>
  neighbours.some((one) => one.mac !== undefined && isSame(one.address, address))
