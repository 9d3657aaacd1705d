import type { Condition } from '../../../model/condition.ts'
import type { Negatable } from '../../../model/ruleset.ts'
import { atLeastOne, defineMatch, flag, negateIf, type Option, WordError, word } from '../extension.ts'
import { printRange, type Range, rangeValue, readNumber } from '../values/numbers.ts'

/** The highest id is kept for "none". */
const MAX_ID = 0xfffffffe

/** An id, two of them as a range, or `root`; other names are the host's own. */
const ids = (): Option<Range> =>
  word(
    (text) => {
      if (text === 'root') return { from: 0, to: 0 }
      if (!/^\d/.test(text)) throw new WordError(`"${text}" is a name that only the host knows; give the number`)
      const [low, high = low, ...rest] = text.split(/[-:]/)
      const range = { from: readNumber(low!, MAX_ID), to: readNumber(high!, MAX_ID) }
      if (rest.length > 0 || range.from > range.to) throw new WordError(`"${text}" is not a range of ids`)
      return range
    },
    (range) => printRange(range, '-'),
    { invert: true },
  )

const options = {
  'socket-exists': flag({ invert: true }),
  'uid-owner': ids(),
  'gid-owner': ids(),
  'suppl-groups': flag(),
}

/**
 * `-m owner`: who owns the socket that sends the packet (libxt_owner.c, net/netfilter/xt_owner.c). A packet without a
 * socket, as every forwarded one, meets inverted options only.
 */
export const owner = defineMatch({
  name: 'owner',
  hooks: ['output', 'postrouting'],
  options,
  check(values) {
    atLeastOne(values, 'socket-exists', 'uid-owner', 'gid-owner')
    if (values['suppl-groups'] && !values['gid-owner']) throw new WordError('--suppl-groups needs --gid-owner')
  },
  conditions(values) {
    const conditions: Condition[] = []
    const { 'socket-exists': exists, 'uid-owner': uid, 'gid-owner': gid } = values
    if (exists) {
      const anyone: Condition = { kind: 'compare', field: 'meta skuid', op: '>=', value: 0, text: '--socket-exists' }
      conditions.push(negateIf(exists.not, anyone))
    }
    if (uid) conditions.push(negateIf(uid.not, owned('meta skuid', '--uid-owner', uid)))
    if (gid) conditions.push(negateIf(gid.not, group(gid, values['suppl-groups'] !== undefined)))
    return conditions
  },
})

const owned = (field: string, option: string, { value }: Negatable<Range>): Condition => ({
  kind: 'compare',
  field,
  op: '==',
  value: rangeValue(value),
  text: `${option} ${printRange(value, '-')}`,
})

function group(gid: Negatable<Range>, supplementary: boolean): Condition {
  const own = owned('meta skgid', '--gid-owner', gid)
  if (!supplementary) return own
  const other: Condition = {
    kind: 'unknown',
    text: `${own.text} --suppl-groups`,
    reason: "the sending process' supplementary groups are not known",
  }
  return { kind: 'any', of: [own, other], text: other.text }
}
