/** What targets do to the packet, its connection and the host's sets. */
import type { Host } from '../model/host.ts'
import type { Packet } from '../model/packet.ts'
import type { Rule } from '../model/ruleset.ts'
import type { Assignment, Statement } from '../model/statement.ts'
import { assigned, beside, isBeside, keysAt, written } from '../rules/assign.ts'
import { ABSENT, type EvalContext } from '../rules/eval-context.ts'
import { checksumChange, exchangePrefix } from '../rules/exchange-prefix.ts'
import { placeOf, sumAt, writesLength } from '../rules/facts/raw.ts'
import { listensForProxy, ownSocket, servesProxy, TAKES } from '../rules/tproxy.ts'
import { isUnknown, type Unknown } from '../rules/truth.ts'
import { whyUnanswered } from '../rules/unanswered.ts'
import { isOfOtherFamily } from '../rules/verdict.ts'
import { momentOf } from './moment.ts'
import { rewrite } from './nat-setup.ts'
import { hasWayBack } from './routing.ts'
import type { TableVerdict } from './simulated-walk.ts'
import type { Simulator } from './simulator.ts'
import { change, changeAll, forget, hasIcmp, needChecksum, type Skb } from './skb.ts'
import { noteTaken } from './synproxy.ts'
import { lowerMss, stripOption } from './tcp-options.ts'
import { Undetermined } from './undetermined.ts'
import { updateSet } from './update-set.ts'

/** A rule's statements from one index to another; undefined: none of them ends the packet's way through the table. */
export function execute(
  machine: Simulator,
  skb: Skb,
  { statements, nft, text }: Rule,
  from: number,
  to: number,
  step: number,
): TableVerdict | undefined {
  for (let i = from; i < to; i++) {
    const statement = statements[i]!
    // nft tells of a rule behind it, so of the one that switches tracing on, too
    if (statement.kind === 'trace') skb.journal.beginTrace(nft ? step : step + 1)
    const verdict = act(machine, skb, statement, step, nft !== undefined)
    if (verdict === 'break') {
      // where the rule leads on, the walk would follow it all the same
      if (statements.some(leadsOn)) throw new Undetermined(text, 'the model does not leave a rule amid its statements')
      skb.journal.withdraw(step)
      return undefined
    }
    if (verdict) return verdict
  }
  return undefined
}

const leadsOn = ({ kind }: Statement): boolean =>
  kind === 'jump' || kind === 'goto' || kind === 'return' || kind === 'vmap'

function act(
  machine: Simulator,
  skb: Skb,
  statement: Statement,
  step: number,
  isNft: boolean,
): TableVerdict | 'break' | undefined {
  switch (statement.kind) {
    case 'accept':
    case 'drop':
      return statement.kind
    case 'queue':
      // it goes on in the next base chain where no program reads it (net/netfilter/nf_queue.c)
      return statement.bypass && isUnread(statement, machine.world.host) ? 'accept' : 'queue'
    case 'reject':
      // nf_reject_verify_csum
      needChecksum(skb)
      if (skb.wrongBy) return 'drop'
      if (skb.spoiltBy && statement.with === 'tcp-reset' && skb.hook === 'forward') return 'drop'
      if (isUnanswered(machine, skb, statement)) return 'drop'
      if (statement.with === 'tcp-reset' && hasWayBack(machine, skb.packet)) closeTcp(skb)
      return 'reject'
    case 'set':
      if (statement.op === 'strip') return stripOption(skb, Number(statement.value)) ? undefined : 'drop'
      if (refusesPrefix(statement, skb.packet)) return 'drop'
      assign(machine, skb, statement, step, isNft)
      return undefined
    case 'notrack':
      // what has an entry, or is left alone already, stays as it is
      if (!skb.tracking && !skb.zone && !skb.refusesNotrack) setUntracked(skb)
      return undefined
    case 'update-set':
      machine.changes++
      updateSet(machine, skb, statement)
      return undefined
    case 'dnat':
    case 'snat':
    case 'masquerade':
    case 'redirect':
    case 'netmap':
      return isOfOtherFamily(statement, skb.moment) ? undefined : rewrite(machine, skb, statement, step, isNft)
    case 'stolen':
      return stolen(machine, skb, statement)
    case 'tproxy':
      return handOver(machine, skb, statement)
    case 'unknown':
      return actUnknown(machine, skb, statement)
    default:
      return undefined
  }
}

/** What no transparent socket takes is dropped; of nft the rest of the rule is not executed (NFT_BREAK, nft_tproxy.c). */
function handOver(machine: Simulator, skb: Skb, { port, otherwise }: Statement & { kind: 'tproxy' }) {
  const { packet, connection } = skb
  const { world } = machine
  const own = ownSocket(packet, world, connection?.original)
  // what listens there is meant to be transparent: that it is not is no way to look at
  const taken = machine.settle(TAKES, own ? servesProxy(own) : listensForProxy(packet, port ?? packet.dport, world))
  if (isUnknown(taken)) throw new Undetermined(TAKES, taken.unknown)
  if (taken) return undefined
  return otherwise === 'drop' ? 'drop' : 'break'
}

/** What is not for this host alone gets no error (icmp_send, icmp6_send): a rule may have said that it is not. */
function isUnanswered(machine: Simulator, skb: Skb, reject: Statement & { kind: 'reject' }): boolean {
  const { packet, hook, moment } = skb
  const table = { family: moment.family }
  if (whyUnanswered([reject], { packet, hook, table }, machine.world.host) !== undefined) return true
  // an answer from 127.0.0.1 leaves by no wire (__mkroute_output)
  if ((hook === 'input' || hook === 'output') && packet.dst?.startsWith('127.') && !hasWayBack(machine, packet))
    return true
  const type = moment.written?.get('meta pkttype')
  if (type === undefined || reject.with === 'tcp-reset' || table.family === 'netdev' || table.family === 'bridge')
    return false
  if (isUnknown(type)) throw new Undetermined('meta pkttype', type.unknown)
  return type !== 'unicast'
}

/** The reset that is sent ends the connection, though nobody tracks the reset itself (nf_ct_set_closing). */
function closeTcp({ connection, packet }: Skb): void {
  if (!connection?.tcp || !connection.flags.includes('confirmed') || packet.tcpFlags?.includes('rst')) return
  connection.tcp.state = 'CLOSE'
}

function setUntracked(skb: Skb): void {
  skb.tracking = { state: 'untracked' }
  change(skb, 'ctState', 'untracked')
}

function stolen(machine: Simulator, skb: Skb, statement: Statement & { kind: 'stolen' }): TableVerdict | undefined {
  if (!statement.when) return 'stolen'
  if (!machine.holds(statement.when, skb)) return undefined
  noteTaken(machine, skb)
  return 'stolen'
}

function actUnknown(machine: Simulator, skb: Skb, statement: Statement & { kind: 'unknown' }): undefined {
  if (!statement.fields) throw new Undetermined(statement.text, statement.reason)
  const moment = momentOf(machine, skb)
  forget(
    skb,
    statement.fields.flatMap((field) => keysAt(field, moment)),
  )
  for (const field of statement.fields)
    if (isBeside(field)) writeBeside(machine, skb, field, { unknown: statement.reason })
  machine.note(`${statement.text}: ${statement.reason}`)
  return undefined
}

/** The packet's fields that these may write, if that is all they can do; undefined: they may change the packet's way. */
export function changesOnlyFields(statements: readonly Statement[], moment: EvalContext): (keyof Packet)[] | undefined {
  const fields: (keyof Packet)[] = []
  for (const statement of statements) {
    if (statement.kind === 'log' || statement.kind === 'note' || statement.kind === 'trace') continue
    if (statement.kind !== 'set' || isBeside(statement.field)) return undefined
    // a label for the security module, which no hook of netfilter reads by itself
    if (statement.field.startsWith('ct ') && statement.field !== 'ct secmark') return undefined
    if (writesLength(statement, moment)) return undefined
    fields.push(...keysAt(statement.field, moment))
  }
  return fields
}

/** `-j CT`: a template that connection tracking takes its zone from; until then rules see it as a new connection. */
function setZone(skb: Skb, { field, value }: Assignment): void {
  // what has an entry, a template, or is left alone stays as it is
  if (skb.tracking || skb.zone || skb.refusesNotrack) return
  // the mark counts as it is when connection tracking looks
  const id = typeof value === 'object' ? 'mark' : Number(value)
  skb.zone = {
    original: field === 'ct reply zone' ? 0 : id,
    reply: field === 'ct original zone' ? 0 : id,
  }
  const nobody = skb.family === 'ip' ? '0.0.0.0' : '::'
  const empty = { src: nobody, dst: nobody }
  skb.template = { family: skb.family, protocol: '0', original: empty, reply: empty, status: [] }
  changeAll(skb, { ctState: 'new', ctDir: 'original', ctStatus: ['confirmed'], ctMark: 0 })
}

/** Labels add up (nf_connlabels_replace). */
function label(machine: Simulator, { connection }: Skb, { value }: Assignment): void {
  if (!connection?.labels) return
  if (typeof value === 'object') delete connection.labels
  else connection.labels = [...new Set([...connection.labels, String(value)])]
  machine.changes++
}

/** What no header shows, and other rules ask for. */
function writeBeside(machine: Simulator, skb: Skb, field: string, value: string | number | Unknown): void {
  skb.moment.written = beside(skb.moment, field, value)
  machine.changes++
}

const isScalar = (value: unknown): value is number | string => typeof value === 'number' || typeof value === 'string'

/** No word of the address makes up for its other prefix: the kernel drops the packet (ip6t_snpt_tg in net/ipv6/netfilter/ip6t_NPT.c). */
function refusesPrefix({ field, value }: Assignment, { src, dst }: Packet): boolean {
  const address = field === 'ip6 saddr' ? src : dst
  if (typeof value !== 'object' || !value.prefix || address === undefined) return false
  return exchangePrefix(address, value.prefix) === undefined
}

const isExchange = ({ value }: Assignment): boolean => typeof value === 'object' && value.prefix !== undefined

const OF_TRANSPORT = /^(@th|th|tcp|udp|udplite|sctp|dccp|icmp|icmpv6)\b/

function assign(machine: Simulator, skb: Skb, assignment: Assignment, step: number, isNft: boolean): void {
  const moment = momentOf(machine, skb)
  const field = placeOf(assignment.field, moment)
  if (field === 'ct zone' || field === 'ct original zone' || field === 'ct reply zone') {
    // nft's looks for an entry alone, so what was left alone is tracked after all (nft_ct_set_zone_eval; xt_ct_target)
    if (isNft && skb.tracking?.state === 'untracked') skb.tracking = undefined
    setZone(skb, assignment)
    return
  }
  if (field === 'tcp option maxseg size') {
    lowerMss(skb, Number(assignment.value), !isNft)
    return
  }
  if (field === 'ct label') {
    label(machine, skb, assignment)
    return
  }
  if (isBeside(field)) {
    const value = assigned(assignment, moment)
    if (value !== ABSENT) writeBeside(machine, skb, field, value)
    if (field === 'udp length') spoilChecksum(skb, field)
    return
  }
  if ((skb.packet.fragOffset ?? 0) > 0 && OF_TRANSPORT.test(field))
    throw new Undetermined(field, 'a later fragment does not contain that header')
  if (isOverUdpLength(field))
    writeBeside(machine, skb, 'udp length', { unknown: 'a rule has written the bytes of this field' })
  if (writesLength(assignment, moment)) throw new Undetermined(field, 'a rule writes the length of the IP header')
  const keys = keysAt(field, moment)
  if (keys.length === 0 && !field.startsWith('@')) {
    // 0: it has none (udp_error)
    const isOfUdp = field === 'udp checksum'
    if (isOfUdp) skb.hasNoChecksum = assignment.value === 0
    if (!isOfUdp || !skb.hasNoChecksum) spoilChecksum(skb, field)
    return
  }
  // without an entry nothing is written to it, nor read from it (net/netfilter/xt_connmark.c)
  const source = typeof assignment.value === 'object' ? assignment.value.field : ''
  if ((field === 'ct mark' || source.startsWith('ct ')) && !skb.connection) return
  const value = assigned(assignment, moment)
  const before = sumAt(field, moment)
  if (value === ABSENT) {
    // nft gives the rule up there
    if (field.startsWith('@')) throw new Undetermined(field, 'the packet ends before these bytes')
    return
  }
  const changed = isUnknown(value) ? undefined : written(field, value, moment)
  if (isUnknown(value) && keys.includes('ttl')) skb.mayExpire = value.unknown
  if (!changed) forget(skb, keys)
  else if ('ctMark' in changed) skb.connection!.mark = Number(changed.ctMark)
  let isSame = changed !== undefined
  for (const key of Object.keys(changed ?? {}) as (keyof Packet)[]) {
    const [from, to] = [skb.packet[key], changed![key]]
    if (from === to) continue
    isSame = false
    // the word that makes up for the prefix does so for addresses of `from` alone
    if (isExchange(assignment)) spoilBy(skb, checksumChange(String(from), String(to)))
    change(skb, key, to as never)
    if (isScalar(from) && isScalar(to)) skb.journal.act(step, { field: key, from, to })
  }
  // other bytes are a checksum, or something that nothing reads
  if (!isSame || keys.length === 0 || skb.hasNoChecksum) spoilChecksum(skb, field, before)
}

/** It has bits 32 to 47 of its header. */
function isOverUdpLength(field: string): boolean {
  const [, from, count] = /^@th,(\d+),(\d+)$/.exec(field) ?? []
  return from !== undefined && Number(from) < 48 && Number(from) + Number(count) > 32
}

const BY_PLACE = /^(@th|th\b)|^[a-z]+ checksum$|^udp length$/

/**
 * nft mends the checksum for the fields of a protocol that it knows. `before`: what the bytes were for it, if that is
 * known; ports that are exchanged leave it right.
 */
function spoilChecksum(skb: Skb, field: string, before?: number): void {
  const now = before === undefined ? undefined : sumAt(field, skb.moment)
  const by = now === undefined ? undefined : now - before! + 0xffff
  // of the IP header nobody but ip_rcv looks at it; what nft does for a part that it does not know spoils the other, too
  const isHeader = field.startsWith('@nh') && skb.family === 'ip'
  if (isHeader) skb.headerWrongBy = more(skb.headerWrongBy, by)
  // of a checksum that is not there nft makes one (nft_payload_csum_inet)
  if (!isHeader && !(skb.hasNoChecksum ? /^udp / : BY_PLACE).test(field)) return
  spoilBy(skb, by)
}

/** `by`: how much the transport's checksum is wrong then; undefined: that is not known. */
function spoilBy(skb: Skb, by: number | undefined): void {
  // a program's own is made last, but for ICMP; and what connection tracking has found right stays so
  const isChecked = skb.tracking !== undefined && skb.tracking.state !== 'untracked'
  const isOwn = skb.given.in === undefined
  if (isOwn ? hasIcmp(skb) : !isChecked) skb.wrongBy = more(skb.wrongBy, by)
  else if (!isOwn) skb.spoiltBy = more(skb.spoiltBy, by)
}

/** Does one of these write what nft mends no checksum for? */
export const maySpoil = (statements: readonly Statement[]): boolean =>
  statements.some((one) => one.kind === 'set' && BY_PLACE.test(one.field))

/** Do they write another TTL than one that is left? */
export const mayRunOut = (statements: readonly Statement[]): boolean =>
  statements.some(
    (one) =>
      one.kind === 'set' && / (ttl|hoplimit)$/.test(one.field) && (one.op !== undefined || !(Number(one.value) > 1)),
  )

/** What is not known makes it wrong for good. */
const more = (wrong: number, by: number | undefined): number =>
  by === undefined || wrong < 0 ? -1 : (wrong + by) % 0xffff

const isUnread = ({ from, to = from }: Statement & { kind: 'queue' }, { queues }: Host): boolean =>
  queues !== undefined && !queues.some(({ number }) => number >= from && number <= to)
