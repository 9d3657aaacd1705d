/**
 * `ipset save`, and the files for `ipset restore` that people write: `create NAME TYPE …`, `add NAME ELEMENT …`, and any
 * other command of ipset, one a line.
 */

import { Editor } from '../../edits/apply.ts'
import { parseIpset } from '../../edits/ipset/parse.ts'
import { CommandProblem } from '../../edits/problem.ts'
import type { Report } from '../../model/diagnostic.ts'
import type { SetEdit } from '../../model/edit.ts'
import type { NamedSet } from '../../model/ruleset.ts'
import { emptyWorld } from '../../model/world.ts'
import type { HostReading } from './format.ts'
import { addition, creation, wordsOf } from './ipset.ts'
import { CREATE, IGNORED } from './ipset-line.ts'
import { forEachLine, quoted } from './lines.ts'

const ADD = /^(?:add|-A) (.*)$/
/** IPSET_MAXNAMELEN; other versions' may be longer. */
const LONGEST_NAME = 64

export function readIpsetSave(text: string, report: Report): HostReading {
  const editor = new Editor(emptyWorld())
  // members of lists whose own sets are not in this file
  const strangers: SetEdit[] = []
  let sets: readonly NamedSet[] = []
  let known = new Set<string>()
  const names = () => {
    if (editor.world.sets !== sets) {
      sets = editor.world.sets
      known = new Set(sets.map(({ name }) => name))
    }
    return known
  }
  forEachLine(text, (given, number) => {
    const line = given.trim()
    if (IGNORED.test(line)) return
    const problem = (message: string) => report('word-not-understood', message, number)
    const edits = readLine(line, names(), problem)
    if (edits === undefined)
      report('unknown-set', `the set of this element was not created before: ${quoted(line)}`, number)
    else if (edits.length === 0) report('line-not-understood', `not a line of ipset save: ${quoted(line)}`, number)
    for (const edit of edits ?? []) {
      const refused = editor.apply(edit)
      if (refused === undefined) continue
      report('command-failed', `${quoted(line)}: ${refused}`, number)
      if (edit.op !== 'add') continue
      if (editor.world.sets.some(({ name, type }) => name === edit.set && type === 'list:set')) strangers.push(edit)
      // where a create was damaged, its elements may still be had without what it does not allow
      else editor.apply(withoutExtensions(edit))
    }
  })
  const members = new Map<string | undefined, string[]>()
  for (const { set, element } of strangers) {
    const names = members.get(set)
    if (names) names.push(element!)
    else members.set(set, [element!])
  }
  return { sets: editor.world.sets.map((set) => withMembers(set, members.get(set.name))) }
}

/** Undefined for an element of a set that is not there; empty for what is no command. */
function readLine(line: string, known: ReadonlySet<string>, problem: (message: string) => void): SetEdit[] | undefined {
  const [, name, type, options = ''] = CREATE.exec(line) ?? []
  if (name !== undefined && type !== undefined) return [creation(name, type, options, problem)]
  const [, element] = ADD.exec(line) ?? []
  if (element === undefined) return readCommand(line)
  for (let end = element.indexOf(' '); end >= 0 && end <= LONGEST_NAME; end = element.indexOf(' ', end + 1)) {
    const set = element.slice(0, end)
    if (known.has(set)) return [addition(set, element.slice(end + 1), problem)]
  }
  return undefined
}

/** They are known by name only, so what is in them is not known. */
function withMembers(set: NamedSet, names: readonly string[] = []): NamedSet {
  const members = new Set([...set.elements.map(({ parts }) => parts[0]!), ...names])
  return names.length === 0 ? set : { ...set, elements: [...members].map((name) => ({ parts: [name] })) }
}

function withoutExtensions({ options = {}, ...edit }: SetEdit): SetEdit {
  const kept = Object.entries(options).filter(([option]) => option === 'nomatch' || option === 'wildcard')
  return { ...edit, options: Object.fromEntries(kept) }
}

function readCommand(line: string): SetEdit[] {
  try {
    const words = wordsOf(line).map((text) => ({ text, column: line.indexOf(text) + 1 }))
    return parseIpset(words, { text: 'ipset', column: 1 })
  } catch (problem) {
    if (problem instanceof CommandProblem) return []
    throw problem
  }
}
