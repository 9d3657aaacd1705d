/**
 * What each file of strangers is, told by its content alone: the name is never looked at. Each is claimed by one format,
 * or by none where it is of no kind that is read.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FORMATS, HEAD_BYTES, recognise } from '../../src/read/recognise.ts'

const CORPUS = new URL(`${process.env.NFWHY_CORPUS ?? '../../../shared/corpus'}/`, import.meta.url)
const noCorpus = existsSync(CORPUS) ? undefined : `no corpus at ${CORPUS.pathname}`
if (noCorpus) console.warn(`what files of strangers are is not asked: ${noCorpus}`)

/**
 * The first pattern that a file's name fits says what the file is; undefined: nothing that is read. `also`: what else it
 * holds, which is not looked for where something in front of it in the list of formats was found.
 */
type Expectation = readonly [pattern: RegExp, format: string | undefined, also?: string]

const EXPECTED: Readonly<Record<string, readonly Expectation[]>> = {
  conntrack: [
    // events are no listing
    [/^events-/, undefined],
    [/./, 'conntrack'],
  ],
  ipset: [
    [/\.save$/, 'ipset-save'],
    [/^list-/, 'ipset-list'],
    [/\.nft$/, 'nft'],
  ],
  iptables: [
    // every line of it is a comment
    [/^fail2ban-commented-001/, undefined],
    [/./, 'iptables-save'],
  ],
  'iptables-S': [[/./, 'iptables-save']],
  'iptables-messy': [[/./, 'iptables-save']],
  'iptables-listing': [[/./, 'iptables-list']],
  'iptables-cmds': [
    // text for iptables-restore
    [/^ferm-(089|090)/, 'iptables-save'],
    [/./, 'shell-script'],
  ],
  'iptables-trace': [
    [/\.tsv$/, undefined],
    [/./, 'kernel-log'],
  ],
  'netfilter-log': [[/./, 'kernel-log']],
  'nft-json': [[/./, 'nft-json']],
  'nft-wild': [
    // notes with a ruleset and, behind it, a line of the kernel's log
    [/^notes-bridge4-001/, 'nft', 'kernel-log'],
    // every line of it is a comment
    [/^wild-120/, undefined],
    [/./, 'nft'],
  ],
  'nft-tests-shell': [
    [/\.json-nft$/, 'nft-json'],
    [/./, 'nft'],
  ],
  'nft-trace': [[/./, 'nft-trace']],
  'xtables-monitor': [[/./, 'xtables-monitor']],
  'ulogd-json': [[/./, 'ulogd-json']],
  'pcap-nflog': [
    [/\.pcap$/, 'nflog-pcap'],
    [/\.json$/, 'tshark-json'],
    [/./, undefined],
  ],
  'iptables-ext-tests': [
    // ebtables-translate and arptables-translate are no commands that scripts are known by
    [/^(generic|libebt_\w+|libarpt_\w+)\.txlate$/, undefined],
    // a line of iptables-translate, and the same for nft: a script
    [/\.txlate$/, 'shell-script'],
    [/./, undefined],
  ],
}

/** Test tables of the tools, and what is about the corpus itself. */
const NOT_ASKED = ['iptables-tests-dumps', 'nft-tests-bogons', 'nft-tests-monitor', 'nft-tests-py']

/** Also of folders in it, by their path below it. */
const filesIn = (folder: string): string[] =>
  readdirSync(new URL(`${folder}/`, CORPUS), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(join(CORPUS.pathname, folder), join(entry.parentPath, entry.name)))

const headOf = (path: URL) => readFileSync(path).subarray(0, HEAD_BYTES).toString('latin1')

describe.skipIf(noCorpus).each(Object.entries(EXPECTED))('%s', (folder, expected) => {
  const names = noCorpus ? [] : filesIn(folder)

  it('is there', () => expect(names.length).toBeGreaterThan(0))

  it.each(names)('%s', (name) => {
    const head = headOf(new URL(`${folder}/${name.split('/').map(encodeURIComponent).join('/')}`, CORPUS))
    const [, format, also] = expected.find(([pattern]) => pattern.test(name))!
    const claims = FORMATS.filter((one) => one.format.sniff(head)).map((one) => one.format.id)
    expect(claims).toEqual([format, also].filter((one) => one !== undefined))
    expect(recognise(head)?.format.id).toBe(format)
  })
})

it.skipIf(noCorpus)('every folder is asked, or is none of ours', () => {
  const folders = readdirSync(CORPUS, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  const known = [...Object.keys(EXPECTED), ...NOT_ASKED]
  expect(folders.map(({ name }) => name).filter((name) => !known.includes(name))).toEqual([])
})
