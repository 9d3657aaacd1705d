import type { Statement } from '../../../model/statement.ts'
import { atLeastOne, defineTarget, flag, HOOKS_OUT, WordError, word } from '../extension.ts'
import { setReference } from '../values/ipset.ts'
import { readNumber } from '../values/numbers.ts'

const options = {
  'add-set': setReference(),
  exist: flag(),
  timeout: word((text) => readNumber(text, 0xfffffffe), String),
  'del-set': setReference(),
  'map-set': setReference(),
  'map-mark': flag(),
  'map-prio': flag(),
  'map-queue': flag(),
}
const MAPPED = { 'map-mark': 'meta mark', 'map-prio': 'meta priority', 'map-queue': undefined }

/** `-j SET`: adds to or deletes from an ipset, or takes from it what an element carries; the packet goes on (libxt_SET.c). */
export const SET = defineTarget({
  name: 'SET',
  hooks: (values) => (values['map-prio'] || values['map-queue'] ? HOOKS_OUT : undefined),
  options,
  check(values) {
    atLeastOne(values, 'add-set', 'del-set', 'map-set')
    if (!values['add-set'] && (values.exist || values.timeout))
      throw new WordError('--exist and --timeout need --add-set')
    const mapped = Object.keys(MAPPED).some((name) => name in values)
    if (mapped !== 'map-set' in values)
      throw new WordError('--map-set needs --map-mark, --map-prio or --map-queue, and each of these needs --map-set')
  },
  statements(values) {
    const statements: Statement[] = []
    const { 'add-set': add, 'del-set': remove, 'map-set': map, timeout } = values
    if (add)
      statements.push({
        kind: 'update-set',
        op: 'add',
        set: add.value.name,
        fields: add.value.directions,
        ...(timeout ? { timeout: timeout.value } : {}),
      })
    if (remove)
      statements.push({ kind: 'update-set', op: 'delete', set: remove.value.name, fields: remove.value.directions })
    if (map)
      statements.push({
        kind: 'unknown',
        text: `--map-set ${map.value.name} ${map.value.directions}`,
        reason: "the values that the set's element carries are not known",
        fields: Object.entries(MAPPED).flatMap(([name, field]) => (name in values && field ? [field] : [])),
      })
    return statements
  },
})
