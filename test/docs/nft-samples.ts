/**
 * Every rule of fixtures/rules/nft/statements, read, printed, and asked of a packet of which all is known that a capture
 * shows, on a host of which all is known that host state tells. A statement is asked for itself, as if its rule had no other.
 */
import type { Packet } from '../../src/model/packet.ts'
import type { RuleFamily } from '../../src/model/ruleset.ts'
import type { Statement } from '../../src/model/statement.ts'
import { evaluate } from '../../src/rules/evaluate.ts'
import type { Expression, Statement as NftStatement, Selector } from '../../src/rules/nft/ast.ts'
import type { Layers } from '../../src/rules/nft/headers.ts'
import { lowerRule } from '../../src/rules/nft/lower.ts'
import { printRule } from '../../src/rules/nft/print/rule.ts'
import { printNft } from '../../src/rules/nft/print/ruleset.ts'
import { asked } from '../../src/rules/nft/selectors.ts'
import { parseNft, parseNftRule } from '../../src/rules/nft/text/parse.ts'
import { isUnknown } from '../../src/rules/truth.ts'
import { worldOf } from '../rules/nft/ask.ts'
import { readStatementTables } from '../rules/nft/tables.ts'
import { knownPacket, knownWorld } from './known-packet.ts'

export interface Use {
  statement: NftStatement
  kind: string
  /** All that it asks: header fields, keys of meta, ct … */
  selectors: Selector[]
  /** nft's own text comes out again. */
  printed: boolean
  effects: Statement[]
  /** Why what it asks or does cannot be told; none: it can. */
  open: string[]
}

export const USES: readonly Use[] = readStatementTables().flatMap(({ family, around, rows }) =>
  rows
    .filter(({ state }) => state !== 'fail')
    .flatMap(({ rule, state, expected }) => {
      const world = worldOf(`${around}\nadd rule ${family} t c ${rule}`)
      const table = world.tables.find(({ name }) => name === 't')!
      const listed = state === 'ok' ? expected : printRule(parseNftRule(rule, family))
      const whole = printNft(parseNft(`${around}\nadd rule ${family} t c ${listed}`).commands)
      const printed = whole.includes(`\t\t${listed}\n`)
      return table.chains
        .get('c')!
        .rules.flatMap(({ nft = [] }) =>
          (nft as NftStatement[]).map((statement) => useOf(statement, family, printed, world.sets)),
        )
    }),
)

function useOf(statement: NftStatement, family: RuleFamily, printed: boolean, sets: typeof knownWorld.sets): Use {
  const selectors = selectorsIn(Object.values(statement))
  const { conditions, statements } = lowerRule([statement], family, 't')
  const layers: Layers = Object.assign({}, ...selectors.map((one) => asked(one)?.layers ?? {}))
  const truths = conditions.map((one) =>
    evaluate(one, { ...momentFor(layers, family), world: { ...knownWorld, sets } }),
  )
  return {
    statement,
    kind: Object.keys(statement)[0]!,
    selectors,
    printed,
    effects: statements,
    open: [
      ...truths.flatMap((truth) => (isUnknown(truth) ? [truth.unknown] : [])),
      ...statements.flatMap((one) => (one.kind === 'unknown' ? [one.reason] : [])),
    ],
  }
}

/** A packet that has what is asked for. */
function momentFor({ network, transport, ether, exthdr }: Layers, table: RuleFamily) {
  const version = network === 'ipv6' || transport === 'ipv6-icmp' || table === 'ip6' ? 'ip6' : 'ip'
  const packet: Packet = {
    ...knownPacket(version, transport === 'ipv6-icmp' ? 'icmpv6' : (transport ?? 'tcp')),
    vlan: 10,
    ...(version === 'ip6' ? { flowLabel: 0 } : {}),
    ...(exthdr === 'frag' ? { moreFragments: true } : {}),
  }
  const family = ether === 0x0806 ? 'arp' : table === 'bridge' || table === 'netdev' ? table : version
  return { packet, family, hook: 'forward' } as const
}

/** Anywhere in it, but for those that a hash is made of. */
export function selectorsIn(value: unknown): Selector[] {
  if (typeof value !== 'object' || value === null) return []
  if (!Array.isArray(value) && asked(value as Expression)) return [value as Selector]
  return Object.values(value).flatMap(selectorsIn)
}
