/** A journey in words: where it ended, when it was, which rules rewrote its addresses. */
import { nameRef } from '../explain/refs.ts'
import { endWords } from '../model/end-words.ts'
import type { Journey, PrintedFix, RuleRef, Step } from '../model/journey.ts'
import { ONLY_LOOKS } from '../model/only-looks.ts'
import { hasLeft, isStopped, isUnwanted } from '../model/outcome-kinds.ts'
import { isOwnTable } from '../model/own-table.ts'
import { shortened } from '../model/shortened.ts'
import type { Group } from './form.ts'
import type { Marks } from './marks.ts'

/** `at filter INPUT`: the base chain in which the journey ended; undefined where that says nothing. */
export function whereWords(journey: Journey<unknown>): string | undefined {
  const { outcome, steps } = journey
  const end = steps.findLast((step) => step.kind !== 'log') ?? steps.at(-1)
  if (outcome === 'delivered') return 'to this host'
  if (!end || hasLeft(outcome)) return undefined
  // of nft's log statement it may have 127 characters
  const prefix = end.kind === 'log' && end.chain === undefined ? end.prefix?.trim() : undefined
  if (outcome === 'undetermined' && prefix) return `log prefix "${shortened(prefix, 40)}"`
  const chain = baseChain(steps, end)
  if (chain === undefined) return undefined
  if (outcome === 'vanished' || (outcome === 'stolen' && end.verdict === 'accept')) return `after ${chain}`
  const isLogged = end.kind === 'log'
  const isNamed = isLogged || (end.rule === undefined && end.kind !== 'policy')
  if (outcome === 'undetermined' && isNamed && end.table !== undefined && end.chain)
    return `${isLogged ? 'logged by' : 'last rule seen:'} ${nameRef({ ...end, table: end.table, chain: end.chain })}${end.kind === 'unknown' ? ` or ${endWords(end.reported)}` : ''}`
  return outcome === 'undetermined' ? `last seen at ${chain}` : `at ${chain}`
}

function baseChain(steps: readonly Step[], end: Step): string | undefined {
  // what marked it for tracing is no rule that anybody asks about
  if (end.table === undefined || isOwnTable(end.table)) return end.hook
  const base = steps.findLast(
    (one) => one.n <= end.n && one.table === end.table && one.hook === end.hook && one.depth === 0,
  )
  // iptables names the chain as the hook; a capture may begin behind the base chain's line
  const name = base?.chain ?? (isNftOnly(end.family) ? end.chain : (end.hook?.toUpperCase() ?? end.chain))
  return `${isNftOnly(end.family) ? `${end.family} ` : ''}${end.table} ${name}`
}

const isNftOnly = (family: string) =>
  family === 'inet' || family === 'bridge' || family === 'netdev' || family === 'arp'

/** `filter INPUT rule 3`, `filter INPUT policy`, `inet filter input handle 7`. */
export const ruleName = nameRef

/** The same rule, wherever it is named. */
export const ruleKey = (ref: RuleRef) =>
  `${ref.family} ${ref.table} ${ref.chain} ${ref.ruleNumber ?? `handle ${ref.handle ?? ref.rule}`}`

export interface Rewrite {
  label: 'dnat' | 'snat'
  step: Step
}

const SOURCE = new Set(['snat', 'masquerade'])
const DESTINATION = new Set(['dnat', 'redirect'])

/** The steps that rewrote the packet's addresses. */
export function rewrites({ steps }: Journey<unknown>): Rewrite[] {
  return steps.flatMap((step): Rewrite[] => {
    const fields = step.changes.map((change) => change.field)
    const verdict = step.verdict ?? ''
    if (DESTINATION.has(verdict) || fields.includes('dst') || fields.includes('dport')) return [{ label: 'dnat', step }]
    if (SOURCE.has(verdict) || fields.includes('src') || fields.includes('sport')) return [{ label: 'snat', step }]
    return verdict === 'netmap'
      ? [{ label: step.hook === 'prerouting' || step.hook === 'output' ? 'dnat' : 'snat', step }]
      : []
  })
}

/** `01-31 21:23:16`, `417.477 s after boot`; a range for a group. Undefined where the capture has no time. */
export function timeWords({ journey, last, count }: Group<unknown>, marks: Marks): string | undefined {
  if (journey.time) {
    const from = clock(journey.time.first)
    const to = count > 1 && last?.time ? clock(last.time.first) : from
    if (from === to) return from
    const [fromDay, toDay] = [from.split(' ')[0], to.split(' ')[0]]
    return `${from} ${marks.until} ${fromDay === toDay ? to.slice(to.indexOf(' ') + 1) : to}`
  }
  if (!journey.uptime) return undefined
  const [from, to] = [
    seconds(journey.uptime.first),
    seconds(count > 1 && last?.uptime ? last.uptime.first : journey.uptime.first),
  ]
  return `${from === to ? from : `${from} ${marks.until} ${to}`} s after boot`
}

const clock = (iso: string) =>
  iso
    .replace(/^--/, '')
    .replace('T', ' ')
    .replace(/(\.\d{3})\d+/, '$1')

const seconds = (uptime: number) => uptime.toFixed(3)

/** ✗ stopped, ? cannot be told or went elsewhere, ! passed but there is something to look at, ✓ passed. */
export function markOf({ outcome, findings, packet }: Journey<unknown>): 'bad' | 'good' | 'look' | 'unsure' {
  if (isUnwanted({ outcome, packet })) return 'unsure'
  if (isStopped(outcome)) return 'bad'
  if (outcome === 'undetermined' || outcome === 'queued' || outcome === 'stolen') return 'unsure'
  return findings.some((one) => one.severity === 'error' || (one.severity === 'warning' && !NOTICES.has(one.code)))
    ? 'look'
    : 'good'
}

/** Findings that are about the input, not about one packet: they are told once, on top. */
export const NOTICES: ReadonlySet<string> = new Set(['no-ruleset', 'ruleset-mismatch'])

/** What trying a fix gave, or why it was not tried. What is done by hand, or only looks, is nothing to be tried. */
export function trialWords(fix: PrintedFix): string | undefined {
  const { command, unverified } = fix
  const tried = triedWords(fix)
  if (tried !== undefined || command === undefined || unverified === undefined || unverified === ONLY_LOOKS)
    return tried
  return /^(not|it cannot be) tried/.test(unverified) ? unverified : `not tried: ${unverified}`
}

/** What trying a fix gave; undefined where it was not tried. */
export function triedWords({ verified, after, afterSource, but, given = [] }: PrintedFix): string | undefined {
  if (verified === undefined) return undefined
  const outcome = after === undefined ? '' : `: ${after === 'stolen' ? 'taken by a rule' : after}`
  const source = afterSource === undefined ? '' : `, source rewritten to ${afterSource}`
  const wrong = but === undefined ? '' : `, but ${but}`
  return `tried on ${verified === 'kernel' ? 'a kernel' : 'the model'}${outcome}${source}${wrong}${given.map((one) => ` ${one}`).join(', and')}`
}
