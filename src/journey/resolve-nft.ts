/**
 * Points of nft's tracing laid on the ruleset: by the rule's handle, else by its words, else by being the only rule of
 * its chain that says so. What the trace says itself (text, verdict) holds without any ruleset.
 */

import { type Hook, IPTABLES_HOOKS, IPTABLES_TABLES } from '../model/hook.ts'
import type { StepKind } from '../model/journey.ts'
import { isOwnTable } from '../model/own-table.ts'
import type { Family } from '../model/packet.ts'
import type { Chain, Rule, Table } from '../model/ruleset.ts'
import type { World } from '../model/world.ts'
import type { TracePoint } from '../read/captures/points.ts'
import { inOneForm } from '../rules/nft/one-form.ts'
import { type VerdictKind, verdictOf } from '../rules/verdict.ts'
import { layerOf } from './layers.ts'
import type { Resolved } from './resolved.ts'
import { withSameConditions } from './same-conditions.ts'

const KINDS: Readonly<Record<TracePoint['type'], StepKind>> = {
  rule: 'rule',
  return: 'return',
  policy: 'policy',
  log: 'log',
  begin: 'unknown',
}

export function resolveNft(
  point: TracePoint,
  family: Family,
  world: World,
  onlyHook: (table: Table | undefined, chain: string) => Hook | undefined,
  tracers: Set<string>,
): Resolved {
  const { type, chain: chainName = '', table: tableName = '', verdict } = point
  const listed = tableOf(point, world)
  const inChain = listed?.chains.get(chainName)
  // iptables does not list chains that it has not made: what holds of its own holds not of these
  const inTable = listed?.kind === 'nft' || inChain ? listed : undefined
  const builtIn = builtInHook(point)
  const resolved: Resolved = {
    point,
    family: point.family === 'inet' ? family : point.family!,
    tableFamily: point.family!,
    table: tableName,
    chain: chainName,
    kind: KINDS[type],
    reported: undefined,
    ruleNumber: undefined,
    rule: undefined,
    inTable,
    inChain,
    verdict,
    ending: endingOf(type, verdict),
    target: /^(?:jump|goto) (.+)$/.exec(verdict ?? '')?.[1],
    hook: inChain?.hook ?? builtIn ?? onlyHook(inTable, chainName),
    hookNumber: 0,
    tableNumber: 0,
    chainNumber: 0,
    layer: layerOf(point.family!),
    base: inChain ? inChain.hook !== undefined : builtIn !== undefined || type === 'begin' || type === 'policy',
    own: isOwnTable(tableName),
    shows: isOwnTable(tableName) && chainName !== 'prerouting' && chainName !== 'output',
    mismatch: undefined,
    candidates: [],
    alike: [],
    last: [undefined, undefined],
  }
  if (listed && !inChain) resolved.mismatch = `the ruleset has no chain ${chainName} in ${nameOf(listed)}`
  else if (
    !inTable &&
    !resolved.own &&
    !isTracer(point, tracers) &&
    world.tables.some(({ kind, name }) => kind === 'nft' && !isOwnTable(name))
  )
    resolved.mismatch = `the ruleset has no table ${point.family} ${tableName}`
  else if (inTable && inChain) layOn(resolved, inTable, inChain)
  if (resolved.ending === 'drop' && rejects(resolved)) {
    // nft's reject says drop when it has answered
    resolved.ending = 'reject'
    resolved.verdict = 'reject'
  }
  return resolved
}

/**
 * Of a table that somebody made to trace with, and that was not there when the rules were saved: it marks packets, and
 * stops none. `tracers`: those that have marked one. A chain's beginning alone says nothing against the ruleset.
 */
function isTracer({ family, table, type, text = '', verdict }: TracePoint, tracers: Set<string>): boolean {
  const name = `${family} ${table}`
  const others = unquoted(text).replace(/\bmeta nftrace set 1\b/, '')
  if (type === 'rule' && verdict === 'continue' && others.length < unquoted(text).length) tracers.add(name)
  // what it writes, later rules may read
  if (WRITES.test(others)) return false
  return type === 'begin' || (tracers.has(name) && (verdict === 'continue' || verdict === 'accept'))
}

const WRITES = /(?:^| )(?:set|[ds]nat|masquerade|redirect|tproxy|notrack|synproxy|fwd|dup|flow)(?: |$)/

const nameOf = ({ family, name }: Table): string => `table ${family} ${name}`

/** Both lists of one table may be there: of `nft list ruleset` and of iptables-save; and a legacy table of its name. */
function tableOf({ family, table: name, text }: TracePoint, { tables }: World): Table | undefined {
  const found = tables.filter((table) => table.family === family && table.name === name && table.backend !== 'legacy')
  const kind = text?.startsWith('-A ') ? 'iptables' : 'nft'
  return found.find((table) => table.kind === kind) ?? found[0]
}

/** The base chains that iptables-nft makes in its own tables. */
export function builtInHook({ family, table = '', chain = '' }: TracePoint): Hook | undefined {
  if (family !== 'ip' && family !== 'ip6') return undefined
  return Object.hasOwn(IPTABLES_TABLES, table) && IPTABLES_TABLES[table]!.includes(chain)
    ? IPTABLES_HOOKS[chain]
    : undefined
}

function endingOf(type: TracePoint['type'], verdict: string | undefined): VerdictKind {
  if (type === 'return') return 'return'
  const word = verdict?.split(' ')[0]
  switch (word) {
    case 'accept':
    case 'drop':
    case 'return':
    case 'queue':
    case 'stolen':
    case 'jump':
    case 'goto':
      return word
    case 'continue':
    case 'break':
      return 'continue'
    default:
      return 'unknown'
  }
}

/** By the ruleset, which may have no words for it (nft's JSON has none for iptables' targets), or by the trace's text. */
const rejects = ({ rule, point }: Resolved): boolean =>
  rule?.statements.some(({ kind }) => kind === 'reject') === true || wordsReject(point.text)

const unquoted = (text = ''): string => text.replace(/"[^"]*"/g, '')
const wordsReject = (text: string | undefined): boolean => /(?:^| )reject(?: |$)|-j REJECT\b/.test(unquoted(text))
const wordsDrop = (text: string | undefined): boolean => /(?:^| )drop(?: |$)|-j DROP\b/.test(unquoted(text))

function layOn(resolved: Resolved, table: Table, chain: Chain): void {
  const { point } = resolved
  if (point.type === 'policy') {
    if (!chain.hook)
      resolved.mismatch = `the trace reached a policy of ${chain.name}, which is not a base chain in the ruleset`
    else if (chain.policy !== undefined && chain.policy !== point.verdict)
      resolved.mismatch = `the policy of ${chain.name} is ${point.verdict} in the trace and ${chain.policy} in the ruleset`
    return
  }
  if (point.type !== 'rule') return
  const candidates = candidatesOf(point, table, chain)
  if (candidates === undefined) {
    resolved.mismatch =
      point.text === undefined || point.text === ''
        ? `the ruleset has no rule with handle ${point.handle} in chain ${chain.name}`
        : `the ruleset has no such rule in chain ${chain.name}: ${point.text}`
    return
  }
  if (candidates.length === 1) takeRule(resolved, candidates[0]!)
  else resolved.alike = candidates
}

export function takeRule(resolved: Resolved, rule: Rule): void {
  resolved.rule = rule
  resolved.ruleNumber = rule.ruleNumber
}

/** Undefined: there is none, and there had to be one. Empty: nothing tells which of the chain's rules it is. */
function candidatesOf(point: TracePoint, table: Table, chain: Chain): readonly Rule[] | undefined {
  const { handle, text, verdict } = point
  if (handle !== undefined && chain.rules.some((rule) => rule.handle !== undefined)) {
    const found = chain.rules.filter((rule) => rule.handle === handle)
    return found.length > 0 ? found : undefined
  }
  const inNft = text?.startsWith('-A ') === false
  const listed = table.kind === 'iptables' && inNft ? nftTextOf : textOf
  const ownWords =
    text !== '' && text !== undefined && (inNft === (table.kind !== 'iptables') || chain.rules.some(listed))
  if (ownWords) {
    const wanted = normalised(text)
    const found = chain.rules.filter((rule) => normalised(listed(rule) ?? '') === wanted)
    if (found.length > 0) return found
    const form = inNft ? inOneForm(text, table.family) : undefined
    const alike = form === undefined ? [] : chain.rules.filter((rule) => listed(rule) === form)
    if (alike.length > 0) return alike
  }
  // the words may be another version's; a verdict that only one rule has tells as well
  const told = chain.rules.filter((rule) => rule.iptables !== undefined || rule.text !== '')
  const saying = told.filter((rule) => saysSo(rule, point))
  if (saying.length === 1 && verdict !== 'continue') return saying
  const meant = ownWords || !inNft || table.kind !== 'iptables' ? [] : withSameConditions(text, table, saying)
  if (meant.length > 0) return meant
  return saying.length === 0 && ownWords ? undefined : []
}

const textOf = ({ text }: Rule): string | undefined => text
const nftTextOf = ({ nftText }: Rule): string | undefined => nftText

/** What the kernel prints of the rule's verdict: nat says accept, reject says drop. The rule's words may tell which of both. */
function saysSo(rule: Rule, { verdict, text }: TracePoint): boolean {
  const { ending, text: own } = verdictOf(rule)
  if (ending === 'unknown') return true
  if (ending === 'accept') return verdict === 'accept'
  if (ending === 'reject') return verdict === 'drop' && !wordsDrop(text)
  return own === verdict && !(ending === 'drop' && wordsReject(text))
}

const texts = new Map<string, string>()
const MOST_TEXTS = 1 << 16

/** Without what changes while the rule stays: counters, what of a quota is used, blanks. */
function normalised(text: string): string {
  let known = texts.get(text)
  if (known === undefined) {
    known = text
      .replace(/\bcounter packets \d+ bytes \d+/g, 'counter')
      .replace(/ used \d+ [a-z]*bytes/g, '')
      .replace(/^\[\d+:\d+\] /, '')
      .replace(/\s+/g, ' ')
      .trim()
    if (texts.size > MOST_TEXTS) texts.clear()
    texts.set(text, known)
  }
  return known
}
