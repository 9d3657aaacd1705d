/** `ipset save`, and the files for `ipset restore` that people write: `create NAME TYPE …`, `add NAME ELEMENT …`. */
import type { NamedSet } from '../../model/ruleset.ts'
import type { HostFormat } from './format.ts'
import { readElement, readSet, SET_TYPE } from './ipset.ts'
import { forEachLine, quoted, wholeLines } from './lines.ts'

/** A name may hold blanks, and ipset does not quote it: it ends where the type begins. */
const CREATE = new RegExp(`^create (.+?) (${SET_TYPE})(?: (.*))?$`)
const IGNORED = /^\s*(#.*)?$/

export const ipsetSave: HostFormat = {
  id: 'ipset-save',
  describe: 'ipset save',
  sniff(head) {
    const first = wholeLines(head).find((line) => !IGNORED.test(line))
    return first !== undefined && CREATE.test(first)
  },
  read(text, report) {
    const sets = new Map<string, NamedSet>()
    forEachLine(text, (line, number) => {
      const unknown = (word: string) => report('word-not-understood', `ipset's "${word}" is not known`, number)
      const [, name, type, options] = CREATE.exec(line) ?? []
      if (name !== undefined && type !== undefined) sets.set(name, readSet(name, type, options ?? '', unknown))
      else if (line.startsWith('add ')) {
        const set = setNamedIn(line.slice(4), sets)
        if (set) set.elements.push(readElement(line.slice(5 + set.name.length).trim(), set.type, unknown))
        else report('unknown-set', `an element of a set that was not created before: ${quoted(line)}`, number)
      } else if (!IGNORED.test(line)) report('line-not-understood', `not a line of ipset save: ${quoted(line)}`, number)
    })
    return { sets: [...sets.values()] }
  },
}

function setNamedIn(text: string, sets: ReadonlyMap<string, NamedSet>): NamedSet | undefined {
  for (let end = text.indexOf(' '); end >= 0; end = text.indexOf(' ', end + 1)) {
    const set = sets.get(text.slice(0, end))
    if (set) return set
  }
  return undefined
}
