/**
 * Rulesets of strangers: every file the real tool accepts is read whole, and printed as the tool itself lists it after
 * loading it. About a file it refuses, something is told.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Ruleset } from '../../src/read/rulesets/iptables-save.ts'
import { looksLikeIptablesSave } from '../../src/read/rulesets/looks-like-iptables-save.ts'
import { printIptablesSave } from '../../src/read/rulesets/print-iptables.ts'
import { differences, type Job, type Listing, load, readListing } from '../kernel/iptables-tool.ts'
import { whyNot } from '../kernel/namespaces.ts'
import { read } from '../read/rulesets/outline.ts'

const CORPUS = new URL(`${process.env.NFWHY_CORPUS ?? '../../../shared/corpus'}/`, import.meta.url)
const noCorpus = existsSync(CORPUS) ? undefined : `no corpus at ${CORPUS.pathname}`
if (noCorpus) console.warn(`the corpus of iptables-save files is skipped: ${noCorpus}`)
const noKernel = noCorpus ?? whyNot('iptables-legacy', 'ip6tables-legacy', 'iptables-nft', 'ip6tables-nft', 'ipset')
if (noKernel) console.warn(`what the real tools make of them is not asked: ${noKernel}`)

interface Sample extends Omit<Job, 'backend'> {
  path: string
  accepted: boolean
  error: string
}

/** What cannot be loaded, accepted by `--test` or repaired: why. */
const NOT_LOADED: Record<string, string> = {
  'iptables/batfish-007.rules': 'its -h ends iptables-restore before anything is loaded',
  'iptables/batfish-008.rules': 'the kernel refuses -m tcp without -p tcp',
  'iptables/openwrt-org-002.rules': 'its lines are wrapped',
}

const samples: Sample[] = noCorpus
  ? []
  : readFileSync(new URL('iptables-accept.tsv', CORPUS), 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((row) => {
        const [path = '', legacy, error = '', nft] = row.split('\t')
        return { path, error, ...repaired(path), accepted: legacy === 'yes' || nft === 'yes' }
      })

/**
 * Files are refused for blanks at line ends, for hardware addresses blotted out by their owners, or for sets that are
 * nowhere: that is mended here, so that their rules can be judged, too.
 */
function repaired(path: string): Pick<Sample, 'text' | 'family' | 'before'> {
  const text = readFileSync(new URL(path, CORPUS), 'utf8')
    .replace(/[ \t]*\r?\n/g, '\n')
    .replaceAll('XX:XX:XX:XX:XX:XX', '00:00:5e:00:53:01')
  // the name of one does not say that its addresses are IPv6
  const family = path.endsWith('6') || path === 'iptables/istio-006.rules' ? 'ip6' : 'ip'
  const sets = new Map(
    [...text.matchAll(/--match-set (\S+) (\S+)/g)].map(([, set = '', dirs = '']) => [set, dirs.split(',').length]),
  )
  const before = [...sets].map(([set, width]) => {
    const type = ['hash:ip', 'hash:ip,port', 'hash:ip,port,ip'][width - 1]
    return `ipset create ${set} ${type} family ${family === 'ip' ? 'inet' : 'inet6'}`
  })
  return { text, family, before }
}

/** What of the tool's complaints is repaired above. */
const REPAIRED =
  /Invalid MAC address|Set \S+ doesn't exist|unable to initialize table '\w+ \||Bad argument `COMMIT'|failed => ' '/

/** The tables as iptables-restore leaves them: of a table that comes again, the last one. */
function printed(rulesets: readonly Ruleset[]): Listing {
  const tables = new Map(rulesets.flatMap(({ tables }) => tables.map((table) => [table.name, table])))
  return readListing(printIptablesSave(tables.values()))
}

/** A file without the chain's own line leaves the policy as it was, and nfwhy calls it unknown. */
const leavesPolicy = (difference: string, text: string): boolean => {
  const chain = /^\S+ (\S+): policy \S+ ≠ -$/.exec(difference)?.[1]
  return chain !== undefined && !new RegExp(`^:${chain} `, 'm').test(text)
}

const rulesOf = (rulesets: readonly Ruleset[]) =>
  rulesets.flatMap(({ tables }) => tables).flatMap(({ chains }) => [...chains.values()].flatMap(({ rules }) => rules))

const notUnderstood = (rulesets: readonly Ruleset[]): string[] =>
  rulesOf(rulesets)
    .filter(({ conditions, statements }) =>
      /not understood|neither a chain/.test(JSON.stringify([conditions, statements])),
    )
    .map(({ text }) => text)

describe.skipIf(noCorpus)('files that iptables-restore accepts', () => {
  const loadable = samples.filter(
    ({ accepted, error, path }) => (accepted || REPAIRED.test(error)) && !(path in NOT_LOADED),
  )

  it.each(loadable)('$path is read whole', ({ text, family }) => {
    const { rulesets, told } = read(text)
    expect(notUnderstood(rulesets)).toEqual([])
    const isEmpty = !/^\*/m.test(text)
    expect(told.filter((one) => !/ (repeated-table|other-family|family-conflict): /.test(one))).toEqual(
      isEmpty ? ['0 no-table: the file has no iptables table'] : [],
    )
    for (const ruleset of rulesets) if (ruleset.familyKnown) expect(ruleset.family).toBe(family)
    if (!isEmpty) expect(looksLikeIptablesSave(text.slice(0, 4096))).toBe(true)
  })

  it.skipIf(noKernel).each(['legacy', 'nft'] as const)('are printed as iptables-%s lists them', (backend) => {
    const answers = load(loadable.map((sample) => ({ ...sample, backend })))
    let judged = 0
    const found = loadable.flatMap(({ path, text }, i) => {
      const answer = answers[i]!
      if (typeof answer === 'string') return [`${path}: not loaded: ${answer}`]
      judged += [...answer.rules.values()].flat().length
      return differences(answer, printed(read(text).rulesets))
        .filter((one) => !leavesPolicy(one, text))
        .map((one) => `${path}: ${one}`)
    })
    console.info(`${loadable.length} files with ${judged} rules judged`)
    expect(found).toEqual([])
    expect(judged).toBeGreaterThan(50_000)
  })
})

describe.skipIf(noCorpus)('files that iptables-restore refuses', () => {
  const refused = samples.filter(
    ({ accepted, error, path }) => (!accepted && !REPAIRED.test(error)) || path in NOT_LOADED,
  )
  it.each(refused)('$path is told about', ({ text }) => {
    expect(read(text).told).not.toEqual([])
  })
})

describe.skipIf(noCorpus)('pastes as they were published', () => {
  const names = noCorpus ? [] : readdirSync(new URL('iptables-messy/', CORPUS))
  it.each(names)('%s reads whole, as the same file does without what is around it', (name) => {
    const paste = readFileSync(new URL(`iptables-messy/${name}`, CORPUS), 'utf8')
    const clean = readFileSync(new URL(`iptables/${name}`, CORPUS), 'utf8')
    expect(looksLikeIptablesSave(paste.slice(0, 4096))).toBe(true)
    const [rulesets, expected] = [read(paste).rulesets, read(clean).rulesets]
    expect(notUnderstood(rulesets)).toEqual([])
    expect(rulesOf(rulesets).length).toBeGreaterThan(20)
    const tables = (all: readonly Ruleset[]) => printIptablesSave(all.flatMap(({ tables }) => tables))
    expect(tables(rulesets)).toBe(tables(expected))
    if (noKernel) return
    for (const ruleset of rulesets) {
      const text = tables([ruleset])
      const [answer] = load([{ text, family: 'ip', backend: 'legacy' }])
      if (typeof answer !== 'object') throw new Error(answer)
      expect(differences(answer, readListing(text))).toEqual([])
    }
  })

  it('leaves iptables-xml alone', () => {
    const text = readFileSync(new URL('iptables-tests-dumps/iptables-xml-001.xml', CORPUS), 'utf8')
    expect(looksLikeIptablesSave(text.slice(0, 4096))).toBe(false)
    expect(read(text)).toEqual({ rulesets: [], told: expect.arrayContaining([expect.stringContaining('no-table')]) })
  })
})

const INCIDENTS = new URL('../incidents/', CORPUS)
const incidents = existsSync(INCIDENTS)
  ? readdirSync(INCIDENTS).filter((name) => existsSync(new URL(`${name}/rules.v4`, INCIDENTS)))
  : []

describe.skipIf(noKernel || incidents.length === 0)('rules of the incidents', () => {
  it.each(incidents)('%s', (name) => {
    const text = readFileSync(new URL(`${name}/rules.v4`, INCIDENTS), 'utf8')
    const { rulesets, told } = read(text)
    expect(told).toEqual([])
    const [answer] = load([{ text, family: 'ip', backend: 'legacy' }])
    if (typeof answer !== 'object') throw new Error(answer)
    expect(differences(answer, printed(rulesets))).toEqual([])
  })
})
