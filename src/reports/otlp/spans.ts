/**
 * Exchanges and journeys as spans of OpenTelemetry: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding (ids in hex,
 * 64-bit numbers as strings, enums as numbers). Names of attributes are the semantic conventions' (source.*, destination.*, network.*)
 * where these have one, ours begin with nfwhy.
 */
import { printCommand } from '../../model/command.ts'
import { type Exchange, isFailed } from '../../model/exchange.ts'
import type { Journey, PrintedFix, RuleRef, Step } from '../../model/journey.ts'
import type { Packet } from '../../model/packet.ts'
import { ruleName } from '../journey-words.ts'
import { UNICODE as MARKS } from '../marks.ts'
import { changeWords } from '../packet-words.ts'
import { stepName } from '../step-words.ts'
import { spanId } from './ids.ts'

type Value = { stringValue: string } | { intValue: string } | { arrayValue: { values: Value[] } }

export interface Attribute {
  key: string
  value: Value
}

export interface Span {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  /** SPAN_KIND_INTERNAL. */
  kind: 1
  startTimeUnixNano: string
  endTimeUnixNano: string
  attributes: Attribute[]
  events?: { timeUnixNano: string; name: string; attributes: Attribute[] }[]
  /** STATUS_CODE_ERROR. */
  status?: { code: 2; message: string }
}

/** Nanoseconds since 1970. */
export interface Times {
  first: bigint
  last: bigint
}

type Given = Readonly<Record<string, string | number | readonly string[] | undefined>>

/** What is empty or not known is left out. */
export const attributes = (given: Given): Attribute[] =>
  Object.entries(given).flatMap(([key, value]) =>
    value === undefined || value === '' || (Array.isArray(value) && value.length === 0)
      ? []
      : [{ key, value: anyValue(value) }],
  )

const anyValue = (value: string | number | readonly string[]): Value =>
  typeof value === 'string'
    ? { stringValue: value }
    : typeof value === 'number'
      ? { intValue: String(value) }
      : { arrayValue: { values: value.map(anyValue) } }

/** The trace's first span. */
export function exchangeSpan(exchange: Exchange<PrintedFix>, trace: string, times: Times): Span {
  const { id, status, basis, asked, became, culprit, cause, findings, journeys } = exchange
  const isBad = isFailed(status)
  return {
    ...head(trace, 'exchange', undefined, `${asked.protocol ?? 'packet'} ${status}`, times),
    attributes: attributes({
      ...packetAttributes(asked),
      'nfwhy.exchange.id': id,
      'nfwhy.exchange.status': status,
      'nfwhy.basis': basis,
      'nfwhy.nat.source.address': became?.src,
      'nfwhy.nat.source.port': became?.sport,
      'nfwhy.nat.destination.address': became?.dst,
      'nfwhy.nat.destination.port': became?.dport,
      ...ruleAttributes(culprit),
      'nfwhy.cause': cause.map(({ text }) => text),
      'nfwhy.finding.codes': [...new Set(findings.map(({ code }) => code))],
      'nfwhy.finding.messages': findings.map(({ message }) => message),
      'nfwhy.fix.commands': findings.flatMap(({ fix }) =>
        fix.flatMap(({ command }) => (command === undefined ? [] : [printCommand(command)])),
      ),
      ...Object.fromEntries(Object.entries(journeys).map(([role, ids]) => [`nfwhy.exchange.${role}`, ids])),
    }),
    ...(isBad ? { status: { code: 2, message: status } } : {}),
  }
}

/** A packet, and below it the hooks that it passed. `parent`: absent for what belongs to no exchange. */
export function journeySpans(
  journey: Journey<PrintedFix>,
  trace: string,
  parent: string | undefined,
  times: Times,
): Span[] {
  const { id, packet, outcome, basis, culprit, cause, family, steps } = journey
  const own = `journey ${id}`
  const flags = packet.protocol === 'tcp' && packet.tcpFlags?.length ? ` ${packet.tcpFlags.join(',')}` : ''
  const whole: Span = {
    ...head(trace, own, parent, `${packet.protocol ?? family}${flags} ${outcome}`, times),
    attributes: attributes({
      ...packetAttributes(packet),
      'nfwhy.journey.id': id,
      'nfwhy.outcome': outcome,
      'nfwhy.basis': basis,
      'nfwhy.mark': packet.mark,
      ...ruleAttributes(culprit),
      'nfwhy.cause': cause.map(({ text }) => text),
    }),
  }
  return [whole, ...hooksOf(steps).map((met, i) => hookSpan(met, `${own} hook ${i}`, whole, times))]
}

/** Steps one after the other at one hook. */
function hooksOf(steps: readonly Step[]): Step[][] {
  const found: Step[][] = []
  for (const step of steps) {
    const last = found.at(-1)
    if (last && last[0]!.hook === step.hook) last.push(step)
    else found.push([step])
  }
  return found
}

/** Traces do not tell when each rule was met: a hook, and what happened there, has the time of its packet. */
function hookSpan(steps: readonly Step[], key: string, { traceId, spanId: parent }: Span, times: Times): Span {
  const first = steps[0]!
  return {
    ...head(traceId, key, parent, first.hook ?? 'unknown hook', times),
    attributes: attributes({ 'nfwhy.hook': first.hook, 'nfwhy.in': first.in, 'nfwhy.out': first.out }),
    events: steps.map((step) => ({
      timeUnixNano: String(times.first),
      name: (step.verdict ?? step.kind).split(' ')[0]!,
      attributes: attributes({
        'nfwhy.step': step.n,
        'nfwhy.place': stepName(step),
        ...placeAttributes(step),
        'nfwhy.verdict': step.verdict,
        'nfwhy.changes': step.changes.map((one) => changeWords(one, MARKS)),
      }),
    })),
  }
}

const ruleAttributes = (ref: RuleRef | undefined) =>
  ref ? { 'nfwhy.rule': ruleName(ref), 'nfwhy.rule.owner': ref.owner, ...placeAttributes(ref) } : {}

/** The number of a policy or of a chain's end is no rule's. */
const placeAttributes = ({ family, table, chain, ruleNumber, handle, rule }: Step | RuleRef) => ({
  'nfwhy.rule.family': family,
  'nfwhy.rule.table': table,
  'nfwhy.rule.chain': chain,
  'nfwhy.rule.number': rule === undefined ? undefined : ruleNumber,
  'nfwhy.rule.handle': handle,
  'nfwhy.rule.text': rule,
})

const packetAttributes = ({ src, sport, dst, dport, protocol }: Packet) => ({
  'source.address': src,
  'source.port': sport,
  'destination.address': dst,
  'destination.port': dport,
  'network.transport': protocol,
  'network.type': src === undefined ? undefined : src.includes(':') ? 'ipv6' : 'ipv4',
})

const head = (trace: string, key: string, parent: string | undefined, name: string, { first, last }: Times) => ({
  traceId: trace,
  spanId: spanId(`${trace} ${key}`),
  ...(parent === undefined ? {} : { parentSpanId: parent }),
  name,
  kind: 1 as const,
  startTimeUnixNano: String(first),
  endTimeUnixNano: String(last),
})

export const exchangeSpanId = (trace: string): string => spanId(`${trace} exchange`)
