/** Elements of nft's sets and maps come and go, one by one or thousands of them: each set is copied once. */
import type { NftEdit } from '../../model/edit.ts'
import type { NamedSet } from '../../model/ruleset.ts'
import type { SetElement } from '../../model/set-element.ts'
import type { Command } from '../../rules/nft/objects.ts'
import { nftText } from '../../rules/nft/text/later.ts'
import type { Draft } from '../draft.ts'
import { EditProblem } from '../problem.ts'

/** By their keys; of sets that nobody else changes. No memo: an edit changes set and map alike. */
const known = new WeakMap<NamedSet, Map<string, SetElement>>()

const keyOf = ({ parts }: SetElement): string => parts.join(' . ')

/** New ones stand behind the others, in the order in which they came. `refuse` throws where they must not be. Throws EditProblem, and then nothing has changed. */
export function editElements(
  { op, object }: NftEdit,
  set: NamedSet,
  draft: Draft,
  refuse: (added: readonly SetElement[]) => void,
): void {
  const own = draft.ipset(set)
  const byKey = known.get(own) ?? new Map(own.elements.map((element) => [keyOf(element), element]))
  known.set(own, byKey)
  const named = elementsOf(object, own)
  if (op === 'delete' || op === 'destroy') {
    if (op === 'delete' && named.some((one) => !byKey.has(keyOf(one))))
      throw new EditProblem(`set ${set.name} has no such element`)
    for (const one of named) byKey.delete(keyOf(one))
    own.elements = [...byKey.values()]
    return
  }
  for (const one of named) {
    const before = byKey.get(keyOf(one))
    if (before && op === 'create') throw new EditProblem(`set ${set.name} already has this element`)
    if (before && `${before.data}` !== `${one.data}`)
      throw new EditProblem(`map ${set.name} already has this element with another value`)
  }
  refuse(named)
  for (const one of named) {
    if (byKey.has(keyOf(one))) continue
    byKey.set(keyOf(one), one)
    own.elements.push(one)
  }
}

/** As the model has them. */
function elementsOf(object: object, set: NamedSet): SetElement[] {
  const command: Command = { op: 'add', object: object as Command['object'] }
  const told: string[] = []
  const { sets } = nftText.loaded.nftRuleset([command], (_code, message) => told.push(message), {
    tables: [],
    sets: [{ ...set, elements: [] }],
  })
  if (told[0] !== undefined) throw new EditProblem(told[0])
  return sets[0]?.elements ?? []
}
