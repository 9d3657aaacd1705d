/**
 * `nfwhy watch` in a router between two hosts: each drop is counted, with its reason; where rules dropped it, the rule is
 * named; and when it ends, nothing is left.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { WatchDocument, WatchKindDocument } from '../../src/reports/documents.ts'
import { BIN, folder, nfwhy } from '../cli/nfwhy.ts'
import { until, whyNoDrops } from '../kernel/drops/available.ts'
import { buildDrops } from '../kernel/drops/build.ts'
import { from } from '../kernel/drops/cases.ts'
import { FAR, HOST, Network, ROUTER } from '../kernel/drops/network.ts'
import { isLoaded, programsOf } from '../kernel/drops/programs.ts'
import { whyNot } from '../kernel/namespaces.ts'
import { parseMetrics } from '../prometheus.ts'
import { checkDocument } from '../schemas.ts'
import { startWatching as start, type Watching } from './lab/watching.ts'

const { thread } = await buildDrops()
const reason = whyNot('nft', 'iptables-nft', 'iptables-legacy', 'iptables') ?? (await whyNoDrops(thread))
if (reason) console.warn(`nothing is watched: ${reason}`)

const SUMS =
  "select reason, sum(packets)::int as packets, count(distinct dport)::int as tuples from drops where protocol = 'udp' group by 1 order by 2 desc"

/** Counting has begun; its eBPF program is there. */
const begun = ({ child }: Watching) => until(() => child.exitCode === null && programsOf(child.pid!).length > 0)

const lines = (text: string): (WatchDocument | WatchKindDocument)[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

describe.skipIf(reason)('nfwhy watch', () => {
  let network: Network

  beforeAll(() => {
    network = new Network()
    network.withoutIpv6()
    network.onRouter(`
      sysctl -qw net.ipv4.icmp_ratelimit=0
      nft -f - <<'END'
table inet fw {
 chain forward {
  type filter hook forward priority 0; policy accept;
  udp dport 666 drop
 }
}
END
      iptables-nft -A INPUT -p udp --dport 777 -j DROP
      iptables-nft -A INPUT -p udp --dport 888 -j REJECT`)
  })
  afterAll(() => network?.remove())

  it('counts each drop, and names the rule where one dropped it', async () => {
    const store = `duckdb:${join(folder(), 'drops.duckdb')}`
    const watching = start(network, ['--ndjson', '--store', store])
    await begun(watching)
    network.send([
      from(FAR, 1, { dport: 666, times: 700 }),
      from(ROUTER, 2, { dport: 777, times: 500 }),
      from(ROUTER, 3, { dport: 888, times: 200 }),
      from(ROUTER, 4, { dport: 9, times: 300 }),
      from('192.0.2.9', 5, { dport: 53, times: 100 }),
      from(FAR, 6, { ttl: 1, times: 50 }),
    ])
    // what is no UDP may be dropped beside the six
    await until(() => {
      const whole = watching.stdout().slice(0, watching.stdout().lastIndexOf('\n') + 1)
      const kinds = whole === '' ? [] : lines(whole).filter((one) => one.schema === 'nfwhy.watch-kind/1')
      return kinds.filter(({ packet }) => packet?.protocol === 'udp').length >= 6
    })
    watching.child.kill('SIGTERM')
    expect(await watching.ended, watching.stderr()).toBe(0)
    const documents = lines(watching.stdout())
    for (const one of documents) checkDocument(one)
    const last = documents.at(-1) as WatchDocument
    const kinds = last.kinds.filter(({ protocol }) => protocol === 'udp')
    const rows = kinds.map(({ reason: why, rule, hook, count, mostFrequent: [most] }) => [
      why,
      rule && `${rule.table} ${rule.chain} ${rule.rule}`,
      hook,
      count,
      most?.dport,
    ])
    expect(rows.sort((a, b) => Number(b[3]) - Number(a[3]))).toEqual([
      ['NETFILTER_DROP', 'fw forward udp dport 666 drop', 'forward', 700, 666],
      ['NETFILTER_DROP', 'filter INPUT -A INPUT -p udp -m udp --dport 777 -j DROP', 'input', 500, 777],
      ['NO_SOCKET', undefined, undefined, 300, 9],
      [
        'NETFILTER_DROP',
        'filter INPUT -A INPUT -p udp -m udp --dport 888 -j REJECT --reject-with icmp-port-unreachable',
        'input',
        200,
        888,
      ],
      ['IP_INNOROUTES', undefined, undefined, 100, 53],
      ['IP_INHDR', undefined, undefined, 50, 20_006],
    ])
    expect(last.missed).toBe(0)
    const stored = await nfwhy(['query', '--store', store, '--json', SUMS])
    expect(JSON.parse(stored.stdout).rows).toEqual([
      { reason: 'NETFILTER_DROP', packets: 1400, tuples: 3 },
      { reason: 'NO_SOCKET', packets: 300, tuples: 1 },
      { reason: 'IP_INNOROUTES', packets: 100, tuples: 1 },
      { reason: 'IP_INHDR', packets: 50, tuples: 1 },
    ])
    // the first of each kind is explained, where the model shows the drop
    const told = documents.filter((one) => one.schema === 'nfwhy.watch-kind/1')
    const explained = told.flatMap(({ journey, packet }) => (journey ? [[packet?.dport, journey.outcome]] : []))
    expect(new Map(explained as [number, string][])).toEqual(
      new Map([
        // nobody listens there
        [9, 'delivered'],
        [666, 'dropped'],
        [777, 'dropped'],
        [888, 'rejected'],
        [53, 'vanished'],
        [20_006, 'vanished'],
      ]),
    )
  })

  it('counts all of a flood of 50,000, by --via, and ends at --count', async () => {
    const watching = start(network, ['--json', '--count', '50000'], 'via')
    await begun(watching)
    network.send(Array.from({ length: 5000 }, (_, i) => from(ROUTER, i, { sport: 1024 + i, dport: 9, times: 10 })))
    expect(await watching.ended, watching.stderr()).toBe(0)
    const document: WatchDocument = JSON.parse(watching.stdout())
    checkDocument(document)
    const kind = document.kinds.find((one) => one.reason === 'NO_SOCKET' && one.protocol === 'udp')!
    expect(kind.count).toBeLessThanOrEqual(50_000)
    expect(kind.count).toBeGreaterThanOrEqual(50_000 - document.missed)
    expect(document.kinds.reduce((sum, { count }) => sum + count, 0)).toBe(document.drops)
    expect(kind.tuples).toBe(5000)
  })

  it('serves metrics, reads rules that were changed, and leaves nothing', async () => {
    const watching = start(network, ['--plain', '--metrics', '127.0.0.1:19469'])
    await begun(watching)
    const programs = programsOf(watching.child.pid!)
    const metrics = () =>
      parseMetrics(
        network.onRouter(
          "python3 -c \"import urllib.request as r; print(r.urlopen('http://127.0.0.1:19469/metrics').read().decode(), end='')\"",
        ),
      )
    const dropsBy = (rule: string) =>
      metrics()
        .filter(({ name, labels }) => name === 'nfwhy_drops_total' && labels.rule === rule)
        .reduce((sum, { value }) => sum + value, 0)
    const comesTo = async (rule: string, count: number) => {
      // each look takes a while, as it is made inside of the namespace
      for (let i = 0; i < 40 && dropsBy(rule) !== count; i++) await new Promise((resolve) => setTimeout(resolve, 500))
      expect(dropsBy(rule), JSON.stringify(metrics())).toBe(count)
    }
    network.send([from(ROUTER, 7, { dport: 777, times: 40 })])
    await comesTo('filter INPUT rule 1', 40)
    network.onRouter(`iptables-nft -I INPUT -s ${HOST} -p udp --dport 999 -j DROP`)
    try {
      network.send([from(ROUTER, 8, { dport: 999, times: 30 })])
      await comesTo('filter INPUT rule 1', 70)
    } finally {
      network.onRouter(`iptables-nft -D INPUT -s ${HOST} -p udp --dport 999 -j DROP`)
    }
    watching.child.kill('SIGINT')
    expect(await watching.ended, watching.stderr()).toBe(0)
    // the number is another rule's now, and the kind another one
    for (const rule of ['-p udp -m udp --dport 777 -j DROP', '-s 198.51.100.2/32 -p udp -m udp --dport 999 -j DROP'])
      expect(watching.stdout()).toContain(`-A INPUT ${rule}`)
    await until(() => !programs.some(isLoaded))
    expect(programs.map(isLoaded)).not.toContain(true)
  })

  it('says why it cannot', async () => {
    const other = start(network, ['--metrics', 'example:1'])
    expect(await other.ended).toBe(2)
    expect(other.stderr()).toContain('--metrics example:1: give a port')
    const nobody = spawn('env', [
      'setpriv',
      '--reuid=65534',
      '--clear-groups',
      '--bounding-set=-all',
      process.execPath,
      BIN,
      'watch',
    ])
    let said = ''
    nobody.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    expect(await new Promise((resolve) => nobody.once('close', resolve))).toBe(2)
    expect(said).toContain('watching drops needs CAP_BPF and CAP_PERFMON (or root)')
  })
})
