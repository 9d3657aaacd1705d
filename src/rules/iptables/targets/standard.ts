/** The four verdicts without options (libxt_standard.c). */
import type { Statement } from '../../../model/statement.ts'
import { defineTarget, type RuleContext, WordError } from '../extension.ts'

const standard = (name: string, statement: Statement, check?: (values: object, context: RuleContext) => void) =>
  defineTarget({ name, options: {}, statements: () => [statement], ...(check ? { check } : {}) })

export const ACCEPT = standard('ACCEPT', { kind: 'accept' })

export const DROP = standard('DROP', { kind: 'drop' }, (_values, { table }) => {
  if (table === 'nat') throw new WordError('the nat table is not for filtering')
})

export const RETURN = standard('RETURN', { kind: 'return' })

/** To a program listening on queue 0; NFQUEUE has more of them. */
export const QUEUE = standard('QUEUE', { kind: 'queue', from: 0 })
