/** Marks that get lost on the way, and sets without the element. */
import { inserted, type Kind, type Met, ruleAt, type Scene } from '../fault.ts'

/** A mark that a rule behind asks for is taken away in between. */
export const markDropped: Kind = {
  name: 'a mark dropped later',
  make: (scene) =>
    laterMarks(scene).map(({ met, mask }) => {
      const rule = `-j MARK --set-xmark 0x0/${mask}`
      return {
        kind: 'a mark dropped later',
        about: `-t ${met.table} -I ${met.chain} ${met.index + 1} ${rule}`,
        variant: { tables: inserted(scene.setup.tables, met.table, met.chain, met.index, rule) },
        culprits: [ruleAt(met)],
      }
    }),
}

/** Places behind a rule that sets a mark, where another could take it away. */
function laterMarks({ met }: Scene): { met: Met; mask: string }[] {
  return met.flatMap((setter, i) => {
    const mask = /--set-xmark 0x[1-9a-f][0-9a-f]*\/(0x[1-9a-f][0-9a-f]*)$/.exec(setter.rule ?? '')?.[1]
    if (mask === undefined) return []
    return met
      .slice(i + 1)
      .filter(({ of, table, chain }) => of === setter.of && table === 'mangle' && /^[A-Z]+$/.test(chain))
      .map((one) => ({ met: { ...one, index: 0 }, mask }))
  })
}

export const elementGone: Kind = {
  name: 'a set element gone',
  make: ({ setup, met }) =>
    met.flatMap(({ rule = '' }) => {
      const set = /--match-set (\S+)/.exec(rule)?.[1]
      const lines = setup.sets ?? []
      return lines
        .filter((line) => line.startsWith(`add ${set} `))
        .map((line) => ({
          kind: 'a set element gone',
          about: `ipset del ${line.slice(4)}`,
          variant: { sets: lines.filter((one) => one !== line) },
          // where the set's rule only marks, it is told with the mark that is missing
          culprits: ['not-in-set', 'mark-missing'].map((code) => ({ code, words: [set!] })),
        }))
    }),
}
