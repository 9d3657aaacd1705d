/**
 * Rulesets of strangers: every file the real tool accepts is read whole, and printed as the tool itself lists it after
 * loading it. Files it refuses are told about, or refused for what is no fault of theirs.
 */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { looksLikeIptablesSave, type Ruleset } from '../../src/read/rulesets/iptables-save.ts'
import { printIptablesSave } from '../../src/read/rulesets/print-iptables.ts'
import { differences, type Job, type Listing, load, readListing } from '../kernel/iptables-tool.ts'
import { whyNot } from '../kernel/namespaces.ts'
import { read } from '../read/rulesets/outline.ts'

const CORPUS = new URL(`${process.env.NFWHY_CORPUS ?? '../../../shared/corpus'}/`, import.meta.url)
const noCorpus = existsSync(CORPUS) ? undefined : `no corpus at ${CORPUS.pathname}`
if (noCorpus) console.warn(`the corpus of iptables-save files is skipped: ${noCorpus}`)
const noKernel = noCorpus ?? whyNot('iptables-legacy', 'ip6tables-legacy', 'iptables-nft', 'ip6tables-nft')

interface Sample {
  path: string
  text: string
  family: 'ip' | 'ip6'
  accepted: boolean
  error: string
}

const samples: Sample[] = noCorpus
  ? []
  : readFileSync(new URL('iptables-accept.tsv', CORPUS), 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((row) => {
        const [path = '', legacy, legacyError = '', nft] = row.split('\t')
        const text = readFileSync(new URL(path, CORPUS), 'utf8')
        const family = path.endsWith('6') ? 'ip6' : 'ip'
        return { path, text, family, accepted: legacy === 'yes' || nft === 'yes', error: legacyError }
      })

/** Accepted by `--test`, and yet nothing that could be loaded: why. */
const NOT_LOADED: Record<string, string> = {
  'iptables/batfish-007.rules': 'its -h ends iptables-restore before anything is loaded',
  'iptables/batfish-008.rules': 'the kernel refuses -m tcp without -p tcp',
}

/** The tables as iptables-restore leaves them: of a table that comes again, the last one. */
function printed(rulesets: readonly Ruleset[]): Listing {
  const tables = new Map(rulesets.flatMap(({ tables }) => tables.map((table) => [table.name, table])))
  return readListing(printIptablesSave(tables.values()))
}

const unknowns = (rulesets: readonly Ruleset[]): string[] =>
  rulesets
    .flatMap(({ tables }) => tables)
    .flatMap(({ chains }) => [...chains.values()])
    .flatMap(({ rules }) => rules)
    .filter(({ conditions, statements }) =>
      /not understood|neither a chain/.test(JSON.stringify([conditions, statements])),
    )
    .map(({ text }) => text)

describe.skipIf(noCorpus)('files that iptables-restore accepts', () => {
  const accepted = samples.filter((sample) => sample.accepted && !(sample.path in NOT_LOADED))

  it.each(accepted)('$path is read whole', ({ text, family }) => {
    const { rulesets, told } = read(text)
    expect(unknowns(rulesets)).toEqual([])
    expect(told.filter((one) => !/ (repeated-table|other-family|family-conflict): /.test(one))).toEqual(
      text.includes('\n*') || text.startsWith('*') ? [] : ['0 no-table: there is no iptables table in it'],
    )
    for (const ruleset of rulesets) if (ruleset.familyKnown) expect(ruleset.family).toBe(family)
    if (rulesets.length > 0) expect(looksLikeIptablesSave(text.slice(0, 4096))).toBe(true)
  })

  it.each(accepted)('$path prints as it was', ({ text }) => {
    const lines = printIptablesSave(read(text).rulesets.flatMap(({ tables }) => tables)).split('\n')
    const rules = lines.filter((line) => line.startsWith('-A'))
    const again = read(`${lines.join('\n')}`).rulesets.flatMap(({ tables }) => tables)
    expect(printIptablesSave(again)).toBe(lines.join('\n'))
    expect(rules.length).toBeGreaterThanOrEqual(0)
  })

  it.skipIf(noKernel)('print as the tool lists them', () => {
    const jobs = accepted.map(({ text, family }): Job => ({ text, family, backend: 'legacy' }))
    const answers = load(jobs)
    const found: string[] = []
    accepted.forEach(({ path, text }, i) => {
      const answer = answers[i]!
      if (typeof answer === 'string') found.push(`${path}: not loaded: ${answer}`)
      else found.push(...differences(answer, printed(read(text).rulesets)).map((one) => `${path}: ${one}`))
    })
    expect(found).toEqual([])
  })
})

describe.skipIf(noCorpus)('files that iptables-restore refuses', () => {
  // the tool's surroundings or its strictness about line ends, not the rules
  const HARMLESS = /Set \S+ doesn't exist|unable to initialize table|Bad argument `COMMIT'|line \d+ failed => ' '/
  it.each(samples.filter((sample) => !sample.accepted))('$path is told about', ({ text, error }) => {
    const { told } = read(text)
    if (!HARMLESS.test(error)) expect(told).not.toEqual([])
  })
})
