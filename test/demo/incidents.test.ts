/**
 * Every incident of `nfwhy demo`, played on this kernel: what the sender sees, the outcome, the rule to look at, the
 * findings, and that the fix mends it. Those of iptables-legacy a second time with iptables-nft.
 */
import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Incident } from '../../src/demo/incident.ts'
import { INCIDENTS } from '../../src/demo/incidents/index.ts'
import { differences } from '../../src/demo/judge.ts'
import { interfaces, leftBehind } from '../../src/demo/left-behind.ts'
import { play } from '../../src/demo/play.ts'
import { withIptablesNft } from '../../src/demo/tools.ts'
import { whyNot } from '../kernel/namespaces.ts'
import { some } from '../share.ts'

const notHere = whyNot('ip', 'ss', 'nft', 'iptables-legacy', 'iptables-nft', 'xtables-monitor', 'ipset', 'ping')
const noLegacy = notHere ?? whyNot('tcpdump') ?? (process.getuid?.() === 0 ? undefined : 'only root can run tcpdump')
const reasonFor = ({ backend }: Incident) => (backend === 'legacy' ? noLegacy : notHere)

/** What is in force outside of all labs; asking for it changes nothing. */
const outside = (): string => (notHere ? '' : execFileSync('nft', ['list', 'ruleset'], { encoding: 'utf8' }))

describe.skipIf(notHere)(`incidents${notHere ? `: ${notHere}` : ''}`, () => {
  let before: { rules: string; interfaces: string[] }
  beforeAll(() => {
    before = { rules: process.getuid?.() === 0 ? outside() : '', interfaces: interfaces() }
  })
  afterAll(() => {
    if (process.getuid?.() === 0) expect(outside()).toBe(before.rules)
  })

  const all = [
    ...INCIDENTS.map((incident) => ({ name: incident.name, incident })),
    ...INCIDENTS.filter(({ backend, onlyLegacy }) => backend === 'legacy' && !onlyLegacy).map((incident) => ({
      name: `${incident.name} with iptables-nft`,
      incident: withIptablesNft(incident),
    })),
  ]
  for (const { name, incident } of some(all)) {
    const reason = reasonFor(incident)
    it(`${name}${reason ? `: ${reason}` : ''}`, { concurrent: true, skip: reason !== undefined }, async () => {
      const played = await play(incident, {}, { programs: true })
      expect(differences(incident, played)).toEqual([])
      expect(await leftBehind(played.hosts, before.interfaces)).toEqual([])
    })
  }

  it.each(['docker-forward-drop', 'nft-allow-set', 'forwarding-off'])('%s without its fault is told', async (name) => {
    const incident = INCIDENTS.find((one) => one.name === name)!
    const mended = { ...incident, earlier: { sendings: [], change: [incident.expected.fix.command!] } }
    const told = differences(mended, await play(mended, {}, { programs: true }))
    expect(told.join('\n')).toMatch(/^what \w+ saw: answered \(expected: nothing\)$/m)
    expect(told.join('\n')).toMatch(/^the outcome: forwarded \(expected: (dropped|vanished)\)$/m)
  })
})

it('an incident has a name of its own, and is a sentence in the list', () => {
  const names = INCIDENTS.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  for (const { title, hosts, traced, packet } of INCIDENTS) {
    expect(title).toMatch(/^[^A-Z].*[^.]$|^UDP /)
    expect(Object.keys(hosts)).toEqual(expect.arrayContaining([traced, packet.from]))
  }
})
