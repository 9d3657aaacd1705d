/** Kernel logs of strangers. What is in each was counted with grep and by reading, not with this program. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { explainLog, stepText } from '../journey/journeys.ts'

const CORPUS = new URL(`${process.env.NFWHY_CORPUS ?? '../../../shared/corpus'}/`, import.meta.url)
const missing = !existsSync(new URL('iptables-trace/', CORPUS))
if (missing) console.warn(`the corpus of kernel logs is skipped: no ${CORPUS.pathname}iptables-trace`)

const logsOf = (folder: string): string[] =>
  missing
    ? []
    : readdirSync(new URL(`${folder}/`, CORPUS))
        .filter((file) => file.endsWith('.log'))
        .map((file) => `${folder}/${file}`)
const bytesOf = (path: string) => new Uint8Array(readFileSync(new URL(path, CORPUS)))
const linesOf = (path: string) => readFileSync(new URL(path, CORPUS), 'utf8').split('\n')

/** Packets in each trace, counted by hand: one for each frame that ebtables logged, too. */
const PACKETS: Readonly<Record<string, number>> = {
  'docker-bridge-physin-002': 1,
  'docker-ebtables-container-to-external-001': 4,
  'docker-ebtables-local-to-container-001': 4,
  'docker-masked-routing-loss-001': 2,
  'docker0-five-pings-interleaved-001': 10,
  'gke-kubeproxy-cbr0-001': 1,
  'k8s-calico-ipip-tunl0-001': 1,
  'k8s-calico-pod-to-pod-marks-001': 1,
  'libvirt-nat-forward-001': 2,
  'local-ping-request-reply-001': 2,
  // another tool's, which prints no packets as the kernel does
  'nftrace-readme-001': 0,
  'openstack-quantum-mangled-001': 1,
  'openwrt-mwan3-001': 1,
  'sendip-udp-nots-001': 2,
  'ubuntu-ping-accept-001': 2,
}
/** What is told, where anything is; files of 200,000 bytes were cut there by who collected them. */
const TOLD: Readonly<Record<string, RegExp>> = {
  'nftrace-readme-001': /^1 not-a-packet$/,
  'openstack-quantum-mangled-001': /^1 blanks-lost$/,
  // a line without IN=, which Proxmox leaves out
  'crowdsec-proxmox-iptables-logs-001': /^8 cut-line$/,
  'forum-icmp-inner-001': /^1 cut-line$/,
  'psad-ipv6-tcp-connect-nmap-default-scan-001': /^681 line-cut$/,
  'psad-syn-scan-1000-1500-localhost-001': /^770 line-cut$/,
  'psad-syn-scan-1000-1500-zeroip-001': /^776 line-cut$/,
  'psad-topera-ipv6-syn-scan-no-ip-opts-001': /^687 line-cut$/,
}
const SKIPPED: Readonly<Record<string, number>> = {
  'nftrace-readme-001': 126,
  'crowdsec-proxmox-iptables-logs-001': 1,
  'forum-icmp-inner-001': 1,
}
const nameOf = (path: string) => path.replace(/^.*\/|\.log$/g, '')

describe.skipIf(missing).each([...logsOf('iptables-trace'), ...logsOf('netfilter-log')])('%s', (path) => {
  const name = nameOf(path)
  const { journeys, told, stats } = explainLog(bytesOf(path))

  it('has an event for every line with IN=', () => {
    expect(stats.events).toBe(linesOf(path).filter((line) => line.includes('IN=')).length)
    expect(stats.skipped).toBe(SKIPPED[name] ?? 0)
    expect(journeys.reduce((sum, { steps }) => sum + steps.length, 0)).toBe(stats.events)
  })

  it('tells of what is wrong with it, and of nothing else', () => {
    expect(told.join('; ')).toMatch(TOLD[name] ?? /^$/)
  })

  it('names the rule lines that are there', () => {
    const printed = linesOf(path).flatMap(
      (line) => /TRACE: ([a-z]+:[^ ]+?:(?:rule|return|policy):\d+) ?.*IN=/.exec(line)?.[1] ?? [],
    )
    const found = journeys.flatMap(({ steps }) => steps.filter(({ kind }) => kind !== 'log').map(stepText))
    expect(found.sort()).toEqual(printed.sort())
  })

  it.runIf(name in PACKETS)('has as many packets as it has', () => {
    expect(journeys.length).toBe(PACKETS[name])
  })
})

describe.skipIf(missing)('a walk from pod to pod, of which its author says what each line means', () => {
  const [journey] = missing ? [] : explainLog(bytesOf('iptables-trace/k8s-calico-pod-to-pod-marks-001.log')).journeys
  const author = missing
    ? []
    : linesOf('iptables-trace/k8s-calico-pod-to-pod-marks-001.expected.tsv')
        .filter(Boolean)
        .map((line) => line.split('\t'))

  it('passes the same chains', () => {
    expect(journey!.steps.map(({ table, chain }) => `${table}:${chain}`)).toEqual(author.map(([place]) => place))
  })

  it('has a rule, the end of a chain or a policy where its author has one', () => {
    const meant = author.map(([, words = '']) =>
      /policy/.test(words) ? 'policy' : /\breturn \d+$/.test(words) ? 'return' : 'rule',
    )
    expect(journey!.steps.map(({ kind, reported }) => reported ?? kind)).toEqual(meant)
  })

  it('sees the mark being set, cleared and set again', () => {
    const changes = journey!.steps.flatMap((step) => step.changes.filter(({ field }) => field === 'mark'))
    expect(changes.length).toBeGreaterThanOrEqual(3)
    expect(new Set(changes.map(({ to }) => to)).size).toBeGreaterThanOrEqual(2)
  })
})
