import { atMostOne, defineTarget, flag, type Option, printOptions, WordError, word } from '../extension.ts'
import { type Range, readNumber, u16 } from '../values/numbers.ts'

const balance: Option<Range> = word(
  (text) => {
    const ends = text.split(':')
    const [from, to] = ends.map((end, i) => (end === '' ? i * 0xffff : readNumber(end, 0xffff)))
    // the kernel counts them with 16 bits
    if (ends.length !== 2 || from! >= to! || to! - from! === 0xffff)
      throw new WordError(`"${text}" is not a range of queues`)
    return { from: from!, to: to! }
  },
  ({ from, to }) => `${from}:${to}`,
)

const options = {
  'queue-num': u16(),
  'queue-balance': balance,
  'queue-bypass': flag(),
  'queue-cpu-fanout': flag(),
}

/** `-j NFQUEUE`: to a program that listens on a queue and decides; dropped where none does, unless bypassed (libxt_NFQUEUE.c). */
export const NFQUEUE = defineTarget({
  name: 'NFQUEUE',
  options,
  check(values) {
    atMostOne(values, 'queue-num', 'queue-balance')
    if (values['queue-cpu-fanout'] && !values['queue-balance'])
      throw new WordError('--queue-cpu-fanout needs --queue-balance')
  },
  print(values, context) {
    const number = { value: 0, not: false }
    return printOptions(options, values['queue-balance'] ? values : { 'queue-num': number, ...values }, context)
  },
  statements(values) {
    const { from, to } = values['queue-balance']?.value ?? { from: values['queue-num']?.value ?? 0 }
    const bypass = values['queue-bypass'] ? { bypass: true } : {}
    return [{ kind: 'queue', from, ...(to === undefined ? {} : { to }), ...bypass }]
  },
})
