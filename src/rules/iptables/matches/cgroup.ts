import { atLeastOne, atMostOne, compare, defineMatch } from '../extension.ts'
import { u32 } from '../values/numbers.ts'
import { quotedText } from '../values/text.ts'
import { quote } from '../words.ts'

/** `-m cgroup`: the control group of the program that sends or receives (libxt_cgroup.c revision 2). */
export const cgroup = defineMatch({
  name: 'cgroup',
  hooks: ['input', 'output', 'postrouting'],
  options: {
    path: quotedText(511, { invert: true }),
    cgroup: u32({ invert: true }),
  },
  check(values) {
    atLeastOne(values, 'path', 'cgroup')
    atMostOne(values, 'path', 'cgroup')
  },
  conditions({ path, cgroup }) {
    if (cgroup) return [compare('meta cgroup', cgroup.value, { words: `--cgroup ${cgroup.value}`, not: cgroup.not })]
    const { value, not } = path!
    return [
      {
        kind: 'unknown',
        text: `${not ? '! ' : ''}--path ${quote(value)}`,
        reason: 'depends on the control group of the program that owns the socket',
      },
    ]
  },
})
