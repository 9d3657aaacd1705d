/** IptablesSpec → conditions and statements: from here on nobody needs to know that iptables wrote the rule. */
import type { Condition, Value } from '../../model/condition.ts'
import type { Clause, IptablesSpec, MaskedAddress, Negatable } from '../../model/ruleset.ts'
import type { Statement } from '../../model/statement.ts'
import { type IpFamily, negateIf, type RuleContext } from './extension.ts'
import { findMatch, findTarget } from './registry.ts'
import { networkValue, printMaskedAddress } from './values/addresses.ts'

export interface Lowered {
  conditions: Condition[]
  statements: Statement[]
}

/** In the order the kernel checks them: addresses, interfaces, protocol, fragment (ip_packet_match), then the matches. */
export function lowerSpec(spec: IptablesSpec, family: IpFamily, table?: string): Lowered {
  const context: RuleContext = { family, spec, ...(table === undefined ? {} : { table }) }
  const conditions: Condition[] = []
  if (spec.src) conditions.push(...address(`${family} saddr`, '-s', spec.src))
  if (spec.dst) conditions.push(...address(`${family} daddr`, '-d', spec.dst))
  if (spec.in) conditions.push(...device('meta iifname', '-i', spec.in))
  if (spec.out) conditions.push(...device('meta oifname', '-o', spec.out))
  if (spec.protocol) {
    const { value, not } = spec.protocol
    conditions.push(negateIf(not, { kind: 'compare', field: 'meta l4proto', op: '==', value, text: `-p ${value}` }))
  }
  if (spec.fragment)
    conditions.push(
      negateIf(spec.fragment.not, {
        kind: 'compare',
        field: 'ip frag-off',
        op: '!=',
        mask: 0x1fff,
        value: 0,
        text: '-f',
      }),
    )
  if (spec.unread) conditions.push({ kind: 'unknown', text: spec.unread.join(' '), reason: 'not understood' })
  for (const clause of spec.matches) {
    const match = clause.values && findMatch(clause.name, family)
    if (match && clause.values) conditions.push(...atLeastHeader(clause.name, match.conditions(clause.values, context)))
    else conditions.push({ kind: 'unknown', text: `-m ${written(clause)}`, reason: 'not understood' })
  }
  return { conditions, statements: lowerTarget(spec, context) }
}

const WITH_PORTS = ['tcp', 'udp', 'sctp', 'dccp']

/** Whatever they ask, these matches want the protocol's header: a later fragment has none (net/netfilter/xt_tcpudp.c). */
function atLeastHeader(name: string, conditions: Condition[]): Condition[] {
  if (conditions.length > 0 || !WITH_PORTS.includes(name)) return conditions
  return [{ kind: 'compare', field: `${name} dport`, op: '>=', value: 0, text: `-m ${name}` }]
}

function lowerTarget(spec: IptablesSpec, context: RuleContext): Statement[] {
  const target = spec.target
  if (!target) return []
  if (target.chain) return [{ kind: target.goto ? 'goto' : 'jump', chain: target.name }]
  const extension = findTarget(target.name, context.family)
  if (extension && target.values) return extension.statements(target.values, context)
  return [{ kind: 'unknown', text: `-j ${written(target)}`, reason: 'not understood' }]
}

const written = ({ name, words = [] }: Clause): string => [name, ...words].join(' ')

function address(field: string, option: string, { value, not }: Negatable<MaskedAddress>): Condition[] {
  // every address is in /0; inverted, none is
  if (value.mask === 0 && !not) return []
  const text = `${option} ${printMaskedAddress(value)}`
  return [negateIf(not, { kind: 'compare', field, op: '==', ...networkValue(value), text })]
}

function device(field: string, option: string, { value, not }: Negatable<string>): Condition[] {
  if (value === '+' && !not) return []
  const name: Value = value.endsWith('+') ? { wildcard: value.slice(0, -1) } : value
  return [negateIf(not, { kind: 'compare', field, op: '==', value: name, text: `${option} ${value}` })]
}
