/** Flowtables, and the objects that rules name: counters, quotas, limits, `ct helper` … */

import { HOOKS } from '../../../model/hook.ts'
import type { Flowtable, NamedObject } from '../../../model/ruleset.ts'
import { wordTable } from '../../../model/word-table.ts'
import { limitForm } from '../canonical/statements.ts'
import type { FlowtableObject, Verb } from '../objects.ts'
import { type Draft, given, namesOf, type Owned } from './draft.ts'

const isNew = (op: Verb): boolean => op === 'add' || op === 'create' || op === 'insert'

export function changeFlowtable(op: Verb, body: FlowtableObject['flowtable'], draft: Draft): void {
  const { family, table: tableName, name, hook, prio, handle } = body
  const table = draft.table(family, tableName)
  if (isNew(op)) {
    table.flowtables ??= new Map()
    const before = table.flowtables.get(name)?.devices ?? []
    const flowtable: Flowtable = {
      name,
      devices: [...new Set([...before, ...(namesOf(body.dev) ?? [])])].sort(),
      ...given({ hook: HOOKS.find((one) => one === hook), priority: prio, handle, flags: namesOf(body.flags) }),
    }
    table.flowtables.set(name, flowtable)
  } else if (op === 'delete' || op === 'destroy') {
    if (!table.flowtables?.delete(name) && op === 'delete')
      draft.tell('no-such-object', `there is no flowtable ${name} in table ${tableName}`)
  }
}

export function changeObject(op: Verb, kind: string, body: Owned, draft: Draft): void {
  const { family, table: tableName, name, handle, ...values } = body as Owned & { handle?: number }
  const table = draft.table(family, tableName)
  const key = `${kind} ${name}`
  if (isNew(op)) {
    table.objects ??= new Map()
    const object: NamedObject = {
      kind,
      name,
      values: FORMS[kind]?.(values) ?? values,
      ...given({ handle }),
    }
    table.objects.set(key, object)
  } else if (op === 'delete' || op === 'destroy') {
    if (!table.objects?.delete(key) && op === 'delete')
      draft.tell('no-such-object', `there is no ${kind} ${name} in table ${tableName}`)
  }
}

/** The text names a tunnel's ends without their family, and has other words for ERSPAN's options. */
function tunnelForm(values: object): object {
  const entries = Object.entries(values).map(([key, value]): [string, unknown] => {
    if (key === 'src' || key === 'dst') return [`${key}-ipv${String(value).includes(':') ? 6 : 4}`, value]
    const isOptions = key === 'tunnel' && typeof value === 'object' && !Array.isArray(value)
    return [key, isOptions ? renamed(value) : value]
  })
  return Object.fromEntries(entries)
}

const OPTIONS: Readonly<Record<string, string>> = wordTable({ direction: 'dir', id: 'hwid' })

const renamed = (options: object): object =>
  Object.fromEntries(Object.entries(options).map(([key, value]) => [OPTIONS[key] ?? key, value]))

/** What has not begun, or is not inverted, goes without saying. */
const withoutNothing = (values: object): object =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== 0 && value !== false))

const FORMS: Readonly<Record<string, (values: object) => object>> = wordTable({
  limit: limitForm,
  quota: withoutNothing,
  tunnel: tunnelForm,
})
