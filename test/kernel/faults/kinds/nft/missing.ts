/** A rule that is not there any more, or a jump. */
import { type Kind, type Met, removed, replaced, ruleAt, withRules } from '../../fault.ts'
import { chainNamed, chainOf, ofRule, verdictKind } from './words.ts'

const taking = (kind: string, fits: (met: Met) => boolean): Kind => ({
  name: kind,
  make: ({ met, setup }) =>
    met
      .filter((one) => one.rule !== undefined && fits(one))
      .map(({ table, chain, index, rule }) => ({
        kind,
        about: `${table} ${chain}: without ${rule}`,
        variant: { tables: removed(setup.tables, table, chain, index) },
        culprits: [{ chain: { table, chain } }],
      })),
})

export const missingAccept = taking(
  'an accept missing',
  (met) => met.of === 'question' && met.type === 'filter' && ofRule(met, 'accept', 'return'),
)

export const missingNat = taking(
  'a nat rule missing',
  (met) => met.type === 'nat' && ofRule(met, 'dnat', 'snat', 'masquerade', 'redirect'),
)

export const missingMark = taking('a mark missing', ({ rule }) => /meta mark set/.test(rule ?? ''))

/** The chain that is not come to any more is what has to be named. */
export const missingJump: Kind = {
  name: 'a jump missing',
  make: ({ met, setup }) =>
    met.flatMap(({ table, chain, index, rule = '' }) => {
      const to = chainOf(rule)
      if (to === undefined) return []
      return [
        {
          kind: 'a jump missing',
          about: `${table} ${chain}: without ${rule}`,
          variant: { tables: removed(setup.tables, table, chain, index) },
          culprits: [{ chain: { table, chain: to } }],
        },
      ]
    }),
}

/** What comes behind the jump is not come to any more. */
export const gotoForJump: Kind = {
  name: 'goto in place of jump',
  make: ({ met, setup }) =>
    met.flatMap(({ table, chain, index, rule = '' }) => {
      if (verdictKind(rule) !== 'jump') return []
      const now = rule.replace(/\bjump (?=\S+)/, 'goto ')
      return [
        {
          kind: 'goto in place of jump',
          about: `${table} ${chain} ${index + 1}: ${now}`,
          variant: { tables: replaced(setup.tables, table, chain, index, now) },
          culprits: [ruleAt({ table, chain, index })],
        },
      ]
    }),
}

/** An accept that stands behind what drops the packets. */
export const tooLate: Kind = {
  name: 'an accept too late',
  make: ({ met, setup }) =>
    met.flatMap((one) => {
      const { of, table, chain, index, rule } = one
      const rules = chainNamed(setup.tables, table, chain)?.rules ?? []
      if (of !== 'question' || one.type !== 'filter' || rule === undefined || !ofRule(one, 'accept')) return []
      if (!/^(counter )?(drop|reject)/.test(rules.at(-1) ?? '') || index === rules.length - 1) return []
      return [
        {
          kind: 'an accept too late',
          about: `${table} ${chain}: "${rule}" at the end`,
          variant: {
            tables: withRules(setup.tables, table, chain, (all) => [...all.toSpliced(index, 1), rule]),
          },
          culprits: [ruleAt({ table, chain, index: rules.length - 1 })],
        },
      ]
    }),
}
