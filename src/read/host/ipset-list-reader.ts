/** `ipset list`: a block for each set, with `Name:`, `Type:`, `Header:` and, after `Members:`, an element a line. */

import { Editor } from '../../edits/apply.ts'
import type { Report } from '../../model/diagnostic.ts'
import type { SetEdit } from '../../model/edit.ts'
import { emptyWorld } from '../../model/world.ts'
import type { HostReading } from './format.ts'
import { addition, creation } from './ipset.ts'
import { SET_TYPE } from './ipset-line.ts'
import { forEachLine, quoted } from './lines.ts'

const TYPE = new RegExp(`^${SET_TYPE}$`)
const BESIDES = /^(Revision|Size in memory|References): /

const ENTRIES = /^Number of entries: (\d{1,20})$/

export function readIpsetList(text: string, report: Report): HostReading {
  const editor = new Editor(emptyWorld())
  let name = ''
  let type = ''
  let members = false
  // elements that `-t` counts and does not show
  let hidden: { entries: number; line: number } | undefined
  const tellHidden = () => {
    if (hidden && hidden.entries > 0) {
      const what = `the ${hidden.entries} elements of set ${name} are not shown (ipset list -t); the set is left out`
      report('elements-not-shown', what, hidden.line)
      editor.apply({ kind: 'ipset', op: 'destroy', set: name })
    }
    hidden = undefined
  }
  // a list may stand before the sets that it holds
  const lists: (() => void)[] = []
  forEachLine(text, (line, number) => {
    const problem = (message: string) => report('word-not-understood', message, number)
    const apply = (edit: SetEdit) => {
      const refused = editor.apply(edit)
      if (refused !== undefined) report('command-failed', `${quoted(line)}: ${refused}`, number)
    }
    const [, key, value = ''] = /^(Name|Type|Header|Members):(?: (.*))?$/.exec(line) ?? []
    if (line === '') members = false
    else if (members) {
      const edit = addition(name, line, problem)
      if (type === 'list:set') lists.push(() => apply(edit))
      else apply(edit)
    } else if (key === 'Name') {
      tellHidden()
      name = value
    } else if (key === 'Type' && TYPE.test(value)) type = value
    else if (key === 'Header') apply(creation(name, type, value, problem))
    else if (key === 'Members') {
      members = true
      hidden = undefined
    } else if (ENTRIES.test(line)) hidden = { entries: Number(ENTRIES.exec(line)![1]), line: number }
    else if (!BESIDES.test(line)) report('line-not-understood', `not a line of ipset list: ${quoted(line)}`, number)
  })
  tellHidden()
  for (const addMember of lists) addMember()
  return { sets: editor.world.sets }
}
