/**
 * JSON that nft itself listed: every file is read whole, and gives the same model as nft's text of the same ruleset. What
 * nft's JSON leaves out is named here.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Condition } from '../../src/model/condition.ts'
import { looksLikeNftJson } from '../../src/read/rulesets/index.ts'
import type { Ruleset } from '../../src/read/rulesets/iptables-save.ts'
import { readNftJson } from '../../src/read/rulesets/nft-json.ts'
import { readNft } from '../../src/read/rulesets/nft-text.ts'

const CORPUS = new URL(`${process.env.NFWHY_CORPUS ?? '../../../shared/corpus'}/`, import.meta.url)
const reason = existsSync(CORPUS) ? undefined : `no corpus at ${CORPUS.pathname}`
if (reason) console.warn(`the corpus of nft's JSON is skipped: ${reason}`)

const filesIn = (folder: string, ending: string): string[] =>
  reason
    ? []
    : readdirSync(new URL(folder, CORPUS), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith(ending))
        .map((name) => `${folder}/${name}`)
        .sort()

const LISTED = [...filesIn('nft-json', '.json'), ...filesIn('nft-tests-shell', '.json-nft')]
const PAIRS = LISTED.map((json) => ({ json, text: json.replace(/\.json(-nft)?$/, '.nft') })).filter(
  ({ json, text }) => json !== text && existsSync(new URL(text, CORPUS)),
)

const textOf = (name: string): string => readFileSync(new URL(name, CORPUS), 'utf8')

function read(name: string): { ruleset: Ruleset | undefined; told: string[] } {
  const told: string[] = []
  const reader = name.endsWith('.nft') ? readNft : readNftJson
  const [ruleset] = reader(textOf(name), (code, message, line) => told.push(`${line}: ${code}: ${message}`))
  return { ruleset, told }
}

/** Empty: commands that are about nothing which is left. */
const SAYS_NOTHING = ['no-table']

/** Rules whose way cannot be told even from a packet and all of the host's state, by the reasons given. */
const reasons = new Map<string, number>()

describe.skipIf(reason)('JSON that nft listed', () => {
  it('is there', () => expect(LISTED.length).toBeGreaterThan(250))

  it.each(LISTED)('%s is read whole', (name) => {
    const text = textOf(name)
    expect(looksLikeNftJson(text.slice(0, 65_536))).toBe(true)
    const { ruleset, told } = read(name)
    expect(told.filter((one) => !SAYS_NOTHING.some((code) => one.includes(code)))).toEqual([])
    const rules = rulesOf(ruleset)
    expect(rules).toHaveLength((text.match(/"rule": *\{/g) ?? []).length)
    for (const rule of rules) {
      expect(JSON.stringify(rule.nft)).not.toContain('"unknown"')
      for (const condition of rule.conditions) count(condition)
      for (const statement of rule.statements) if (statement.kind === 'unknown') countReason(statement.reason)
    }
  })

  /** With how many there are: none may come by chance. */
  it('leaves open only what is said here', () => {
    expect(Object.fromEntries([...reasons].sort())).toEqual(OPEN)
  })
})

const OPEN: Record<string, number> = {
  'depends on whether conntrack accepts the expectation': 1,
  'depends on how many bytes came before': 1,
  'depends on how many packets came before': 5,
  // bits of three places at once, and security marks
  'nfwhy does not understand which value the rule writes': 3,
  'the security mark that the rule sets is unknown': 1,
  // by a hash
  'the queue that the rule uses is unknown': 2,
}

function count(condition: Condition): void {
  if (condition.kind === 'unknown') countReason(condition.reason)
  if (condition.kind === 'not') count(condition.of)
  if (condition.kind === 'all' || condition.kind === 'any') for (const one of condition.of) count(one)
}

const countReason = (reason: string) => reasons.set(reason, (reasons.get(reason) ?? 0) + 1)

const rulesOf = (ruleset: Ruleset | undefined) =>
  (ruleset?.tables ?? []).flatMap(({ chains }) => [...chains.values()].flatMap(({ rules }) => rules))

describe.skipIf(reason)('JSON and text of one ruleset', () => {
  it('are there', () => expect(PAIRS.length).toBeGreaterThan(220))

  it.each(PAIRS)('$text', ({ json, text }) => {
    const [fromJson, fromText] = [read(json), read(text)]
    expect(model(fromText.ruleset)).toEqual(model(fromJson.ruleset))
  })
})

/** Without lines, in one order of tables and sets, and without what only one of the two forms tells. */
function model(ruleset: Ruleset | undefined): object {
  const tables = (ruleset?.tables ?? []).map(({ chains, flowtables, objects, ...table }) => ({
    ...table,
    chains: Object.fromEntries(
      [...chains].map(([name, chain]) => [name, { ...chain, rules: chain.rules.map(({ line: _, ...rule }) => rule) }]),
    ),
    // JSON does not tell whether a flowtable counts
    flowtables: Object.fromEntries(
      [...(flowtables ?? [])].map(([name, { flags: _, ...flowtable }]) => [name, flowtable]),
    ),
    objects: Object.fromEntries([...(objects ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))),
  }))
  // JSON has the type of a map's data, but not what it was taken from
  const sets = (ruleset?.sets ?? []).map(({ dataTypeof: _, ...set }) => set)
  const name = (one: { family?: string; table?: string; name: string }) => `${one.family} ${one.table} ${one.name}`
  const inOrder = <T extends { family?: string; name: string }>(list: T[]) =>
    list.sort((a, b) => (name(a) < name(b) ? -1 : 1)).map(withoutHandles)
  return { tables: inOrder(tables), sets: inOrder(sets) }
}

/** Handles are 0 in these JSON files, and left out in the text. */
const withoutHandles = <T>(value: T): T =>
  JSON.parse(JSON.stringify(value, (key, held) => (key === 'handle' ? undefined : held))) as T
