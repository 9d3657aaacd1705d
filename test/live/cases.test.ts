/**
 * Each way to trace, with real packets through a router: the same rules, the same packets, and the same is said of them,
 * whoever reads the events. IPv4 and IPv6.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Journey } from '../../src/model/journey.ts'
import { showAllNamespaces } from './lab/kernel-log.ts'
import { whyNoPlace } from './lab/place.ts'
import { ADDRESSES, type Family, iptablesRules, nftRules, openNetwork } from './lab/router.ts'
import { sleep } from './lab/session.ts'
import { changesAfter, snapshot } from './lab/snapshot.ts'

const missing = whyNoPlace('tcpdump', 'dmesg', 'bash', 'sysctl')

interface Case {
  what: string
  /** Who sends it, to whom, to which port. */
  from: 'client' | 'router'
  to: 'router' | 'server' | 'itself'
  port: number
  outcome: Journey['outcome']
  /** Rules that matched, of the last journey where there are two. */
  rules: readonly string[]
  culprit?: string
}

const CASES: readonly Case[] = [
  {
    what: 'forwarded with DNAT',
    from: 'client',
    to: 'router',
    port: 8080,
    outcome: 'forwarded',
    rules: ['nat PREROUTING rule 1', 'filter FORWARD rule 1'],
  },
  {
    what: 'dropped on its way',
    from: 'client',
    to: 'server',
    port: 81,
    outcome: 'dropped',
    rules: ['filter FORWARD rule 2'],
    culprit: 'filter FORWARD rule 2',
  },
  {
    what: 'dropped for a mark',
    from: 'client',
    to: 'server',
    port: 82,
    outcome: 'dropped',
    rules: ['mangle PREROUTING rule 1', 'filter FORWARD rule 3'],
    culprit: 'mangle PREROUTING rule 1',
  },
  { what: 'delivered', from: 'client', to: 'router', port: 92, outcome: 'delivered', rules: ['filter INPUT rule 2'] },
  {
    what: 'sent by the router',
    from: 'router',
    to: 'server',
    port: 90,
    outcome: 'sent',
    rules: ['filter OUTPUT rule 1'],
  },
  {
    what: 'to itself, dropped',
    from: 'router',
    to: 'itself',
    port: 91,
    outcome: 'dropped',
    rules: ['filter INPUT rule 1'],
    culprit: 'filter INPUT rule 1',
  },
]

interface Way {
  name: string
  rules: 'legacy' | 'iptables-nft' | 'nft'
  args: readonly string[]
  without?: readonly string[]
  /** What reads. */
  by: RegExp
}

/** Rules of the session itself. */
const OWN = /--comment nfwhy-\d+ |nftrace set 1/

const SOCKET = /^Ready: the kernel's netlink socket\./m
const WAYS: readonly Way[] = [
  { name: 'nft, by its socket', rules: 'nft', args: ['--backend', 'nft'], by: SOCKET },
  { name: 'nft, by nft monitor', rules: 'nft', args: ['--backend', 'nft', '--programs'], by: /nft monitor/ },
  { name: "iptables-nft's rules, by nft's table", rules: 'iptables-nft', args: ['--backend', 'nft'], by: SOCKET },
  { name: 'iptables-nft, by its socket', rules: 'iptables-nft', args: ['--backend', 'xtables-nft'], by: SOCKET },
  {
    name: 'iptables-nft, by nft monitor',
    rules: 'iptables-nft',
    args: ['--backend', 'xtables-nft', '--programs'],
    by: /nft monitor/,
  },
  { name: 'legacy, by its socket', rules: 'legacy', args: ['--backend', 'legacy'], by: SOCKET },
  { name: 'legacy, by tcpdump', rules: 'legacy', args: ['--backend', 'legacy', '--programs'], by: /tcpdump/ },
  { name: 'legacy without nft', rules: 'legacy', args: ['--backend', 'legacy'], without: ['nft'], by: SOCKET },
  {
    name: 'legacy without nft, by tcpdump',
    rules: 'legacy',
    args: ['--backend', 'legacy', '--programs'],
    without: ['nft'],
    by: /tcpdump/,
  },
  { name: 'the kernel log', rules: 'legacy', args: ['--backend', 'kernel-log'], by: /kernel log/ },
]

const load = (rules: Way['rules'], family: Family, file: string): string =>
  rules === 'nft' ? `nft -f ${file}` : `${family}tables-${rules === 'legacy' ? 'legacy' : 'nft'}-restore ${file}`

describe.skipIf(missing)(`real packets${missing ? `: ${missing}` : ''}`, () => {
  let hideAgain = async (): Promise<unknown> => undefined
  const folder = mkdtempSync(join(tmpdir(), 'nfwhy-cases-'))
  beforeAll(async () => {
    hideAgain = await showAllNamespaces()
  })
  afterAll(async () => {
    rmSync(folder, { recursive: true })
    await hideAgain()
  })

  describe.concurrent.each(WAYS)('$name', ({ name, rules, args, by, without = [] }) => {
    test.for(['ip', 'ip6'] as const)('%s', async (family, { onTestFinished }) => {
      const { client, router } = await openNetwork(onTestFinished, without)
      const file = join(folder, `${name.replace(/\W/g, '')}-${family}`)
      writeFileSync(file, rules === 'nft' ? nftRules(family) : iptablesRules(family))
      const loaded = await router.run(load(rules, family, file))
      expect(loaded).toEqual({ status: 0, output: '' })
      const before = await snapshot(router)
      const addresses = ADDRESSES[family]
      // the machine has one kernel log: others' packets come there as well
      const hosts = [...new Set([addresses.client, addresses.server, addresses.itself])].map((one) => `host ${one}`)
      const ports = CASES.map(({ port }) => `dst port ${port}`)
      const filter = `udp and (${hosts.join(' or ')}) and (${ports.join(' or ')})`
      const run = router.trace([...args, '--json', '--rate', 'unlimited', filter])
      await run.says(/^Ready/m)
      expect(run.stderr).toMatch(by)
      for (const { from, to, port } of CASES)
        await (from === 'client' ? client : router).run(`bash --norc -c 'echo x >/dev/udp/${addresses[to]}/${port}'`)
      await sleep(500)
      run.kill('SIGINT')
      const { code, stdout, stderr } = await run.ended
      expect(code, stderr).toBe(1)
      const { journeys, stats } = JSON.parse(stdout) as { journeys: Journey[]; stats: { lost: number } }
      expect(stats.lost).toBe(0)
      const said = CASES.map(({ what, port }) => {
        const journey = journeys.findLast(({ packet }) => packet.dport === port)
        const matched = journey?.steps.filter(({ kind, rule = '' }) => kind === 'rule' && !OWN.test(rule))
        const { culprit } = journey ?? {}
        return {
          what,
          outcome: journey?.outcome,
          rules: matched?.map((step) => `${step.table} ${step.chain} rule ${step.ruleNumber}`),
          ...(culprit ? { culprit: `${culprit.table} ${culprit.chain} rule ${culprit.ruleNumber}` } : {}),
        }
      })
      expect(said).toEqual(
        CASES.map(({ what, outcome, rules: matched, culprit }) => ({
          what,
          outcome,
          rules: matched,
          ...(culprit ? { culprit } : {}),
        })),
      )
      expect(await changesAfter(before, router, run.mark, 4)).toEqual([])
    })
  })
})
