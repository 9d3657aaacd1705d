import { defineMatch, flag, negateIf, WordError, word } from '../extension.ts'
import { tracked } from '../values/ct.ts'
import { readNumber } from '../values/numbers.ts'

/** `-m connlabel`: a label of the connection, by number or by its name in the host's connlabel.conf (libxt_connlabel.c). */
export const connlabel = defineMatch({
  name: 'connlabel',
  options: {
    label: word(
      (text) => {
        if (text === '') throw new WordError('the label is empty')
        return /^\d/.test(text) ? String(readNumber(text, 127)) : text
      },
      (label) => `"${label}"`,
      { required: true, invert: true },
    ),
    set: flag(),
  },
  conditions({ label, set }) {
    const text = `--label "${label!.value}"`
    // what it sets, is set from then on
    if (set) return [negateIf(label!.not, tracked(`${text} --set`))]
    const value = { set: [label!.value] }
    return [negateIf(label!.not, { kind: 'compare', field: 'ct label', op: '==', value, text })]
  },
})
