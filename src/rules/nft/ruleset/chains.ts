/** Chains: base chains hang on a hook, the others wait for a jump. */
import { HOOKS, type Hook } from '../../../model/hook.ts'
import type { Chain } from '../../../model/ruleset.ts'
import type { ChainObject, Verb } from '../objects.ts'
import { type Draft, given, namesOf } from './draft.ts'

type Body = ChainObject['chain']

const TYPES = ['filter', 'nat', 'route']

export function changeChain(op: Verb, body: Body, draft: Draft): void {
  const { family, table: tableName, name, newname } = body
  if (op === 'add' || op === 'create' || op === 'insert') {
    const table = draft.table(family, tableName)
    const chain = table.chains.get(name)
    if (chain) Object.assign(chain, properties(body, draft, false))
    else table.chains.set(name, { name, ...properties(body, draft, true), rules: [] })
    return
  }
  const table = draft.existing(family, tableName)
  const chain = table && (name === '' ? byHandle(body, [...table.chains.values()]) : table.chains.get(name))
  if (!table || !chain) {
    if (op !== 'destroy') draft.tell('no-such-chain', `there is no chain ${name || body.handle} in table ${tableName}`)
  } else if (op === 'flush') chain.rules = []
  else if (op === 'delete' || op === 'destroy') table.chains.delete(chain.name)
  else if (op === 'rename' && newname !== undefined) {
    // in its old place among the others
    table.chains = new Map([...table.chains.values()].map((each) => [each === chain ? newname : each.name, each]))
    chain.name = newname
  }
}

const byHandle = ({ handle }: Body, chains: readonly Chain[]) =>
  handle === undefined ? undefined : chains.find((chain) => chain.handle === handle)

function properties(body: Body, draft: Draft, isNew: boolean): Partial<Chain> {
  const { type, prio, policy, handle, comment } = body
  const hook = body.hook?.toLowerCase()
  if (hook !== undefined && !HOOKS.includes(hook as Hook))
    draft.tell('unknown-hook', `chain ${body.name} is attached to ${hook}, an unknown hook`)
  if (type !== undefined && !TYPES.includes(type))
    draft.tell('unknown-chain-type', `chain ${body.name} is of type ${type}, which is not known`)
  const accept = isNew && hook !== undefined ? 'accept' : undefined
  return given({
    hook: HOOKS.find((one) => one === hook),
    priority: prio,
    type: TYPES.includes(type ?? '') ? (type as NonNullable<Chain['type']>) : undefined,
    policy: policy === 'drop' ? ('drop' as const) : policy === 'accept' ? ('accept' as const) : accept,
    devices: namesOf(body.dev),
    handle,
    comment,
  })
}
