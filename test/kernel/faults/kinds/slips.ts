/** Slips of whoever types a rule: its verdict, its sides, its netmask, the chain it leads to or stands in; and a flush. */
import { type Fault, inserted, type Kind, type Met, removed, replaced, ruleAt, targetOf, withRules } from '../fault.ts'
import type { Table } from '../table.ts'

const NOT_MEANT = ['DROP', 'REJECT', 'LOG', 'TRACE']

/** What the rule could have become. */
const slip = (kind: string, slips: (met: Met & { rule: string }) => string[]): Kind => ({
  name: kind,
  make: ({ met, setup }) =>
    met.flatMap((one) => {
      const { table, chain, index, rule } = one
      if (rule === undefined || NOT_MEANT.includes(targetOf(rule) ?? '')) return []
      return slips({ ...one, rule })
        .filter((now) => now !== rule)
        .map((now) => ({
          kind,
          about: `-t ${table} ${chain} ${index + 1}: ${now}, in place of ${rule}`,
          variant: { tables: replaced(setup.tables, table, chain, index, now) },
          culprits: [ruleAt(one)],
        }))
    }),
})

export const wrongVerdict = slip('a wrong verdict', ({ of, table, rule }) =>
  of === 'question' && table === 'filter' && targetOf(rule) === 'ACCEPT'
    ? ['DROP', 'RETURN'].map((verdict) => rule.replace(/-j ACCEPT$/, `-j ${verdict}`))
    : [],
)

/** The source for the destination, `-i` for `-o`. */
export const sidesMixed = slip('the sides mixed up', ({ chain, rule }) => {
  const turn = (from: string, to: string) =>
    rule.includes(`${from} `) && !rule.includes(`${to} `) ? [rule.replace(`${from} `, `${to} `)] : []
  // the tool refuses interfaces that a base chain's packets do not have
  const isOwn = !/^[A-Z]+$/.test(chain) || chain === 'FORWARD'
  return [
    ...turn('--dport', '--sport'),
    ...turn('--dports', '--sports'),
    ...turn('-s', '-d'),
    ...turn('-d', '-s'),
    ...(isOwn ? [...turn('-i', '-o'), ...turn('-o', '-i')] : []),
  ]
})

export const netmaskNarrow = slip('a netmask too narrow', ({ rule }) =>
  [...rule.matchAll(/(?<!! )-[sd] [\d.]+\/(\d+)/g)]
    .filter(([, bits]) => Number(bits) < 30)
    .map(([words]) => rule.replace(words, words.replace(/\d+$/, '30'))),
)

const namesOf = (met: readonly Met[]): string[] => [...new Set(met.map(({ table, chain }) => `${table} ${chain}`))]

/** All rules of one chain are gone; a jump to it stays. */
export const chainFlushed: Kind = {
  name: 'a chain flushed',
  make: ({ met, setup }) =>
    namesOf(met).flatMap((name): Fault[] => {
      const [table, chain] = name.split(' ') as [string, string]
      const jumps = met.filter(({ rule = '', table: of }) => of === table && targetOf(rule) === chain)
      if (table === 'raw') return []
      return [
        {
          kind: 'a chain flushed',
          about: `-t ${table} -F ${chain}`,
          variant: { tables: withRules(setup.tables, table, chain, () => []) },
          culprits: [{ chain: { table, chain } }, ...jumps.map(ruleAt)],
        },
      ]
    }),
}

/** Chains of the table that lead to no other, and say nothing that only some hooks allow. */
function ends(tables: readonly Table[], table: string): string[] {
  const chains = tables.find(({ name }) => name === table)!.chains
  return chains
    .filter(({ policy }) => policy === undefined)
    .filter(({ rules }) => !rules.some((rule) => chains.some(({ name }) => name === targetOf(rule))))
    .filter(({ rules }) => !/-m (?:owner|mac)|NAT|MASQUERADE|REDIRECT/.test(rules.join()))
    .map(({ name }) => name)
}

export const jumpElsewhere: Kind = {
  name: 'a jump to another chain',
  make: ({ met, setup, random }) =>
    met.flatMap((one) => {
      const { table, chain, index, rule = '' } = one
      const to = targetOf(rule) ?? ''
      const own = setup.tables.find(({ name }) => name === table)?.chains.find(({ name }) => name === to)
      const others = ends(setup.tables, table).filter((name) => name !== to && name !== chain)
      if (table === 'nat' || !own || own.policy !== undefined || others.length === 0) return []
      const now = rule.replace(/ ?-([jg]) \S+$/, (words) => words.replace(to, random.pick(others)))
      if (now === rule) return []
      return [
        {
          kind: 'a jump to another chain',
          about: `-t ${table} ${chain} ${index + 1}: ${now}, in place of ${rule}`,
          variant: { tables: replaced(setup.tables, table, chain, index, now) },
          culprits: [ruleAt(one)],
        },
      ]
    }),
}

/** Where it rewrites what this machine sends, and not what comes in. */
export const natInOutput: Kind = {
  name: 'a nat rule in the wrong chain',
  make: ({ met, setup }) =>
    met.flatMap(({ of, table, chain, index, rule }) => {
      if (of !== 'question' || table !== 'nat' || chain !== 'PREROUTING' || rule === undefined) return []
      const moved = rule.replace(/(?:! )?-i \S+ /, '')
      const tables = removed(inserted(setup.tables, table, 'OUTPUT', 0, moved), table, chain, index)
      return [
        {
          kind: 'a nat rule in the wrong chain',
          about: `-t nat: "${moved}" in OUTPUT, in place of PREROUTING`,
          variant: { tables },
          culprits: [ruleAt({ table, chain: 'OUTPUT', index: 0 }), { chain: { table, chain } }],
        },
      ]
    }),
}
