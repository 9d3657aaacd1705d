/**
 * Connection tracking looks at packets only while something asks it to (nf_ct_netns_get): a rule that reads or writes
 * what it keeps, a NAT target, an object or a set for such rules. A nat table alone does not, and its chains are not
 * walked then.
 */
import type { Condition } from '../model/condition.ts'
import { memo, memo2 } from '../model/memo.ts'
import type { Chain, Rule, Table } from '../model/ruleset.ts'
import type { Statement } from '../model/statement.ts'
import type { World } from '../model/world.ts'
import { simpleConditions } from './simple-conditions.ts'

export const usesConntrack = ({ tables, sets, host }: World, family: 'ip' | 'ip6'): boolean =>
  (host.conntrack ?? []).some((entry) => entry.family === family) ||
  isAskedFor(tables, family) ||
  countedIn(sets).some((of) => of === family || of === 'inet')

/** Families of tables with a set that counts connections. */
const countedIn = memo((sets: World['sets']) =>
  [...sets.values()]
    .filter(({ statements }) => statements?.some((one) => 'ct count' in one))
    .map(({ family }) => family),
)

const tablesFor = (tables: World['tables'], family: 'ip' | 'ip6') =>
  tables.filter((table) => table.family === family || table.family === 'inet')

const someChain = ({ chains }: Table, test: (chain: Chain) => boolean): boolean => [...chains.values()].some(test)

// found out once for each chain: a world with one rule changed has all others as they were
const isAskedIn = memo2((chain: Chain, family: 'ip' | 'ip6'): boolean => chain.rules.some((rule) => asks(rule, family)))

const isJoinedIn = memo((chain: Chain): boolean =>
  chain.rules.some(
    ({ statements, iptables }) =>
      statements.some(({ kind }) => kind === 'tproxy') ||
      (iptables?.matches.some(({ name }) => name === 'socket') ?? false),
  ),
)

// the tables of a world never change; only its sets and its state do
const isAskedFor = memo2((tables: World['tables'], family: 'ip' | 'ip6'): boolean =>
  tablesFor(tables, family).some((table) => hasObject(table) || someChain(table, (chain) => isAskedIn(chain, family))),
)

/** A proxy needs whole packets, and nothing else of connection tracking (nf_defrag_ipv4_enable). */
export const joinsFragments = memo2((tables: World['tables'], family: 'ip' | 'ip6'): boolean =>
  tablesFor(tables, family).some((table) => someChain(table, isJoinedIn)),
)

/** Whether rules name them or not (net/netfilter/nft_ct.c, nft_synproxy.c). */
const OBJECTS = ['ct helper', 'ct timeout', 'ct expectation', 'synproxy']

const hasObject = ({ objects }: Table): boolean =>
  [...(objects?.values() ?? [])].some(({ kind }) => OBJECTS.includes(kind))

/** Matches and targets whose conditions say nothing of it, or that are not understood. */
const MATCHES = ['cluster', 'connbytes', 'connlabel', 'connlimit', 'connmark', 'conntrack', 'helper', 'state']
const TARGETS = [
  'CONNMARK',
  'CONNSECMARK',
  'SYNPROXY',
  'DNAT',
  'SNAT',
  'MASQUERADE',
  'REDIRECT',
  'NETMAP',
  'DNPT',
  'SNPT',
]

function asks({ iptables: spec, conditions, statements }: Rule, family: 'ip' | 'ip6'): boolean {
  if (spec?.matches.some(({ name }) => MATCHES.includes(name))) return true
  if (spec?.target && TARGETS.includes(spec.target.name)) return true
  // `-j CT` has a zone or a helper to give; to leave packets alone needs nothing
  if (spec?.target?.name === 'CT') return !statements.some(({ kind }) => kind === 'notrack')
  return conditions.some(readsConnection) || statements.some((one) => writesConnection(one, family))
}

/** `ct mark`, and what is made of it: `jhash ct mark . ip saddr mod 2`. */
const isOfConnection = (field: string): boolean => /^(.* )?ct /.test(field)

const readsConnection = (condition: Condition): boolean =>
  simpleConditions(condition).some((one) => {
    switch (one.kind) {
      case 'compare':
        return isOfConnection(one.field)
      case 'lookup':
        return one.fields.some(isOfConnection)
      case 'room':
        return one.fields.some(isOfConnection) || (one.data?.fields.some(isOfConnection) ?? false)
      default:
        return one.lasts !== undefined && 'connections' in one.lasts
    }
  })

const natFor = (statement: Statement, family: 'ip' | 'ip6'): boolean =>
  ['dnat', 'snat', 'masquerade', 'redirect', 'netmap'].includes(statement.kind) &&
  !('family' in statement && statement.family !== undefined && statement.family !== family)

function writesConnection(statement: Statement, family: 'ip' | 'ip6'): boolean {
  // an element that counts connections
  if (statement.kind === 'update-set') return statement.carries?.some((one) => 'ct count' in one) ?? false
  if (statement.kind === 'stolen') return statement.by === 'synproxy'
  if (statement.kind !== 'set') return natFor(statement, family)
  return (
    isOfConnection(statement.field) || (typeof statement.value === 'object' && isOfConnection(statement.value.field))
  )
}
