/** The five incidents, in all the forms in which they were captured; and what the engineers concluded who wrote them up. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import type { ToldRow } from './told.ts'

const path = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url))
const incident = (name: string) => path(`fixtures/incidents/${name}`)

export interface Incident {
  name: string
  /** What is opened: a capture, its ruleset, what is known of the host. */
  files: string[]
  /** Of the rows, as the list has them. */
  expected: Conclusion[]
}

export interface Conclusion {
  outcome: string
  /** `filter FORWARD rule 7`. */
  culprit?: string
  /** The best fix begins with it. */
  fix?: string
  /** What the packet comes to with it. Absent: there is nothing to mend. */
  afterFix?: string
}

const within = (folder: string): string[] => readdirSync(folder).map((name) => join(folder, name))
const host = (name: string): string[] => within(path(`examples/${name}/host`))

/** What expected.json has; its fixes are words for people, so those that are commands stand here. */
function concluded(
  name: string,
  only: (capture: string | undefined) => boolean = () => true,
  fix?: string,
): Conclusion[] {
  const all = JSON.parse(readFileSync(incident(`${name}/expected.json`), 'utf8')) as (Conclusion & {
    capture?: string
  })[]
  return all
    .filter(({ capture }) => only(capture))
    .map(({ outcome, culprit, afterFix }) => ({
      outcome,
      ...(culprit === undefined ? {} : { culprit: culprit.replace(/^(\w+):(.+):(\d+)$/, '$1 $2 rule $3') }),
      ...(culprit === undefined || fix === undefined ? {} : { fix }),
      ...(afterFix === undefined ? {} : { afterFix }),
    }))
}

const FIXES = {
  'nodeport-clash': 'iptables -t nat -D KUBE-NODEPORTS 16',
  'openstack-snat': 'iptables -t nat -D quantum-l3-agent-POSTROUTING 1',
  'firewalld-port-forward': 'iptables -I FORWARD 7 -s 10.36.7.11 -d 192.168.101.10 ',
} as const
const ALLOWED = 'nft add element inet filter allow_in { 192.168.70.10 . 22 }'

type Rebuilt = keyof typeof FIXES
const rebuilt = (name: Rebuilt, capture: string, form: string): Incident => ({
  name: `${name}, ${form}`,
  files: [capture, path(`examples/${name}/rules.v4`), ...host(name)],
  expected: concluded(name, undefined, FIXES[name]),
})

const nftAllowSet = (state: 'dropped' | 'fixed', form: string, rules: string): Incident => ({
  name: `nft-allow-set, ${state}${form} and ${rules}`,
  files: [
    incident(`nft-allow-set/${state}${form}`),
    incident(`nft-allow-set/ruleset-${state}.${rules}`),
    ...within(incident('nft-allow-set/host')),
  ],
  // two packets, the second a retransmission: one row
  expected: concluded('nft-allow-set', (capture) => capture === `${state}.*`, ALLOWED).slice(0, 1),
})

/** Each as most people would open it. */
export const INCIDENTS: readonly Incident[] = [
  ...(['nodeport-clash', 'openstack-snat', 'firewalld-port-forward'] as const).map((name) =>
    rebuilt(name, path(`examples/${name}/dmesg.log`), 'the kernel log'),
  ),
  nftAllowSet('dropped', '.handles.txt', 'json'),
  {
    name: 'calico-icmp-log, without any ruleset',
    files: [incident('calico-icmp-log/reported.log')],
    // a LOG line, and five TRACE lines of another packet: nobody can say more
    expected: [{ outcome: 'undetermined' }, { outcome: 'undetermined' }],
  },
]

const CAPTURES = ['reported.log', 'nflog.pcap', 'tshark.json', 'tshark-fields.csv', 'ulogd.json']

/** The same captured otherwise, as published, or by `nfwhy collect`. */
export const OTHER_FORMS: readonly Incident[] = [
  ...(Object.keys(FIXES) as Rebuilt[]).flatMap((name) =>
    CAPTURES.map((form) => rebuilt(name, incident(`${name}/${form}`), form)),
  ),
  {
    name: 'openstack-snat, log and ruleset as published',
    files: [incident('openstack-snat/reported.log'), incident('openstack-snat/reported.rules')],
    expected: concluded('openstack-snat', undefined, FIXES['openstack-snat']),
  },
  {
    name: 'firewalld-port-forward, without any ruleset',
    files: [incident('firewalld-port-forward/nflog.pcap')],
    expected: [{ outcome: 'undetermined' }],
  },
  nftAllowSet('dropped', '.txt', 'nft'),
  nftAllowSet('dropped', '.xtables-monitor.txt', 'json'),
  nftAllowSet('fixed', '.handles.txt', 'nft'),
  nftAllowSet('fixed', '.txt', 'json'),
  nftAllowSet('fixed', '.xtables-monitor.txt', 'nft'),
  {
    name: 'nft-allow-set, a bundle',
    files: within(path('examples/nft-allow-set')),
    expected: concluded('nft-allow-set', (capture) => capture === 'dropped.*', ALLOWED).slice(0, 1),
  },
]

/** What the command line says, the engineers concluded. */
export function expectConcluded(rows: readonly ToldRow[], { expected }: Incident): void {
  expect(rows.map(({ journey }) => journey.outcome)).toEqual(expected.map(({ outcome }) => outcome))
  for (const [i, { culprit, fix }] of expected.entries()) {
    const { fixes, journey, headline } = rows[i]!
    expect(journey.culprit && nameOf(journey.culprit), headline).toBe(culprit)
    expect(fixes[0]?.command?.slice(0, fix?.length), headline).toBe(fix)
  }
}

const nameOf = ({ family, table, chain, ruleNumber, handle }: NonNullable<ToldRow['journey']['culprit']>): string =>
  handle === undefined ? `${table} ${chain} rule ${ruleNumber}` : `${family} ${table} ${chain} handle ${handle}`
