/** snat, dnat, masquerade, redirect and tproxy: where the packet is rewritten to. */
import type { RuleFamily } from '../../../model/ruleset.ts'
import type { Nat, Statement } from '../../../model/statement.ts'
import type { AnonymousSet, Expression, NatBody } from '../ast.ts'
import type { Lowering } from './context.ts'
import { partText } from './elements.ts'
import { lowerMap, mapIn } from './maps.ts'

type Kind = 'snat' | 'dnat' | 'masquerade' | 'redirect'

/** Appends the statement, or an unknown one that ends the chain. */
export function lowerNat(kind: Kind, body: NatBody | null, text: string, lowering: Lowering): void {
  const { addr, port, family, flags = [], type_flags: types = [] } = body ?? {}
  const nat: Nat = { kind, ...(family === undefined || family === lowering.family ? {} : { family }) }
  const understood =
    (addr === undefined || address(nat, addr, types, text, lowering)) && ports(nat, port, text, lowering)
  const given = (typeof flags === 'string' ? [flags] : flags) as NonNullable<Nat['flags']>
  if (given.length > 0) nat.flags = given
  if (understood) lowering.do(nat)
  else
    lowering.do({
      kind: 'unknown',
      text,
      reason: 'nfwhy does not understand which address or port the rule writes',
      ends: true,
    })
}

const networkOf = (family: 'ip' | 'ip6' | undefined, table: RuleFamily) =>
  family === undefined || family === table ? undefined : ({ network: family === 'ip' ? 'ipv4' : 'ipv6' } as const)

function address(nat: Nat, addr: Expression, types: string | string[], text: string, lowering: Lowering): boolean {
  const map = mapIn(addr)
  if (map) {
    const lookup = lowerMap(map.key, map.data, text, lowering)
    if (!lookup) return false
    nat.map = { ...lookup, gives: givesPorts(map.data) ? ['address', 'port'] : ['address'] }
    if (types.includes('prefix')) nat.kind = 'netmap'
    return true
  }
  if (typeof addr === 'object' && !Array.isArray(addr) && 'concat' in addr) return false
  if (typeof addr === 'object' && !Array.isArray(addr) && 'prefix' in addr) {
    const network = { prefix: partText(addr.prefix.addr), length: addr.prefix.len }
    if (types.includes('prefix')) nat.kind = 'netmap'
    nat.network = network
    return true
  }
  const range = rangeOf(addr)
  if (range) nat.addresses = range
  return range !== undefined
}

/** Of a named map only its data tell, so where nothing is listed both are taken as they come. */
function givesPorts(data: AnonymousSet | string): boolean {
  if (typeof data === 'string') return true
  return data.set.some((pair) => {
    const [, given] = Array.isArray(pair) ? pair : []
    return typeof given === 'object' && given !== null && !Array.isArray(given) && 'concat' in given
  })
}

function ports(nat: Nat, port: Expression | undefined, text: string, lowering: Lowering): boolean {
  if (port === undefined) return true
  const map = mapIn(port)
  if (map) {
    const lookup = lowerMap(map.key, map.data, text, lowering)
    if (!lookup || nat.map) return false
    nat.map = { ...lookup, gives: ['port'] }
    return true
  }
  const range = rangeOf(port)?.map(Number)
  if (!range?.every(isPort)) return false
  nat.ports = range as [number, number]
  return true
}

/** `Infinity` is a word, and no port. */
const isPort = (number: number): boolean => Number.isInteger(number) && number >= 0 && number <= 0xffff

function rangeOf(expression: Expression): [string, string] | undefined {
  if (typeof expression !== 'object') return [String(expression), String(expression)]
  if (Array.isArray(expression) || !('range' in expression)) return undefined
  const [low, high] = expression.range.map(partText)
  return [low!, high!]
}

interface Tproxy {
  family?: 'ip' | 'ip6'
  addr?: Expression
  port?: Expression
}

/** The packet goes on to the next rule where no proxy listens (net/netfilter/nft_tproxy.c). */
export function lowerTproxy({ family, addr, port }: Tproxy, text: string, lowering: Lowering): void {
  lowering.need(networkOf(family, lowering.family), text)
  const [address] = addr === undefined ? [] : (rangeOf(addr) ?? [])
  const [number] = port === undefined ? [] : (rangeOf(port) ?? []).filter((one) => isPort(Number(one)))
  const dynamic = (addr !== undefined && address === undefined) || (port !== undefined && number === undefined)
  const statement: Statement = dynamic
    ? { kind: 'unknown', text, reason: 'nfwhy does not understand which proxy the rule uses' }
    : {
        kind: 'tproxy',
        ...(address === undefined ? {} : { address }),
        // port 0 is the packet's own
        ...(number === undefined || Number(number) === 0 ? {} : { port: Number(number) }),
        otherwise: 'next-rule',
      }
  lowering.do(statement)
}
