/** Named sets and maps, and their elements. */
import type { NamedSet } from '../../../model/ruleset.ts'
import type { SetElement } from '../../../model/set-element.ts'
import type { Expression, MapPair, Statement } from '../ast.ts'
import { element, isVerdict, type Types, typesOf, value } from '../canonical/expressions.ts'
import { statement } from '../canonical/statements.ts'
import { setElement } from '../lower/elements.ts'
import type { ElementObject, MapObject, SetObject, SetType, Verb } from '../objects.ts'
import { asked } from '../selectors.ts'
import { type Draft, type DraftSet, given, namesOf, setKey } from './draft.ts'
import { elementKey } from './elements.ts'

type Body = SetObject['set'] & { map?: SetType; elem?: unknown }

export function changeSet(op: Verb, body: SetObject['set'] | MapObject['map'], isMap: boolean, draft: Draft): void {
  const key = setKey(body)
  const known = draft.sets.get(key)
  if (op === 'add' || op === 'create' || op === 'insert') {
    draft.table(body.family, body.table)
    const set = known ?? { set: definition(body as Body, isMap), byKey: new Map<string, SetElement>() }
    draft.sets.set(key, set)
    addElements(set, (body as Body).elem)
  } else if (!known) {
    if (op !== 'destroy') draft.tell('no-such-set', `there is no set ${body.name} in table ${body.table}`)
  } else if (op === 'flush') known.byKey.clear()
  else if (op === 'delete' || op === 'destroy') draft.sets.delete(key)
}

export function changeElements(op: Verb, { family, table, name, elem }: ElementObject['element'], draft: Draft): void {
  const known = draft.sets.get(setKey({ family, table, name }))
  if (!known) {
    if (op !== 'destroy') draft.tell('no-such-set', `elements are in set ${name}, which is not in table ${table}`)
    return
  }
  if (op === 'delete' || op === 'destroy') {
    for (const each of readElements(known, elem)) known.byKey.delete(elementKey(each))
  } else addElements(known, elem)
}

function addElements(draftSet: DraftSet, elem: unknown): void {
  for (const each of readElements(draftSet, elem)) draftSet.byKey.set(elementKey(each), each)
}

function readElements({ set }: DraftSet, elem: unknown): SetElement[] {
  if (elem === undefined) return []
  const types = typeList(set.type)
  const isMap = set.dataType !== undefined
  return (Array.isArray(elem) ? elem : [elem]).map((member: Expression | MapPair) => {
    if (!isMap || !Array.isArray(member) || member.length !== 2) return setElement(element(member as Expression, types))
    const [key, data] = member as MapPair
    return setElement(
      [element(key, types), isVerdict(data) ? data : value(data, typeList(set.dataType!))] as MapPair,
      true,
    )
  })
}

function typeList(type: string): Types {
  const list = type.split(' . ')
  return list.length === 1 ? list[0]! : list
}

function definition(body: Body, isMap: boolean): NamedSet {
  const { family, table, name, policy, timeout, size, handle, comment, stmt } = body
  const data = isMap ? (body.map ?? 'verdict') : undefined
  return {
    name,
    family,
    table,
    type: typeName(body.type),
    elements: [],
    ...given({
      typeof: typeofFields(body.type),
      dataType: data === undefined ? undefined : typeName(data),
      dataTypeof: data === undefined ? undefined : typeofFields(data),
      // a timeout for all of them is such a flag, too
      flags: namesOf([...new Set([...(namesOf(body.flags) ?? []), ...(timeout === undefined ? [] : ['timeout'])])]),
      // performance is what it is by itself
      policy: policy === 'memory' ? ('memory' as const) : undefined,
      timeout,
      gcInterval: body['gc-interval'],
      most: size,
      autoMerge: body['auto-merge'] || undefined,
      handle,
      comment,
      statements: stmt && stmt.length > 0 ? stmt.map((one: Statement) => statement(one, family)) : undefined,
    }),
  }
}

function typeName(type: SetType): string {
  if (typeof type === 'string') return type
  if (Array.isArray(type)) return type.join(' . ')
  const types = typesOf(type.typeof)
  return typeof types === 'string' ? types : types.join(' . ')
}

function typeofFields(type: SetType): string[] | undefined {
  if (typeof type === 'string' || Array.isArray(type)) return undefined
  const of = type.typeof
  const parts = typeof of === 'object' && !Array.isArray(of) && 'concat' in of ? of.concat : [of]
  return parts.map((part) => asked(part)?.field ?? 'unknown')
}
