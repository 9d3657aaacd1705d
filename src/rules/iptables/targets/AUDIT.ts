import { defineTarget, WordError, word } from '../extension.ts'

const TYPES = ['accept', 'drop', 'reject']

/** `-j AUDIT --type accept|drop|reject`: a record for the audit daemon, whose type decides nothing; the packet goes on (libxt_AUDIT.c). */
export const AUDIT = defineTarget({
  name: 'AUDIT',
  options: {
    type: word(
      (text) => {
        const type = TYPES.find((one) => one === text.toLowerCase())
        if (!type) throw new WordError(`"${text}" is none of ${TYPES.join(', ')}`)
        return type
      },
      (type) => type,
      { required: true },
    ),
  },
  statements: () => [{ kind: 'note', text: 'the audit daemon logs it' }],
})
