/** What `ipset` does to the sets (Linux 6.18, net/netfilter/ipset/ip_set_core.c). */
import type { SetEdit } from '../../model/edit.ts'
import type { NamedSet } from '../../model/ruleset.ts'
import type { World } from '../../model/world.ts'
import { closest } from '../../rules/closest.ts'
import type { Draft } from '../draft.ts'
import { setsOf } from '../iptables/sets.ts'
import { didYouMean, EditProblem } from '../problem.ts'
import { addElements, deleteElements } from './members.ts'
import { setType } from './types.ts'

/** Throws EditProblem. */
export function editSet(edit: SetEdit, draft: Draft): void {
  const { op, set: name } = edit
  switch (op) {
    case 'create':
      create(edit, draft)
      return
    case 'destroy':
      destroy(edit, draft)
      return
    case 'flush':
      for (const set of name === undefined ? ipsets(draft.world) : [setIn(draft.world, name)])
        if (set.elements.length > 0) draft.ipset(set).elements = []
      return
    case 'rename':
      rename(setIn(draft.world, name!), edit.other!, draft)
      return
    case 'swap':
      swap(setIn(draft.world, name!), setIn(draft.world, edit.other!), draft)
      return
    case 'add':
      addElements(setIn(draft.world, name!), edit, draft)
      return
    case 'del':
      deleteElements(setIn(draft.world, name!), edit, draft)
  }
}

const ipsets = ({ sets }: World): NamedSet[] => sets.filter(({ table }) => table === undefined)

/** Throws EditProblem where there is none of this name. */
function setIn(world: World, name: string): NamedSet {
  const set = world.sets.find((one) => one.table === undefined && one.name === name)
  if (set) return set
  const all = ipsets(world)
  const suggestion = didYouMean(
    closest(
      name,
      all.map((one) => one.name),
    ),
  )
  throw new EditProblem(
    all.length === 0
      ? `ipset ${name} is not known: \`ipset save\` was not given, and no create came before`
      : `there is no ipset ${name}${suggestion}`,
  )
}

function create({ set: name, definition, exist }: SetEdit, draft: Draft): void {
  const clash = ipsets(draft.world).find((one) => one.name === name)
  if (!clash) draft.addIpset(definition!)
  else if (!exist || !isAlike(clash, definition!))
    throw new EditProblem(`set ${name} already exists${exist ? ', with other options' : ''}`)
}

/** Made alike, as the kernel compares it: not by the family of its addresses. */
function isAlike(one: NamedSet, other: NamedSet): boolean {
  const made = ({ type, range, most, timeout, addressMask, markMask, carries = [] }: NamedSet) =>
    JSON.stringify([type, range, most, timeout, addressMask, markMask, [...carries].sort()])
  return made(one) === made(other)
}

function destroy({ set: name, exist }: SetEdit, draft: Draft): void {
  if (exist && name !== undefined && !ipsets(draft.world).some((one) => one.name === name)) return
  const doomed = name === undefined ? ipsets(draft.world) : [setIn(draft.world, name)]
  for (const set of doomed) {
    const user = userOf(set, draft.world)
    if (user !== undefined) throw new EditProblem(`set ${set.name} cannot be destroyed: ${user}`)
  }
  draft.removeIpsets(doomed)
}

/** Who has the set in use. */
function userOf({ name }: NamedSet, world: World): string | undefined {
  for (const table of world.tables)
    for (const chain of table.chains.values())
      for (const [i, { iptables }] of chain.rules.entries())
        if (iptables && setsOf(iptables).includes(name))
          return `rule ${i + 1} of chain ${chain.name} in table ${table.name} uses it`
  const list = ipsets(world).find(
    ({ type, elements }) => type === 'list:set' && elements.some((one) => one.parts[0] === name),
  )
  return list && `it is in set ${list.name}`
}

function rename(set: NamedSet, newName: string, draft: Draft): void {
  const user = userOf(set, draft.world)
  if (user !== undefined) throw new EditProblem(`set ${set.name} cannot be renamed: ${user}`)
  if (ipsets(draft.world).some(({ name }) => name === newName)) throw new EditProblem(`set ${newName} already exists`)
  draft.ipset(set).name = newName
}

/** What asks for one finds the other from then on. */
function swap(one: NamedSet, other: NamedSet, draft: Draft): void {
  if (holds(one) !== holds(other))
    throw new EditProblem(
      `sets ${one.name} (${one.type}) and ${other.name} (${other.type}) cannot be swapped: they hold different kinds of elements`,
    )
  const [a, b] = [draft.ipset(one), draft.ipset(other)]
  const { name } = a
  a.name = b.name
  b.name = name
}

/** What sets must have in common to be swapped: hash:ip and bitmap:ip do. */
function holds({ type, addresses }: NamedSet): string {
  const parts = setType(type)?.parts.map((part) =>
    part.replace(/^(ips|plain )/, (found) => (found === 'ips' ? 'ip' : '')),
  )
  return `${parts} ${type.startsWith('bitmap:ip') ? 'ip' : addresses}`
}
