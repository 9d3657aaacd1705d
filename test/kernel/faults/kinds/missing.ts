/** A rule that is not there any more, or a jump. */
import { type Kind, type Met, removed, replaced, ruleAt, type Scene, targetOf } from '../fault.ts'

const VERDICTS = ['ACCEPT', 'RETURN']
const NAT = ['DNAT', 'SNAT', 'MASQUERADE', 'REDIRECT']

const taking = (kind: string, fits: (met: Met, target: string, scene: Scene) => boolean): Kind => ({
  name: kind,
  make: (scene) =>
    scene.met
      .filter((met) => met.rule !== undefined && fits(met, targetOf(met.rule) ?? '', scene))
      .map(({ table, chain, index, rule }) => ({
        kind,
        about: `-t ${table} -D ${chain} ${rule}`,
        variant: { tables: removed(scene.setup.tables, table, chain, index) },
        culprits: [{ chain: { table, chain } }],
      })),
})

export const missingAccept = taking(
  'an accept missing',
  ({ of, table }, target) => of === 'question' && table === 'filter' && VERDICTS.includes(target),
)

export const missingNat = taking('a nat rule missing', ({ table }, target) => table === 'nat' && NAT.includes(target))

export const missingMark = taking('a mark missing', (_, target) => target === 'MARK')

const isUserChain = ({ setup }: Scene, table: string, chain: string): boolean =>
  setup.tables.some(({ name, chains }) => name === table && chains.some((one) => one.name === chain && !one.policy))

/** The chain that is not come to any more is what has to be named. */
export const missingJump: Kind = {
  name: 'a jump missing',
  make: (scene) =>
    scene.met.flatMap(({ table, chain, index, rule = '' }) => {
      const target = targetOf(rule) ?? ''
      if (!isUserChain(scene, table, target)) return []
      return [
        {
          kind: 'a jump missing',
          about: `-t ${table} -D ${chain} ${rule}`,
          variant: { tables: removed(scene.setup.tables, table, chain, index) },
          culprits: [{ chain: { table, chain: target } }],
        },
      ]
    }),
}

/** What comes behind the jump is not come to any more. */
export const gotoForJump: Kind = {
  name: 'goto in place of jump',
  make: (scene) =>
    scene.met.flatMap(({ table, chain, index, rule = '' }) => {
      if (!isUserChain(scene, table, targetOf(rule) ?? '') || !/-j \S+$/.test(rule)) return []
      const now = rule.replace(/-j (\S+)$/, '-g $1')
      return [
        {
          kind: 'goto in place of jump',
          about: `-t ${table} -R ${chain} ${index + 1} ${now}`,
          variant: { tables: replaced(scene.setup.tables, table, chain, index, now) },
          culprits: [ruleAt({ table, chain, index })],
        },
      ]
    }),
}

/** An accept that stands behind what drops the packets. */
export const tooLate: Kind = {
  name: 'an accept too late',
  make: (scene) =>
    scene.met.flatMap(({ of, table, chain, index, rule }) => {
      const rules = scene.setup.tables
        .find(({ name }) => name === table)!
        .chains.find(({ name }) => name === chain)!.rules
      const last = rules.at(-1) ?? ''
      if (
        of !== 'question' ||
        table !== 'filter' ||
        rule === undefined ||
        !/^(-m comment .*)?-j (DROP|REJECT)/.test(last)
      )
        return []
      if (targetOf(rule) !== 'ACCEPT' || index === rules.length - 1) return []
      const moved = [...rules.toSpliced(index, 1), rule]
      return [
        {
          kind: 'an accept too late',
          about: `-t ${table}: "${rule}" at the end of ${chain}`,
          variant: {
            tables: scene.setup.tables.map((one) =>
              one.name !== table
                ? one
                : {
                    ...one,
                    chains: one.chains.map((each) => (each.name === chain ? { ...each, rules: moved } : each)),
                  },
            ),
          },
          culprits: [ruleAt({ table, chain, index: moved.length - 1 })],
        },
      ]
    }),
}
