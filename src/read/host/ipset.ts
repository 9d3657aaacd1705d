/** What `ipset save` and `ipset list` have in common: a set's options and its elements, as the commands that make them. */
import { readCreate } from '../../edits/ipset/create.ts'
import { ELEMENT_OPTIONS } from '../../edits/ipset/types.ts'
import type { SetEdit } from '../../model/edit.ts'

const isExist = (word: string): boolean => word === '-exist' || word === '-!'

/** Words, those in quotes as one. */
export const wordsOf = (text: string): string[] =>
  (text.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replace(/^"(.*)"$/, '$1'))

/** `options` is what follows the type. */
export function creation(set: string, type: string, options: string, problem: (message: string) => void): SetEdit {
  const words = wordsOf(options)
  const told = [type, ...words.filter((word) => !isExist(word))]
  const definition = readCreate(set, told, ({ message }) => problem(message))
  return { kind: 'ipset', op: 'create', set, definition, ...(words.some(isExist) ? { exist: true } : {}) }
}

/** `10.0.0.1,tcp:80 timeout 10 comment "a b"` */
export function addition(set: string, text: string, problem: (message: string) => void): SetEdit {
  const [element = '', ...words] = wordsOf(text)
  const edit: SetEdit = { kind: 'ipset', op: 'add', set, element }
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!
    if (isExist(word)) edit.exist = true
    else if (!Object.hasOwn(ELEMENT_OPTIONS, word)) problem(`nfwhy does not understand the ipset option "${word}"`)
    else edit.options = { ...edit.options, [word]: ELEMENT_OPTIONS[word] ? (words[++i] ?? '') : '' }
  }
  return edit
}
