/** Slips of whoever writes a ruleset: a verdict, sides, a prefix, the chain a jump leads to, when a chain is asked; and a flush. */
import { type Fault, type Kind, type Met, replaced, ruleAt, withRules } from '../../fault.ts'
import type { Table } from '../../table.ts'
import { chainNamed, chainOf, ofRule, verdictKind } from './words.ts'

/** What the rule could have become. */
const slip = (kind: string, slips: (met: Met & { rule: string }) => string[]): Kind => ({
  name: kind,
  make: ({ met, setup }) =>
    met.flatMap((one) => {
      const { table, chain, index, rule } = one
      if (rule === undefined || ['drop', 'reject'].includes(verdictKind(rule) ?? '')) return []
      return slips({ ...one, rule })
        .filter((now) => now !== rule)
        .map((now) => ({
          kind,
          about: `${table} ${chain} ${index + 1}: ${now}, in place of ${rule}`,
          variant: { tables: replaced(setup.tables, table, chain, index, now) },
          culprits: [ruleAt(one)],
        }))
    }),
})

export const wrongVerdict = slip('a wrong verdict', (met) =>
  met.of === 'question' && met.type === 'filter' && ofRule(met, 'accept')
    ? ['drop', 'return'].map((verdict) => met.rule.replace(/\baccept(?=$| comment)/, verdict))
    : [],
)

/** The source for the destination, the interface that a packet leaves by for the one it comes in by. */
export const sidesMixed = slip('the sides mixed up', ({ rule }) =>
  [
    ['dport', 'sport'],
    ['saddr', 'daddr'],
    ['daddr', 'saddr'],
    ['iifname', 'oifname'],
    ['oifname', 'iifname'],
  ].flatMap(([from, to]) =>
    rule.includes(`${from} `) && !rule.includes(`${to} `) && !/ (?:vmap|map) /.test(rule)
      ? [rule.replace(`${from} `, `${to} `)]
      : [],
  ),
)

export const netmaskNarrow = slip('a netmask too narrow', ({ rule }) =>
  [...rule.matchAll(/\bip6? [sd]addr ([\da-f.:]+)\/(\d+)/g)]
    .filter(([, address, bits]) => Number(bits) < (address!.includes(':') ? 124 : 30))
    .map(([words, address]) => rule.replace(words, words.replace(/\d+$/, address!.includes(':') ? '124' : '30'))),
)

const chainsMet = (met: readonly Met[]): Pick<Met, 'table' | 'chain'>[] =>
  met.filter((one, i) => met.findIndex(({ table, chain }) => one.table === table && one.chain === chain) === i)

/** All rules of one chain are gone; a jump to it stays. */
export const chainFlushed: Kind = {
  name: 'a chain flushed',
  make: ({ met, setup }) =>
    chainsMet(met).map(({ table, chain }): Fault => {
      const jumps = met.filter(({ rule = '', table: of }) => of === table && chainOf(rule) === chain)
      return {
        kind: 'a chain flushed',
        about: `flush chain ${table} ${chain}`,
        variant: { tables: withRules(setup.tables, table, chain, () => []) },
        culprits: [{ chain: { table, chain } }, ...jumps.map(ruleAt)],
      }
    }),
}

/** Chains of the table that lead to no other, and rewrite nothing. */
function ends(tables: readonly Table[], table: string): string[] {
  const { chains } = tables.find(({ name }) => name === table)!
  return chains
    .filter(({ base, rules }) => base === undefined && rules.length > 0)
    .filter(({ rules }) => !/\b(?:jump|goto|vmap|dnat|snat|masquerade|redirect)\b/.test(rules.join()))
    .map(({ name }) => name)
}

export const jumpElsewhere: Kind = {
  name: 'a jump to another chain',
  make: ({ met, setup, random }) =>
    met.flatMap((one) => {
      const { table, chain, index, rule = '', type } = one
      const to = chainOf(rule)
      const others = ends(setup.tables, table).filter((name) => name !== to && name !== chain)
      if (to === undefined || type === 'nat' || others.length === 0) return []
      const now = rule.replace(/\b(jump|goto) \S+/, `$1 ${random.pick(others)}`)
      return [
        {
          kind: 'a jump to another chain',
          about: `${table} ${chain} ${index + 1}: ${now}, in place of ${rule}`,
          variant: { tables: replaced(setup.tables, table, chain, index, now) },
          culprits: [ruleAt(one)],
        },
      ]
    }),
}

/** In front of connection tracking, which a rule asks; or where a mark is set and nothing is routed anew for it. */
export const atWrongTime: Kind = {
  name: 'a chain of a wrong type or priority',
  make: ({ met, setup }) =>
    chainsMet(met).flatMap(({ table, chain }): Fault[] => {
      const { base = '', rules } = chainNamed(setup.tables, table, chain)!
      const now = base.startsWith('type route')
        ? base.replace('type route', 'type filter')
        : /^type filter hook (?:prerouting|output)/.test(base) && /\bct\b/.test(rules.join())
          ? base.replace(/priority .*/, 'priority -310')
          : base
      if (now === base) return []
      return [
        {
          kind: 'a chain of a wrong type or priority',
          about: `${table} ${chain}: ${now}, in place of ${base}`,
          variant: {
            tables: setup.tables.map((one) =>
              one.name !== table
                ? one
                : { ...one, chains: one.chains.map((each) => (each.name === chain ? { ...each, base: now } : each)) },
            ),
          },
          culprits: [{ chain: { table, chain } }],
        },
      ]
    }),
}
