/**
 * What targets do, by this kernel: a packet is sent over the loopback through each target of fixtures/rules/iptables/targets,
 * and counters tell whether it came to the next rule, and with which marks and header bytes.
 */
import { describe, expect, it } from 'vitest'
import type { Assignment, Statement } from '../../src/model/statement.ts'
import { lowerSpec } from '../../src/rules/iptables/lower.ts'
import { readRule } from '../../src/rules/iptables/read.ts'
import { splitWords } from '../../src/rules/iptables/words.ts'
import { verdictOf } from '../../src/rules/verdict.ts'
import { type Row, readTables } from '../rules/iptables/tables.ts'
import { whyNot } from './namespaces.ts'
import { askAbout, restore, skipLacking, toolOf } from './rows.ts'

const reason = whyNot('iptables-legacy', 'ip6tables-legacy', 'ip', 'ipset', 'bash', 'timeout')
if (reason) console.warn(`what targets do is not tried: ${reason}`)

const tables = readTables()
  .filter(({ kind }) => kind === 'targets')
  .map(({ name, rows }) => ({ name, rows: rows.filter(isSeenOnLoopback) }))
  .filter(({ rows }) => rows.length > 0)

/** What a rule in front of the target sets, where it may be set there, and how a rule behind it asks. */
const FIELDS: Readonly<Record<string, { before: number; match: (value: number) => string }>> = {
  'meta mark': { before: 0x12345678, match: (value) => `-m mark --mark ${value}` },
  'ct mark': { before: 0x0fedcba9, match: (value) => `-m connmark --mark ${value}` },
  'ip ttl': { before: 64, match: (value) => `-m ttl --ttl-eq ${value}` },
  'ip6 hoplimit': { before: 64, match: (value) => `-m hl --hl-eq ${value}` },
  'ip tos': { before: 0xb8, match: (value) => `-m tos --tos ${value}/0xff` },
  'ip6 tos': { before: 0xb8, match: (value) => `-m tos --tos ${value}/0xff` },
  'ip dscp': { before: 0x2e, match: (value) => `-m dscp --dscp ${value}` },
  'ip6 dscp': { before: 0x2e, match: (value) => `-m dscp --dscp ${value}` },
  'ip ecn': { before: 0, match: (value) => `-m ecn --ecn-ip-ect ${value}` },
}

describe.skipIf(reason)('targets', () => {
  describe.each(tables)('$name', ({ rows }) => {
    const answers = reason ? [] : askAbout(rows, tryOut)
    skipLacking(answers)
    const judged = rows.map((row, i) => ({ ...row, i })).filter(({ i }) => !answers[i]?.missing)
    it.each(judged)('$family: $rule', (row) => {
      const { output } = answers[row.i]!
      const { tried, arrived, changed } = countsIn(output)
      expect(tried, output).toBeGreaterThan(0)
      const statements = statementsOf(row)
      const sometimes = statements.some((one) => one.kind === 'stolen' && one.when)
      if (sometimes) expect(arrived, output).toBeLessThan(tried!)
      else expect(arrived, output).toBe(goesOn(statements) ? tried : 0)
      expect(changed, output).toBe(foretell(statements) ? tried : undefined)
    })
  })
})

const goesOn = (statements: Statement[]): boolean =>
  verdictOf({ text: '', ruleNumber: 1, conditions: [], statements }).ending === 'continue'

/** Those that `send` knows to make a packet for; nat's chains behind OUTPUT see nothing new on the loopback. */
function isSeenOnLoopback({ ok, table, chain, rule }: Row): boolean {
  const conditions = rule.replace(/-j .*/, '').replace('-m tcp --tcp-flags SYN,RST SYN', '')
  return ok && /^(! )?(-p (tcp|udp) )?$/.test(conditions) && !(table === 'nat' && chain === 'INPUT')
}

/** A chain that the packet passes and the target allows. */
function chainOf({ rule, table, chain }: Row): string {
  if (table === 'nat' && chain === 'PREROUTING') return 'OUTPUT'
  return chain !== 'FORWARD' ? chain : /SYNPROXY/.test(rule) ? 'INPUT' : 'OUTPUT'
}

const statementsOf = ({ rule, family, table }: Row): Statement[] =>
  lowerSpec(readRule(splitWords(rule), family, table).specs[0]!, family, table).statements

/** Sends a packet through the target, and prints what was counted. */
function tryOut(row: Row): string {
  const { rule, table } = row
  const conditions = rule.replace(/-j .*/, '')
  const foretold = foretell(statementsOf(row))
  const rules = [
    // without it nothing is tracked, and nat sees no packet
    ...(table === 'nat' ? ['-m conntrack --ctstate INVALID'] : []),
    ...(foretold ? setUp(row) : []),
    rule,
    `${conditions} -m comment --comment arrived`,
    ...(foretold ? [`${conditions} ${foretold} -m comment --comment changed`] : []),
  ].map((one) => `-A ${chainOf(row)} ${one}`)
  const tool = toolOf(row)
  return `ip link set lo up\n${restore(row, rules)}\n${send(row)}\n${tool}-save -c -t ${table}\n${tool} -t ${table} -F`
}

/** How many packets came to the target, to the next rule, and there with the values foretold. */
function countsIn(output: string): { tried?: number; arrived?: number; changed?: number } {
  const rules = [...output.matchAll(/^\[(\d+):\d+\] -A (.*)$/gm)].map(([, packets, text = '']) => ({ packets, text }))
  const countAt = (at: number) => (rules[at] ? Number(rules[at].packets) : undefined)
  const arrived = rules.findIndex(({ text }) => text.endsWith('--comment arrived'))
  const changed = rules.findIndex(({ text }) => text.endsWith('--comment changed'))
  const counts = { tried: countAt(arrived - 1), arrived: countAt(arrived), changed: countAt(changed) }
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== undefined))
}

/**
 * A packet that the rule's `-p` asks for. Where its input is a socket, bash takes itself for a remote shell and reads ~/.bashrc.
 * What connects waits for an answer, and is ended once a rule has counted.
 */
function send(row: Row): string {
  const { rule, family, table } = row
  const host = family === 'ip' ? '127.0.0.1' : '::1'
  const protocol = /! -p tcp/.test(rule) ? 'udp' : /-p tcp/.test(rule) ? 'tcp' : 'udp'
  const sends = `timeout 10 bash --norc -c 'echo >/dev/${protocol}/${host}/9' 2>/dev/null`
  if (protocol === 'udp') return sends
  return `${sends} & sender=$!
for turn in $(seq 100); do ${toolOf(row)}-save -c -t ${table} | grep -q '^\\[[1-9]' && break; sleep 0.05; done
kill $sender 2>/dev/null; wait $sender 2>/dev/null`
}

/** Rules that give the fields values to start from, as far as the table allows. */
function setUp({ table, family }: Row): string[] {
  const rules = [
    `-j MARK --set-mark ${FIELDS['meta mark']!.before}`,
    `-j CONNMARK --set-mark ${FIELDS['ct mark']!.before}`,
  ]
  return table === 'mangle' ? [...rules, `-j TOS --set-tos ${FIELDS[`${family} tos`]!.before}`] : rules
}

/** Conditions that hold behind the target, if its assignments are what they say; undefined: none that a rule could ask for. */
function foretell(statements: Statement[]): string | undefined {
  if (!goesOn(statements)) return undefined
  const assignments = statements.filter((one): one is Assignment => one.kind === 'set')
  const values = new Map(Object.entries(FIELDS).map(([field, { before }]) => [field, before]))
  for (const assignment of assignments) values.set(assignment.field, assigned(assignment, values))
  const asked = new Set(assignments.map(({ field }) => field).filter((field) => field in FIELDS))
  if (asked.size === 0) return undefined
  return [...asked].map((field) => FIELDS[field]!.match(values.get(field)!)).join(' ')
}

function assigned({ field, value, mask = 0xffffffff, op }: Assignment, values: ReadonlyMap<string, number>): number {
  const old = values.get(field) ?? 0
  let operand = typeof value === 'object' ? (values.get(value.field) ?? 0) : Number(value)
  if (typeof value === 'object') {
    operand &= value.mask ?? 0xffffffff
    const shift = value.shift ?? 0
    operand = shift < 0 ? operand >>> -shift : operand << shift
  }
  if (op === 'add') return Math.min(255, old + operand)
  if (op === 'sub') return Math.max(0, old - operand)
  return ((old & ~mask) ^ operand) >>> 0
}
