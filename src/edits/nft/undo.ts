/** What takes a command of nft back, where nft's own words can say it. */
import type { NftEdit } from '../../model/edit.ts'
import type { NamedSet, RuleFamily } from '../../model/ruleset.ts'
import type { SetElement } from '../../model/set-element.ts'
import type { World } from '../../model/world.ts'
import type { Command } from '../../rules/nft/objects.ts'
import { quoted } from '../../rules/nft/print/values.ts'
import { nftText } from '../../rules/nft/text/later.ts'
import { CommandProblem } from '../problem.ts'
import { editsOf } from './parse.ts'

interface Body {
  family: RuleFamily
  table: string
  name: string
  chain: string
  handle?: number
}

/**
 * Edits that take `edit` back, told from the World before it; undefined where that needs what the World does not hold:
 * the handle of a new rule, which the kernel gives it.
 */
export function undoNft(edit: NftEdit, world: World): NftEdit[] | undefined {
  const [[kind, body] = ['', null]] = Object.entries(edit.object) as [string, Body | null][]
  if (!body) return undefined
  if (kind === 'element') return undoElements(edit, body, world)
  if (kind === 'rule') return undoRule(edit, body, world)
  if (kind === 'set' || kind === 'map') return undoFlushSet(edit, body, world)
  return undefined
}

/** By what it changes: what was there before is to stay. */
function undoElements({ op, object }: NftEdit, body: Body, world: World): NftEdit[] | undefined {
  const isSet = (one: NamedSet) => one.family === body.family && one.table === body.table && one.name === body.name
  const before = world.sets.find(isSet)
  if (!before) return undefined
  const command = { op, object: object as Command['object'] }
  const after = nftText.loaded.nftRuleset([command], () => {}, { tables: [], sets: [before] }).sets.find(isSet)
  const without = (elements: readonly SetElement[] = [], others: readonly SetElement[] = []) => {
    const known = new Set(others.map(({ parts }) => parts.join(' . ')))
    return elements.filter(({ parts }) => !known.has(parts.join(' . ')))
  }
  const [gone, come] = [without(before.elements, after?.elements), without(after?.elements, before.elements)]
  if (gone.length > 0) return restore(body, gone)
  if (come.length === 0) return undefined
  const { family, table, name } = body
  return written(
    `delete element ${family} ${table} ${name} { ${come.map(({ parts }) => parts.join(' . ')).join(', ')} }`,
  )
}

function restore({ family, table, name }: Body, elements: readonly SetElement[]): NftEdit[] | undefined {
  if (elements.length === 0) return undefined
  const list = elements.map(({ parts, data, timeout, comment }) =>
    [
      parts.join(' . '),
      ...(timeout === undefined ? [] : [`timeout ${timeout}s`]),
      ...(comment === undefined ? [] : [`comment ${quoted(comment)}`]),
      ...(data ? [`: ${data.join(' . ')}`] : []),
    ].join(' '),
  )
  return written(`add element ${family} ${table} ${name} { ${list.join(', ')} }`)
}

function undoFlushSet({ op }: NftEdit, body: Body, world: World): NftEdit[] | undefined {
  const set = world.sets.find((one) => one.family === body.family && one.table === body.table && one.name === body.name)
  return op === 'flush' && set ? restore(body, set.elements) : undefined
}

/** A deleted rule is put back behind the one that it stood behind; a new one has a handle that nobody knows. */
function undoRule({ op }: NftEdit, { family, table, chain: name, handle }: Body, world: World): NftEdit[] | undefined {
  const chain = world.tables
    .find((one) => one.kind === 'nft' && one.family === family && one.name === table)
    ?.chains.get(name)
  const at = chain?.rules.findIndex((rule) => rule.handle === handle) ?? -1
  const rule = chain?.rules[at]
  if (!chain || !rule || handle === undefined) return undefined
  if (op === 'replace') return written(`replace rule ${family} ${table} ${name} handle ${handle} ${rule.text}`)
  if (op !== 'delete') return undefined
  const before = chain.rules[at - 1]
  if (!before) return written(`insert rule ${family} ${table} ${name} ${rule.text}`)
  if (before.handle === undefined) return undefined
  return written(`add rule ${family} ${table} ${name} position ${before.handle} ${rule.text}`)
}

/** Text that is printed from the model is read as it was meant; undefined where nft has no words for it. */
function written(text: string): NftEdit[] | undefined {
  try {
    const edits = editsOf(text, () => ({ text, column: 1 }))
    // a name may hold what ends a command
    return edits.length === 1 ? edits : undefined
  } catch (problem) {
    if (problem instanceof CommandProblem) return undefined
    throw problem
  }
}
