/**
 * nft texts of strangers. What nft takes is read whole, and printed so that nft lists it alike; its listing is printed
 * back letter by letter. What it refuses never makes the reader throw. nft's own tests tell the words of each rule.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { RuleFamily } from '../../src/model/ruleset.ts'
import { recognise } from '../../src/read/recognise.ts'
import { readNft } from '../../src/read/rulesets/nft-text.ts'
import { statement } from '../../src/rules/nft/normal.ts'
import { printRule } from '../../src/rules/nft/print/rule.ts'
import { printNft } from '../../src/rules/nft/print/ruleset.ts'
import { parseNft, parseNftRule } from '../../src/rules/nft/text/parse.ts'
import { whyNot } from '../kernel/namespaces.ts'
import { difference, loadNft, still, takenRules } from '../kernel/nft-tool.ts'

const CORPUS = new URL(`${process.env.NFWHY_CORPUS ?? '../../../shared/corpus'}/`, import.meta.url)
const noCorpus = existsSync(CORPUS) ? undefined : `no corpus at ${CORPUS.pathname}`
const noKernel = noCorpus ?? whyNot('nft')
if (noKernel) console.warn(`what nft makes of them is not asked: ${noKernel}`)

interface Sample {
  path: string
  accepted: boolean
  error: string
  text: string
}

const samples: Sample[] = noCorpus
  ? []
  : readFileSync(new URL('nft-accept.tsv', CORPUS), 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((row) => row.split('\t'))
      .filter(([path = '']) => !/json|nft-j-f/.test(path) && existsSync(new URL(path, CORPUS)))
      .map(([path = '', accepted, error = '']) => ({
        path,
        accepted: accepted === 'yes',
        error,
        text: readFileSync(new URL(path, CORPUS), 'utf8'),
      }))

/** What nft 1.0.6 does not know, and later ones do. */
const NEWER =
  /^(?:nft-tests-shell\/(?:listing\/0013objects_0|nft-f\/0017ct_timeout_obj_0|nft-f\/nfqueue|sets\/0060set_multistmt_1|sets\/0075tunnel_0|sets\/set_stmt|transactions\/0049huge_0)|nft-wild\/(?:verified-nft-001|wild-062|wild-111|wild-186))\.nft$/

const read = ({ text }: Sample) => {
  const told: string[] = []
  const rulesets = readNft(text, (code, message, line) => told.push(`${line ?? 0} ${code}: ${message}`))
  return { rulesets, told }
}

const toldOfInclude = (line: string) => /^\d+ not-included: /.test(line)

/** Rules that hold something not understood, but an include that is not at hand. */
const notUnderstood = ({ rulesets }: ReturnType<typeof read>): string[] =>
  rulesets
    .flatMap(({ tables }) => tables)
    .flatMap(({ chains }) => [...chains.values()].flatMap(({ rules }) => rules))
    .filter(({ conditions, statements, text }) => {
      const isIncluded = text.startsWith('include "')
      return !isIncluded && /"reason":"not understood"/.test(JSON.stringify([conditions, statements]))
    })
    .map(({ text }) => text)

describe.skipIf(noCorpus)('texts that nft accepts', () => {
  const accepted = samples.filter((sample) => sample.accepted)

  it.each(accepted)('$path is read whole', (sample) => {
    expect(
      parseNft(sample.text).problems.filter(({ code }) => code !== 'not-included' && code !== 'no-change'),
    ).toEqual([])
    expect(read(sample).told.filter((line) => !toldOfInclude(line))).toEqual([])
    expect(notUnderstood(read(sample))).toEqual([])
    if (/\S/.test(sample.text)) expect(recognise(sample.text.slice(0, 65_536))?.format.id).toBe('nft')
  })

  it.skipIf(noKernel)('are listed alike as they are printed here', () => {
    const theirs = loadNft(accepted.map(({ text }) => text))
    const ours = loadNft(accepted.map(({ text }) => printNft(parseNft(text).commands)))
    let rules = 0
    const found = accepted.flatMap(({ path }, i) => {
      const [their, our] = [theirs[i]!, ours[i]!]
      if (typeof their === 'string') return [`${path}: not loaded: ${their}`]
      if (typeof our === 'string') return [`${path}: refused as printed: ${our}`]
      rules += (their.handles.match(/^\t\t.* # handle/gm) ?? []).length
      const listed = parseNft(their.plain).commands
      // nft 1.0.6 cannot print everything
      const handles = their.handles.includes('[invalid type]') ? '' : their.handles
      return [
        difference(still(their.plain), still(our.plain)),
        difference(their.plain, printNft(listed)),
        difference(handles, printNft(parseNft(handles).commands, { handles: true })),
      ].flatMap((one) => (one === undefined ? [] : [`${path}: ${one}`]))
    })
    console.info(`${accepted.length} texts with ${rules} rules judged`)
    expect(found).toEqual([])
    expect(rules).toBeGreaterThan(3000)
  })
})

describe.skipIf(noCorpus)('texts that nft refuses', () => {
  const refused = samples.filter((sample) => !sample.accepted)
  it.each(refused)('$path', (sample) => {
    const { told } = read(sample)
    const isSyntax = /: syntax error/.test(sample.error) && !/unexpected junk/.test(sample.error)
    if (isSyntax && !NEWER.test(sample.path) && !/bogons/.test(sample.path)) expect(told).not.toEqual([])
    if (NEWER.test(sample.path)) expect(notUnderstood({ rulesets: read(sample).rulesets, told })).toEqual([])
    if (!/bogons/.test(sample.path)) expect(recognise(sample.text.slice(0, 65_536))?.format.id ?? 'nft').toBe('nft')
  })
})

/** `nft-tests-py/FOLDER/NAME.t…` */
function testFiles(ending: string): { name: string; text: string }[] {
  if (noCorpus) return []
  const folder = new URL('nft-tests-py/', CORPUS)
  return readdirSync(folder).flatMap((kind) => {
    const inner = new URL(`${kind}/`, folder)
    if (!statSync(inner).isDirectory()) return []
    return readdirSync(inner)
      .filter((name) => name.endsWith(ending))
      .map((name) => ({ name: `${kind}/${name}`, text: readFileSync(new URL(name, inner), 'utf8') }))
  })
}

const inOrder = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(inOrder)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, held]) => [key, inOrder(held)]),
  )
}
/** Sets have no order. */
const canonical = (value: unknown): string =>
  JSON.stringify(inOrder(value), (_, held) =>
    held && typeof held === 'object' && Array.isArray(held.set)
      ? { ...held, set: [...held.set].map((one) => JSON.stringify(one)).sort() }
      : held,
  )

describe.skipIf(noCorpus)("the words of nft's own tests", () => {
  it('are those of its JSON', () => {
    let [same, all] = [0, 0]
    const others: string[] = []
    for (const { name, text } of testFiles('.t.json')) {
      const family = (/^(?:ip6?|arp|bridge|netdev)/.exec(name)?.[0] ?? 'inet') as RuleFamily
      for (const part of text.split(/^# /m).slice(1)) {
        const rule = part.slice(0, part.indexOf('\n'))
        let expected: unknown[]
        try {
          expected = JSON.parse(part.slice(rule.length).replace(/^#.*$/gm, ''))
        } catch {
          continue
        }
        all++
        const normal = (statements: unknown[]) => canonical(statements.map((one) => statement(one as never, family)))
        if (normal(parseNftRule(rule, family).expr) === normal(expected)) same++
        else others.push(`${name}: ${rule}`)
      }
    }
    console.info(`${same} of ${all} rules have the words of their JSON; others:\n${others.join('\n')}`)
    // the others' JSON says what nft makes of a rule (`meta mark 0xffffff00/24`), or is not what nft prints
    expect(same / all).toBeGreaterThan(0.95)
  })
})

interface Chain {
  family: string
  table: string
  chain: string
  around: string
}

/** What a test file declares: `:chain`, `*family`, `!set`, `%object`. */
function chainsOf(text: string): Chain[] {
  const lines = text.split('\n')
  const bases = new Map(
    lines.flatMap((line) => [/^:([\w-]+);(.*)/.exec(line)].flatMap((m) => (m ? [[m[1]!, m[2]!]] : []))) as [
      string,
      string,
    ][],
  )
  return lines.flatMap((line) => {
    const [, family = '', table = '', chain = ''] = /^\*(\w+);([\w-]+);([\w-]+)/.exec(line) ?? []
    if (chain === '') return []
    const base = bases.get(chain)
    const around = [
      `add table ${family} ${table}`,
      `add chain ${family} ${table} ${chain}${base ? ` { ${base}; }` : ''}`,
    ]
    for (const other of lines) {
      const [, set, type, , flags = ''] = /^!(\w+) (type(?:of)? (.*?))( flags .*| timeout .*)?;ok$/.exec(other) ?? []
      if (set)
        around.push(
          `add ${/ : /.test(type!) ? 'map' : 'set'} ${family} ${table} ${set} { ${type};${flags}${flags && ';'} }`,
        )
      const [, object, kind, rest = ''] = /^%(\w+) type (ct \w+|\w+)(.*);ok$/.exec(other) ?? []
      if (object) around.push(`add ${kind} ${family} ${table} ${object}${rest}`)
    }
    return [{ family, table, chain, around: around.join('\n') }]
  })
}

describe.skipIf(noKernel)("the rules of nft's own tests", () => {
  const files = testFiles('.t')
  let judged = 0
  it.each(files)('$name', ({ text }) => {
    const rows = text.split('\n').filter((line) => line !== '' && !/^[#:*!?%$\s-]/.test(line))
    const rules = rows.filter((line) => /;ok/.test(line)).map((line) => line.split(';')[0]!)
    for (const rule of rules)
      expect(parseNftRule(rule).problems.map(({ message }) => `${rule}: ${message}`)).toEqual([])
    for (const { family, table, chain, around } of chainsOf(text)) {
      const taken = [...takenRules(around, `${family} ${table} ${chain}`, rules)]
      if (taken.length === 0) continue
      const printed = taken.map((rule) => printRule(parseNftRule(rule, family as RuleFamily)))
      const [theirs, ours] = loadNft(
        [taken, printed].map(
          (all) => `${around}\n${all.map((rule) => `add rule ${family} ${table} ${chain} ${rule}`).join('\n')}\n`,
        ),
      )
      if (typeof theirs !== 'object') throw new Error(theirs)
      if (typeof ours !== 'object') throw new Error(ours)
      expect(difference(theirs.plain, ours.plain)).toBeUndefined()
      expect(difference(theirs.plain, printNft(parseNft(theirs.plain).commands))).toBeUndefined()
      judged += taken.length
    }
  })

  it('are many', () => {
    console.info(`${judged} rules judged`)
    expect(judged).toBeGreaterThan(3000)
  })
})
