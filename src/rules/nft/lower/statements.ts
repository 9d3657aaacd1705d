/** nft's statements → conditions and statements, in the order in which the kernel carries them out. */
import type { Allowance, Condition, ObjectMap } from '../../../model/condition.ts'
import type { MapData } from '../../../model/statement.ts'
import { wordTable } from '../../../model/word-table.ts'
import { BYTES_BEFORE, COUNTED_BEFORE } from '../../by-turns.ts'
import { CUT_SHORT, RULES_BEHIND } from '../../cut-short.ts'
import { XT_OPTIONS } from '../../unshown.ts'
import type { Expression, LimitBody, Statement as NftStatement, QuotaBody } from '../ast.ts'
import { statementText } from '../rule-text.ts'
import { asked } from '../selectors.ts'
import type { Lowering } from './context.ts'
import { type Key, keyOf, place } from './key.ts'
import { lowerMap, mapIn } from './maps.ts'
import { isThere, lowerMatch } from './match.ts'
import { lowerNat, lowerTproxy } from './nat.ts'
import { lowerReject } from './reject.ts'
import { allowanceCondition, countCondition, limitCondition, quotaCondition } from './stateful.ts'
import { lowerWrite } from './writes.ts'

export function lowerStatement(statement: NftStatement, lowering: Lowering): void {
  const [key = ''] = Object.keys(statement)
  const lower = LOWER[key]
  // biome-ignore lint/suspicious/noExplicitAny: each takes the statement's body under its own key
  if (lower) lower((statement as any)[key], () => statementText(statement), lowering)
  else notUnderstood(statementText(statement), lowering)
}

function notUnderstood(text: string, lowering: Lowering): void {
  const reason = text === RULES_BEHIND ? CUT_SHORT : 'not understood'
  lowering.ask({ kind: 'unknown', text, reason })
  lowering.do({ kind: 'unknown', text, reason })
}

// biome-ignore lint/suspicious/noExplicitAny: each takes the statement's body under its own key
type Lower = (body: any, text: () => string, lowering: Lowering) => void

const note: Lower = (_body, text, lowering) => lowering.do({ kind: 'note', text: text() })
const nothing: Lower = () => {}

const isName = (body: unknown): boolean =>
  typeof body === 'string' || (typeof body === 'object' && body !== null && 'map' in body)

const LOWER: Readonly<Record<string, Lower>> = wordTable({
  accept: (_body, _text, lowering) => lowering.do({ kind: 'accept' }),
  drop: (_body, _text, lowering) => lowering.do({ kind: 'drop' }),
  return: (_body, _text, lowering) => lowering.do({ kind: 'return' }),
  continue: note,
  jump: ({ target }: { target: string }, _text, lowering) => lowering.do({ kind: 'jump', chain: target }),
  goto: ({ target }: { target: string }, _text, lowering) => lowering.do({ kind: 'goto', chain: target }),
  match: (body, text, lowering) => lowerMatch(body, text(), lowering),
  vmap: ({ key, data }, text, lowering) => {
    const map = lowerMap(key, data, text(), lowering, true)
    const reason = 'nfwhy does not understand this map'
    if (!map) lowering.ask({ kind: 'unknown', text: text(), reason })
    lowering.do(map ? { kind: 'vmap', map } : { kind: 'unknown', text: text(), reason })
  },
  mangle: ({ key, value }, text, lowering) => lowerWrite(key, value, text(), lowering),
  // a rule's own counter is the rule's
  counter: (body, text, lowering) => (isName(body) ? object(body, text, lowering) : undefined),
  limit: (body, text, lowering) =>
    isName(body) ? allowance('limit', body, text(), lowering) : lowering.ask(limitCondition(body as LimitBody, text())),
  quota: (body, text, lowering) =>
    isName(body) ? allowance('quota', body, text(), lowering) : lowering.ask(quotaCondition(body as QuotaBody, text())),
  last: nothing,
  'ct count': (body, text, lowering) => lowering.ask(countCondition(body, text())),
  'ct helper': (body, text, lowering) =>
    typeof body === 'string'
      ? lowering.do({ kind: 'set', field: 'ct helper', value: body })
      : object(body, text, lowering),
  'ct timeout': (body, text, lowering) => object(body, text, lowering),
  // only of a connection that begins: where it is not taken, the packet is dropped, or the rule ends (nft_ct_expect_obj_eval)
  'ct expectation': (body, text, lowering) => {
    chosen(body, text(), lowering)
    lowering.ask(
      { kind: 'compare', field: 'ct state', op: '==', value: { set: ['new', 'related'] }, text: text() },
      { kind: 'compare', field: 'ct status', op: '!=', value: 'confirmed', nft: true, text: text() },
    )
    lowering.do({ kind: 'unknown', text: text(), reason: 'depends on whether conntrack accepts the expectation' })
  },
  secmark: (body, text, lowering) => {
    chosen(body, text(), lowering)
    lowering.do({
      kind: 'unknown',
      text: text(),
      reason: 'the security mark that the rule sets is unknown',
      fields: ['meta secmark'],
    })
  },
  tunnel: (body, text, lowering) => object(body, text, lowering),
  synproxy: (body, text, lowering) => {
    chosen(body, text(), lowering)
    synproxy(text(), lowering)
  },
  fwd: (_body, _text, lowering) => lowering.do({ kind: 'stolen', by: 'fwd' }),
  dup: note,
  notrack: (_body, _text, lowering) => lowering.do({ kind: 'notrack' }),
  snat: (body, text, lowering) => lowerNat('snat', body, text(), lowering),
  dnat: (body, text, lowering) => lowerNat('dnat', body, text(), lowering),
  masquerade: (body, text, lowering) => lowerNat('masquerade', body, text(), lowering),
  redirect: (body, text, lowering) => lowerNat('redirect', body, text(), lowering),
  reject: (body, text, lowering) => lowerReject(body, text(), lowering),
  log: (body: { prefix?: string; group?: number } | null, _text, lowering) =>
    lowering.do({
      kind: 'log',
      ...(body?.prefix === undefined ? {} : { prefix: body.prefix }),
      ...(body?.group === undefined ? {} : { group: body.group }),
    }),
  queue: (body, text, lowering) => queue(body, text(), lowering),
  tproxy: (body, text, lowering) => lowerTproxy(body, text(), lowering),
  flow: note,
  set: (body: SetUpdate, text, lowering) => updateSet(body, body.set, text(), lowering),
  map: (body: SetUpdate & { map: string }, text, lowering) => updateSet(body, body.map, text(), lowering),
  meter: ({ key, stmt, name }: { key: Expression; stmt: NftStatement; name: string }, text, lowering) => {
    const fields = keyOf(typeof key === 'object' && !Array.isArray(key) && 'elem' in key ? key.elem.val : key)
    for (const { layers, field } of fields?.parts ?? []) {
      lowering.need(layers, text())
      lowering.ask(isThere(field, text()))
    }
    if (!fields) return notUnderstood(text(), lowering)
    const nft = place(`@${name}`, fields, lowering, false)
    const each = { table: name, fields: fields.parts.map(({ field }) => field), nft }
    const condition = allowanceCondition(stmt, text(), each)
    if (condition) lowering.ask(condition)
  },
  reset: (body: Expression, text, lowering) => {
    // of what is no TCP the rule ends there (nft_exthdr_tcp_strip_eval)
    lowering.ask(isThere('tcp flags', text()))
    const kind = Number(asked(body)?.exists?.flag)
    lowering.do(
      Number.isInteger(kind)
        ? { kind: 'set', field: 'tcp options', value: kind, op: 'strip' }
        : { kind: 'unknown', text: text(), reason: 'removes an option', fields: ['tcp options'] },
    )
  },
  xt: (body, text, lowering) => xt(body, text(), lowering),
  unknown: ({ text }: { text: string }, _text, lowering) => notUnderstood(text, lowering),
})

/** A map that has no object for the packet ends the rule (net/netfilter/nft_objref.c). Undefined: there is no map. */
function chosen(body: unknown, text: string, lowering: Lowering): ObjectMap | undefined {
  const map = mapIn((body ?? undefined) as Expression | undefined)
  if (!map) return undefined
  const lookup = lowerMap(map.key, map.data, text, lowering)
  if (!lookup) lowering.ask({ kind: 'unknown', text, reason: 'the object that the rule uses is unknown' })
  return lookup
}

const object: Lower = (body, text, lowering) => {
  chosen(body, text(), lowering)
  note(body, text, lowering)
}

function allowance(kind: 'limit' | 'quota', body: unknown, text: string, lowering: Lowering): void {
  const map = chosen(body, text, lowering)
  const lasts: Allowance = {
    object: kind,
    table: lowering.tableRef(),
    ...(typeof body === 'string' ? { name: body } : map ? { map } : {}),
  }
  lowering.ask({ kind: 'unknown', text, reason: kind === 'limit' ? COUNTED_BEFORE : BYTES_BEFORE, lasts })
}

/** Every statement there is, under its word in libnftables-json(5). */
export const STATEMENT_KINDS: readonly string[] = Object.keys(LOWER)

const SYN_OR_ACK = 0x12

/** Answers the handshake in the server's place, and takes all that has either flag (nft_synproxy_eval_v4). */
function synproxy(text: string, lowering: Lowering): void {
  lowering.need({ transport: 'tcp' }, text)
  lowering.do({
    kind: 'stolen',
    by: 'synproxy',
    when: { kind: 'compare', field: 'tcp flags', op: '!=', mask: SYN_OR_ACK, value: 0 },
  })
}

function queue(body: { num?: Expression; flags?: string[] } | null, text: string, lowering: Lowering): void {
  const { num = 0, flags = [] } = body ?? {}
  const bypass = flags.includes('bypass') ? { bypass: true } : {}
  if (typeof num === 'number') lowering.do({ kind: 'queue', from: num, ...bypass })
  else if (typeof num === 'object' && 'range' in num && num.range.every((one) => Number.isInteger(Number(one))))
    lowering.do({ kind: 'queue', from: Number(num.range[0]), to: Number(num.range[1]), ...bypass })
  // which queue hangs on the packet, but a queue it is
  else lowering.do({ kind: 'unknown', text, reason: 'the queue that the rule uses is unknown', ends: true })
}

interface SetUpdate {
  op: string
  elem: Expression
  set: string
  /** Of a map. */
  data?: Expression
  stmt?: NftStatement[]
}

const dataOf = ({ parts, constants }: Key): MapData => ({
  fields: parts.map(({ field }) => field),
  ...(constants ? { constants } : {}),
})

/** Why it cannot be told what that allows. */
const reasonOf = (allowance: Condition | undefined): string | undefined => {
  const of = allowance?.kind === 'not' ? allowance.of : allowance
  return of?.kind === 'unknown' ? of.reason : undefined
}

/** Also asks what the element carries: a limit of its own may end the rule (net/netfilter/nft_dynset.c). */
function updateSet({ op, elem, data, stmt = [] }: SetUpdate, name: string, text: string, lowering: Lowering): void {
  const isElem = typeof elem === 'object' && !Array.isArray(elem) && 'elem' in elem
  const { val, timeout } = isElem ? elem.elem : { val: elem, timeout: undefined }
  const key = keyOf(val)
  if (!key) {
    lowering.do({
      kind: 'unknown',
      text,
      reason: 'nfwhy does not understand which element the rule changes',
      fields: [],
    })
    return
  }
  for (const { layers } of key.parts) lowering.need(layers, text)
  const set = name.replace(/^@/, '')
  const fields = key.parts.map(({ field }) => field)
  const nft = place(`@${set}`, key, lowering, false)
  const given = data === undefined ? undefined : keyOf(data)
  const [counts] = stmt.flatMap((one) => reasonOf(allowanceCondition(one, text)) ?? [])
  lowering.ask({
    kind: 'room',
    fields,
    set,
    nft,
    ...(op === 'delete' ? { deletes: true as const } : {}),
    ...(counts ? { counts: true as const } : {}),
    ...(given ? { data: dataOf(given) } : {}),
    text,
  })
  lowering.do({
    kind: 'update-set',
    op: op === 'delete' ? 'delete' : 'add',
    set,
    fields,
    ...(timeout === undefined ? {} : { timeout }),
    nft,
    ...(given ? { data: dataOf(given) } : {}),
    ...(stmt.length > 0 ? { carries: stmt } : {}),
  })
  if (counts) lowering.ask({ kind: 'unknown', text, reason: counts, lasts: { element: { fields, set, nft } } })
}

/** A match may say no, a target may do anything. */
function xt(body: { type: string; name: string } | null, text: string, lowering: Lowering): void {
  if (body?.type !== 'target' && body?.type !== 'watcher') lowering.ask({ kind: 'unknown', text, reason: XT_OPTIONS })
  if (body?.type !== 'match') lowering.do({ kind: 'unknown', text, reason: XT_OPTIONS })
}
