/** The question arrives, and the answer does not come back. */
import { inserted, type Kind, type Met, removed, ruleAt, targetOf } from '../fault.ts'

export const answerDropped: Kind = {
  name: 'the answer dropped',
  make: ({ setup, met, random }) =>
    met
      .filter(({ of, table, chain, index }) => of === 'answer' && index <= 1 && isBase(table, chain))
      .map((one) => {
        const { protocol, src, sport } = one.packet
        const port = sport === undefined ? '' : ` -m ${protocol} --sport ${sport}`
        const rule = `${random.pick([`-s ${src}/32 -p ${protocol}`, `-p ${protocol}${port}`])} -j DROP`
        const index = one.table === 'raw' ? 1 : 0
        return {
          kind: 'the answer dropped',
          about: `-t ${one.table} -I ${one.chain} ${index + 1} ${rule}`,
          variant: { tables: inserted(setup.tables, one.table, one.chain, index, rule) },
          culprits: [ruleAt({ ...one, index })],
        }
      }),
}

const isBase = (table: string, chain: string): boolean =>
  /^[A-Z]+$/.test(chain) && (table === 'filter' || table === 'mangle' || table === 'raw')

/** The rule that lets answers through is gone. */
export const answerNotAccepted: Kind = {
  name: 'answers not accepted',
  make: ({ setup, met }) =>
    met
      .filter((one: Met) => one.of === 'answer' && one.table === 'filter' && /ESTABLISHED/.test(one.rule ?? ''))
      .filter(({ rule = '' }) => ['ACCEPT', 'RETURN'].includes(targetOf(rule) ?? ''))
      .map(({ table, chain, index, rule }) => ({
        kind: 'answers not accepted',
        about: `-t ${table} -D ${chain} ${rule}`,
        variant: { tables: removed(setup.tables, table, chain, index) },
        culprits: [{ code: 'reply-dropped', words: [] }],
      })),
}
