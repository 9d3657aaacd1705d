/** What is concluded from an incident is the same when its files are redacted; and nothing that was replaced is left in them. */

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fixCommands } from '../../src/edits/fix.ts'
import type { Journey } from '../../src/model/journey.ts'
import { WorldBuilder } from '../../src/read/world.ts'
import { Redactor } from '../../src/redact/index.ts'
import { explainFile } from '../journey/journeys.ts'
import { addressesIn, latin1, leftOver, recognised, redactBytes } from './redacted.ts'

const ROOT = new URL('../..', import.meta.url).pathname
/** One with which no address takes the place of another one of the same incident. */
const KEY = 'incidents'

function filesIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder)).flatMap((name) => {
    const path = join(folder, name)
    return statSync(join(ROOT, path)).isDirectory() ? filesIn(path) : [path]
  })
}

const read = (path: string): Uint8Array => readFileSync(join(ROOT, path))

/** All but words and addresses. */
const conclusion = ({ outcome, basis, culprit, cause, findings, steps }: Journey) => ({
  outcome,
  basis,
  culprit:
    culprit &&
    `${culprit.family} ${culprit.table} ${culprit.chain} ${culprit.ruleNumber} ${culprit.handle} ${culprit.owner}`,
  cause: cause.map(({ step, role, rule }) => `${step} ${role} ${rule.chain} ${rule.ruleNumber} ${rule.handle}`),
  findings: findings.map(({ code, severity, steps, fix }) => ({
    code,
    severity,
    steps,
    fix: fix.map((one) => ({ verified: one.verified, after: one.after, command: fixCommands(one).command?.program })),
  })),
  steps: steps.map(({ hook, table, chain, kind, ruleNumber, handle, verdict, known }) =>
    [hook, table, chain, kind, ruleNumber, handle, verdict, known].join(' '),
  ),
})

/** Rules and state that belong together, and captures that were taken with them. */
const INCIDENTS = [
  {
    name: 'a live trace over netlink',
    world: filesIn('fixtures/redact/nft-netlink').filter((path) => !path.endsWith('.pcap')),
    captures: ['fixtures/redact/nft-netlink/trace.pcap'],
  },
  ...['nodeport-clash', 'firewalld-port-forward', 'openstack-snat'].map((name) => ({
    name,
    world: filesIn(`examples/${name}`).filter((path) => !path.endsWith('dmesg.log')),
    captures: [
      `examples/${name}/dmesg.log`,
      ...['nflog.pcap', 'ulogd.json', 'reported.log'].map((file) => `fixtures/incidents/${name}/${file}`),
    ],
  })),
  ...['dropped', 'fixed'].flatMap((state) =>
    ['json', 'nft'].map((form) => ({
      name: `nft-allow-set, ${state}, ${form}`,
      world: [
        `fixtures/incidents/nft-allow-set/ruleset-${state}.${form}`,
        ...filesIn('fixtures/incidents/nft-allow-set/host'),
      ],
      captures: ['txt', 'handles.txt', 'xtables-monitor.txt'].map(
        (end) => `fixtures/incidents/nft-allow-set/${state}.${end}`,
      ),
    })),
  ),
]

describe.each(INCIDENTS)('$name', ({ world, captures }) => {
  const redactor = new Redactor(KEY)
  const files = [...world, ...captures]
    .map((path) => ({ path, bytes: read(path) }))
    .filter(({ bytes }) => bytes.length > 0)
  // hosts that a later file names are known to earlier ones, too
  for (const { bytes } of files) redactBytes(bytes, redactor)
  const redacted = files.map(({ path, bytes }) => ({ path, bytes, after: redactBytes(bytes, redactor)! }))

  const worldOf = (which: 'bytes' | 'after') => {
    const builder = new WorldBuilder()
    for (const { path, ...one } of redacted) {
      const format = recognised(one[which])
      if (format && format.kind !== 'capture') builder.add(path, latin1(one[which]), format)
    }
    return builder
  }
  const [before, after] = [worldOf('bytes'), worldOf('after')]

  test.each(redacted)('$path is of the same kind, and holds none of what it was', ({ bytes, after }) => {
    expect(recognised(after)?.format.id).toBe(recognised(bytes)?.format.id)
    const all = new Set(redacted.flatMap((one) => [...addressesIn(latin1(one.bytes))]))
    expect(leftOver(all, after)).toEqual([])
  })

  test('the world is as well understood', () => {
    expect(after.warnings.map(({ code, line }) => [code, line])).toEqual(
      before.warnings.map(({ code, line }) => [code, line]),
    )
    expect([...redactor.doubts]).toEqual([])
  })

  test.each(redacted.filter(({ path }) => captures.includes(path)))(
    '$path tells the same',
    ({ bytes, after: bytesAfter }) => {
      const was = explainFile(bytes, before.world)
      const is = explainFile(bytesAfter, after.world)
      expect(was.journeys.length).toBeGreaterThan(0)
      expect(is.journeys.map(conclusion)).toEqual(was.journeys.map(conclusion))
      expect(is.told).toEqual(was.told)
      // and they are not the same packets
      expect(is.journeys.some(({ packet }, i) => packet.src !== was.journeys[i]!.packet.src)).toBe(true)
    },
  )

  test('in pieces of any size it is the same', () => {
    for (const { bytes, after, path } of redacted) {
      for (const size of [1, 7, 1000]) expect(latin1(redactBytes(bytes, redactor, size)!), path).toBe(latin1(after))
    }
  })
})
