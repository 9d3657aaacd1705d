/**
 * The real tools against the fixtures of iptables-save text. Where they accept a file, they list the rules that we read;
 * and what we print of any file, mended ones too, they accept and list as we printed it.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { printIptablesSave } from '../../src/read/rulesets/print-iptables.ts'
import { read } from '../read/rulesets/outline.ts'
import { differences, type Job, load, readListing } from './iptables-tool.ts'
import { whyNot } from './namespaces.ts'

const reason = whyNot('iptables-legacy', 'ip6tables-legacy')
if (reason) console.warn(`iptables' own reading of whole files is skipped: ${reason}`)

const FOLDER = new URL('../../fixtures/read/rulesets/iptables-save/', import.meta.url)
const backend = 'legacy'

/** Files that iptables-restore takes as they are, and what it takes them for. */
const ACCEPTED: Record<string, Job['family']> = {
  'both-families': 'ip',
  commands: 'ip',
  counters: 'ip',
  'every-table': 'ip',
  'no-header-icmpv6': 'ip6',
  'no-header-ipv6': 'ip6',
  'openstack-reproduced': 'ip',
  'renamed-chain': 'ip',
  'several-addresses': 'ip',
  'wrong-header': 'ip6',
}

/** Rules in them that no tool could load: what they name is not known. */
const REFUSED = ['unknown-extensions', 'unknown-table', 'arptables']

const files = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.rules'))
  .map((name) => ({ name: name.slice(0, -6), text: readFileSync(new URL(name, FOLDER), 'utf8') }))

describe.skipIf(reason)('the real iptables-restore', () => {
  const accepted = files.filter(({ name }) => name in ACCEPTED)
  const answers = reason ? [] : load(accepted.map(({ name, text }) => ({ text, family: ACCEPTED[name]!, backend })))
  it.each(accepted.map(({ name, text }, i) => ({ name, text, i })))('lists $name as it was read', ({ text, i }) => {
    const answer = answers[i]!
    if (typeof answer === 'string') throw new Error(answer)
    const { rulesets } = read(text)
    expect(rulesets).toHaveLength(1)
    expect(differences(answer, readListing(printIptablesSave(rulesets[0]!.tables)))).toEqual([])
  })

  const printed = files
    .filter(({ name }) => !REFUSED.includes(name))
    .flatMap(({ name, text }) =>
      read(text).rulesets.map(({ family, tables }, n) => ({
        name: `${name} ${n + 1}`,
        job: { text: printIptablesSave(tables, { counters: true }), family, backend } satisfies Job,
      })),
    )
  const replies = reason ? [] : load(printed.map(({ job }) => job))
  it.each(printed.map((one, i) => ({ ...one, i })))('takes $name as it was printed', ({ job, i }) => {
    const reply = replies[i]!
    if (typeof reply === 'string') throw new Error(reply)
    expect(differences(readListing(job.text.replace(/^\[\d+:\d+\] /gm, '')), reply)).toEqual([])
  })

  it.each(files.filter(({ name }) => REFUSED.includes(name)))('refuses $name, and so we tell', ({ text }) => {
    expect(load([{ text, family: 'ip', backend }])[0]).toBeTypeOf('string')
    expect(read(text).told).not.toEqual([])
  })
})
