/** `ipset list`: a block for each set, with `Name:`, `Type:`, `Header:` and, after `Members:`, an element a line. */
import type { NamedSet } from '../../model/ruleset.ts'
import type { HostFormat } from './format.ts'
import { readElement, readSet, SET_TYPE } from './ipset.ts'
import { forEachLine, quoted } from './lines.ts'

const TYPE = new RegExp(`^${SET_TYPE}$`)
const BESIDES = /^(Revision|Size in memory|References|Number of entries): /

export const ipsetList: HostFormat = {
  id: 'ipset-list',
  describe: 'ipset list',
  sniff: (head) => new RegExp(`^\\s*Name: .*\\r?\\nType: ${SET_TYPE}\\r?\\n`).test(head),
  read(text, report) {
    const sets: NamedSet[] = []
    let name = ''
    let type = ''
    let members = false
    let set: NamedSet | undefined
    forEachLine(text, (line, number) => {
      const unknown = (word: string) => report('word-not-understood', `ipset's "${word}" is not known`, number)
      const [, key, value = ''] = /^(Name|Type|Header|Members):(?: (.*))?$/.exec(line) ?? []
      if (line === '') members = false
      else if (members && set) set.elements.push(readElement(line, set.type, unknown))
      else if (key === 'Name') {
        name = value
        set = undefined
      } else if (key === 'Type' && TYPE.test(value)) type = value
      else if (key === 'Header') {
        set = readSet(name, type, value, unknown)
        sets.push(set)
      } else if (key === 'Members') members = true
      else if (!BESIDES.test(line)) report('line-not-understood', `not a line of ipset list: ${quoted(line)}`, number)
    })
    return { sets }
  },
}
