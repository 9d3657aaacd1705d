/**
 * Elements into a set and out of it (Linux 6.18, net/netfilter/ipset/ip_set_hash_gen.h, ip_set_bitmap_gen.h,
 * ip_set_list_set.c). A range of which one element is refused is refused here as a whole; the kernel keeps what came
 * before it.
 */

import type { SetEdit } from '../../model/edit.ts'
import { kernelNumber } from '../../model/kernel-number.ts'
import type { NamedSet } from '../../model/ruleset.ts'
import type { SetElement } from '../../model/set-element.ts'
import { WordError } from '../../rules/iptables/extension.ts'
import type { Draft } from '../draft.ts'
import { EditProblem } from '../problem.ts'
import { readElements } from './element.ts'
import { setType, takesOption } from './types.ts'

type ElementEdit = Pick<SetEdit, 'element' | 'options' | 'exist'>

/** Throws EditProblem. */
export function addElements(set: NamedSet, edit: ElementEdit, draft: Draft): void {
  const elements = newElements(set, edit, draft)
  if (!edit.exist)
    for (const { parts } of elements) {
      const old = sameAs(set, parts)
      if (old && !fillsMac(old, parts)) throw new EditProblem(`${parts} is already in set ${set.name}`)
    }
  const added = elements.filter(({ parts }) => !sameAs(set, parts)).length
  if (set.most !== undefined && set.type !== 'list:set' && set.elements.length + added > set.most && added > 0)
    throw new EditProblem(
      set.forceadd
        ? `set ${set.name} is full (${set.most} elements); it is unknown which element the kernel evicts`
        : `set ${set.name} is full: it takes no more than ${set.most} elements`,
    )
  const own = draft.ipset(set)
  const replaced = new Map<SetElement, SetElement>()
  for (const element of elements) put(own, element, replaced, edit.options)
  if (replaced.size === 0) return
  const latest = (one: SetElement): SetElement => {
    let now = one
    for (let next = replaced.get(now); next; next = replaced.get(now)) now = next
    return now
  }
  setElements(own, own.elements.map(latest), indexOf(own))
}

/** Throws EditProblem. */
export function deleteElements(set: NamedSet, edit: ElementEdit, draft: Draft): void {
  const doomed = new Set<SetElement>()
  const strange = Object.keys(edit.options ?? {}).find((option) => !/^(wildcard|before|after)$/.test(option))
  if (strange !== undefined) throw new EditProblem(`${strange} cannot be used with del`)
  for (const parts of partsOf(set, edit, draft)) {
    const old = sameAs(set, parts)
    if (old) doomed.add(old)
    else if (!edit.exist) throw new EditProblem(`${parts} is not in set ${set.name}`)
  }
  const own = draft.ipset(set)
  const index = indexOf(own)
  for (const { parts } of doomed) index.delete(keyOf(own, parts))
  setElements(
    own,
    own.elements.filter((element) => !doomed.has(element)),
    index,
  )
}

/** Another list of the same elements, or of some of them, whose index is known. */
function setElements(set: NamedSet, elements: SetElement[], index: Map<string, SetElement>): void {
  set.elements = elements
  indexes.set(elements, index)
}

function partsOf(set: NamedSet, { element = '', options = {} }: ElementEdit, draft: Draft): string[][] {
  const type = setType(set.type)
  const strange = type && Object.keys(options).find((option) => !takesOption(type, option))
  if (strange !== undefined) throw new EditProblem(`an element of a ${set.type} has no option ${strange}`)
  if (set.type === 'list:set') refuseMember(element, draft)
  try {
    const found = readElements(element, set, draft.elementsOfRanges)
    if (found.length > 1) draft.elementsOfRanges -= found.length
    return found
  } catch (problem) {
    if (problem instanceof WordError) throw new EditProblem(problem.message)
    throw problem
  }
}

function refuseMember(name: string, draft: Draft): void {
  const member = draft.world.sets.find((one) => one.table === undefined && one.name === name)
  if (!member) throw new EditProblem(`there is no ipset ${name}`)
  if (member.type === 'list:set')
    throw new EditProblem(`${name} is a list of sets, which cannot be an element of another list`)
}

function newElements(set: NamedSet, edit: ElementEdit, draft: Draft): SetElement[] {
  const { options = {} } = edit
  for (const [option, support] of Object.entries(NEEDED))
    if (Object.hasOwn(options, option) && !supports(set, support))
      throw new EditProblem(`set ${set.name} was made without ${support}, so its elements have no ${option}`)
  return partsOf(set, edit, draft).map((parts) => elementOf(parts, set, options))
}

/** What an option needs the set to have been made with. */
const NEEDED: Readonly<Record<string, 'timeout' | 'counters' | 'comment' | 'skbinfo'>> = {
  timeout: 'timeout',
  packets: 'counters',
  bytes: 'counters',
  comment: 'comment',
  skbmark: 'skbinfo',
  skbprio: 'skbinfo',
  skbqueue: 'skbinfo',
}

const supports = ({ timeout, carries = [] }: NamedSet, what: (typeof NEEDED)[string]): boolean =>
  what === 'timeout' ? timeout !== undefined : carries.includes(what)

/** An element with what its options say. */
export function elementOf(parts: string[], set: NamedSet, options: Readonly<Record<string, string>>): SetElement {
  const element: SetElement = { parts }
  const timeout = options.timeout === undefined ? set.timeout : kernelNumber(options.timeout)
  if (timeout) element.timeout = timeout
  if ('nomatch' in options) element.nomatch = true
  if ('wildcard' in options) element.wildcard = true
  return element
}

/** Where one like it is in the set, which stands there instead is left in `replaced`. */
function put(
  set: NamedSet,
  element: SetElement,
  replaced: Map<SetElement, SetElement>,
  options: SetEdit['options'] = {},
): void {
  if (set.type === 'list:set') {
    insertMember(set, element, options)
    return
  }
  const old = sameAs(set, element.parts)
  if (old) replaced.set(old, element)
  else set.elements.push(element)
  // the hardware address stays where none is given
  if (old && set.type === 'bitmap:ip,mac' && element.parts.length === 1) element.parts = old.parts
  indexOf(set).set(keyOf(set, element.parts), element)
}

/** In front of a member, behind it, or at the end; a member that is there already is moved only where that is said. */
function insertMember(set: NamedSet, element: SetElement, { before, after }: Record<string, string>): void {
  const beside = before ?? after
  const others = set.elements.filter(({ parts }) => parts[0] !== element.parts[0])
  if (beside === undefined) {
    if (others.length < set.elements.length) return
    indexOf(set).set(keyOf(set, element.parts), element)
    set.elements.push(element)
    return
  }
  const at = others.findIndex(({ parts }) => parts[0] === beside)
  if (at < 0) throw new EditProblem(`${beside} is not in set ${set.name}`)
  set.elements = others.toSpliced(before === undefined ? at + 1 : at, 0, element)
}

/** No memo: an edit changes list and index alike, or hands the index on to a new list. */
const indexes = new WeakMap<readonly SetElement[], Map<string, SetElement>>()

function indexOf(set: NamedSet): Map<string, SetElement> {
  let index = indexes.get(set.elements)
  if (!index) {
    index = new Map(set.elements.map((element) => [keyOf(set, element.parts), element]))
    indexes.set(set.elements, index)
  }
  return index
}

/** An address has one hardware address. */
const keyOf = ({ type }: NamedSet, parts: readonly string[]): string =>
  type === 'bitmap:ip,mac' || parts.length === 1 ? parts[0]! : parts.join()

/** The element that the kernel takes for the same. */
function sameAs(set: NamedSet, parts: readonly string[]): SetElement | undefined {
  const found = indexOf(set).get(keyOf(set, parts))
  if (found || !setType(set.type)?.parts.includes('iface')) return found
  // one whose interface stands for all that begin so
  return set.elements.find(
    (element) => element.wildcard && element.parts[0] === parts[0] && parts[1]!.startsWith(element.parts[1]!),
  )
}

/** An address of which the hardware address was left open may be given one. */
const fillsMac = ({ parts: [, mac] }: SetElement, [, given]: readonly string[]): boolean =>
  mac === undefined && given !== undefined && /^([\da-f]{2}:){5}[\da-f]{2}$/.test(given)
