import { defineMatch, negateIf } from '../extension.ts'
import { quotedText } from '../values/text.ts'
import { quote } from '../words.ts'

/** `-m helper --helper NAME`: the helper that expected the packet's connection, `ftp` or `ftp-2121` (libxt_helper.c). */
export const helper = defineMatch({
  name: 'helper',
  options: { helper: quotedText(29, { required: true, invert: true }) },
  conditions({ helper }) {
    const { value: name, not } = helper!
    const text = `--helper ${quote(name)}`
    if (name === '') return [negateIf(not, { kind: 'compare', field: 'ct helper', op: '!=', value: '', text })]
    // the kernel asks whether the option begins with the helper's name: ftp-2121 takes a plain ftp, too
    const plain = name.replace(/-\d+$/, '')
    const value = plain === name ? name : { set: [name, plain] }
    return [negateIf(not, { kind: 'compare', field: 'ct helper', op: '==', value, text })]
  },
})
