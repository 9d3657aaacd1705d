/**
 * The kernel judges NFLOG captures: the same rules and the same packets twice, once logged to the kernel log and once
 * captured by `tcpdump -i nflog`. Both have to give the same journeys.
 *
 *     NFWHY_NFLOG_CASES=200 NFWHY_KERNEL_SEED=4711 npx vitest run test/kernel/nflog.test.ts
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { Journey } from '../../src/model/journey.ts'
import type { Packet } from '../../src/model/packet.ts'
import type { World } from '../../src/model/world.ts'
import { nflogPcap } from '../../src/read/captures/nflog/format.ts'
import { BIN } from '../cli/nfwhy.ts'
import { blocksOf } from '../docs/markdown.ts'
import { ROOT } from '../docs/sources.ts'
import { explainCapture } from '../journey/journeys.ts'
import { share } from '../share.ts'
import { buildWorld, explainLines } from './compare/explained.ts'
import { randomHouse } from './generate/house.ts'
import { whyNoLab } from './lab/available.ts'
import { legacy } from './lab/backend.ts'
import { Lab } from './lab/lab.ts'
import { runInNamespace, whyNot } from './namespaces.ts'
import { type Played, play } from './play.ts'
import { readTruth } from './truth/truth.ts'

const cases = Number(process.env.NFWHY_NFLOG_CASES ?? share(12))
const seed = Number(process.env.NFWHY_KERNEL_SEED ?? 1)

const reason = whyNot('tcpdump') ?? (await whyNoLab())
if (reason) console.warn(`NFLOG captures are not compared with the kernel log: ${reason}`)

const folder = mkdtempSync(join(tmpdir(), 'nfwhy-nflog-'))
/** Rules that do not do the same twice. */
const UNSTEADY =
  /-m (?:statistic|limit|hashlimit|recent|quota|connlimit|connbytes|time|nfacct)|random|-j (?:MASQUERADE|SNAT|REDIRECT|SET)/
const seen = { cases: 0, records: 0, journeys: 0, compared: 0 }
afterAll(() => {
  rmSync(folder, { recursive: true })
  if (!reason) console.info(`${cases} seeds from ${seed}: ${JSON.stringify(seen)}`)
})

describe.skipIf(reason)('a capture of tcpdump and the kernel log', () => {
  it(`tell the same of ${cases} cases from seed ${seed}`, { timeout: 30_000 + cases * 10_000 }, async () => {
    let tables: readonly string[] = []
    const lab = await Lab.open((topology) => {
      const house = randomHouse(seed, topology)
      tables = house.tables
      return house
    })
    try {
      const host = await lab.hostState()
      for (let one = seed; one < seed + cases; one++) {
        const played = await playWhole(lab, one, tables)
        if (UNSTEADY.test(played.saved)) continue
        seen.cases++
        const { world } = buildWorld({ ...host, rules: played.saved })
        // what LOG writes goes to the kernel log alone
        const lines = readTruth(played)
          .lines.map(({ text }) => text)
          .filter((line) => line.includes('TRACE: '))
        const logged = explainLines(lines, world)
        const captured = await capture(lab, played, world)
        expect([captured.told, captured.stats.skipped, captured.stats.evicted]).toEqual([[], 0, 0])
        seen.records += captured.stats.events
        seen.journeys += captured.journeys.length
        const again = `case ${one} (again: NFWHY_KERNEL_SEED=${one} NFWHY_NFLOG_CASES=1)\n${played.saved}`
        const sent = new Set(played.rounds.flatMap((round) => round.sent.map(({ packet }) => signature(packet))))
        const [a, b] = [logged.journeys, captured.journeys].map((journeys) =>
          // what the host itself answers depends on what it has answered before
          journeys
            .filter(({ packet }) => sent.has(signature(packet)))
            .map(plain)
            .sort(),
        ) as [string[], string[]]
        expect(a.length).toBeGreaterThan(0)
        seen.compared += a.length
        const [onlyA, onlyB] = [without(a, b), without(b, a)]
        expect({ kernelLog: onlyA, nflog: onlyB }, again).toEqual({ kernelLog: [], nflog: [] })
      }
    } finally {
      await lab.close()
    }
  })
})

/** When others write much to the kernel log, lines may be gone before they are read; then the case is played again. */
async function playWhole(lab: Lab, one: number, tables: readonly string[]): Promise<Played> {
  for (let attempt = 1; ; attempt++) {
    const played = await play(lab, one, tables)
    if (attempt === 5 || played.rounds.every(({ gathered }) => gathered.lost === 0)) return played
  }
}

const LOGGERS = { kernel: ['nf_log_ipv4', 'nf_log_ipv6'], nflog: ['nfnetlink_log', 'nfnetlink_log'] } as const

/** The same packets through the same rules, while tcpdump listens. */
async function capture(lab: Lab, played: Played, world: World) {
  const file = join(folder, 'capture.pcap')
  const log = (to: keyof typeof LOGGERS) =>
    lab.must(['sysctl', '-qw', `net.netfilter.nf_log.2=${LOGGERS[to][0]}`, `net.netfilter.nf_log.10=${LOGGERS[to][1]}`])
  const tcpdump = `tcpdump -i nflog:0 -B 65536 -U --immediate-mode -Z root -w ${file} >/dev/null 2>&1 & echo $!
    until grep -q . /proc/net/netfilter/nfnetlink_log; do sleep 0.01; done`
  const pid = (await lab.must(['sh', '-c', tcpdump])).trim()
  try {
    await log('nflog')
    await lab.must(['conntrack', '-F'])
    await lab.must(legacy.restore(played.family), played.saved)
    for (const { sent } of played.rounds) {
      await lab.send(sent)
      await lab.gather()
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  } finally {
    await lab.must(['sh', '-c', `kill ${pid}; while kill -0 ${pid} 2>/dev/null; do sleep 0.01; done`])
    await log('kernel')
  }
  return explainCapture(nflogPcap, new Uint8Array(readFileSync(file)), world)
}

const signature = ({ src, dst, sport, dport, protocol, icmpType, icmpId, icmpSeq, tcpSeq }: Packet): string =>
  JSON.stringify([src, dst, ...(protocol === 'sctp' ? [] : [sport, dport]), icmpType, icmpId, icmpSeq, tcpSeq])

/** What two runs cannot have in common: numbers and times, and what the kernel draws anew for packets of its own. */
function plain({ id: _, time: _t, uptime: _u, packet, findings, steps, ...rest }: Journey): string {
  // the kernel log has no ports of SCTP
  const told = packet.protocol === 'sctp' ? [] : findings.filter(({ code }) => code !== 'retransmission')
  const shown = packet.protocol === 'sctp' ? steps.map(({ sport: _s, dport: _d, ...step }) => step) : steps
  return JSON.stringify({ packet: likeLogged(packet), steps: shown, ...rest, findings: told }, undefined, 1)
}

function likeLogged(packet: Packet): Packet {
  const { ipId: _i, tcpSeq: _s, tcpAck: _a, tcpOptions: _o, flowLabel: _f, inner, ...like } = packet
  if (like.protocol === 'sctp') delete like.sport
  if (like.protocol === 'sctp') delete like.dport
  return { ...like, ...(inner ? { inner: likeLogged(inner) } : {}) }
}

function without(list: readonly string[], others: readonly string[]): string[] {
  const left = [...others]
  return list.filter((one) => {
    const at = left.indexOf(one)
    if (at >= 0) left.splice(at, 1)
    return at < 0
  })
}

describe.skipIf(reason)('the recipe of docs/formats/nflog-pcap.md', () => {
  it('leaves a capture that explains a real drop, with the names of interfaces', () => {
    const page = readFileSync(join(ROOT, 'docs/formats/nflog-pcap.md'), 'utf8')
    const [capture = '', save = ''] = blocksOf(page).flatMap(({ language, text }) => (language === 'sh' ? [text] : []))
    const work = mkdtempSync(join(folder, 'recipe-'))
    const said = runInNamespace(`
cd ${work}
LC_ALL=C.UTF-8
mkdir bin
for name in iptables iptables-save; do ln -s "$(command -v xtables-legacy-multi)" bin/$name; done
PATH=$PWD/bin:$PATH
ip link set lo up
ip link add eth0 type veth peer name eth1
ip addr add 192.0.2.1/24 dev eth0
ip link set eth0 up
ip link set eth1 up
ip neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev eth0
iptables -A OUTPUT -p tcp --dport 80 -j DROP
iptables -t raw -I OUTPUT 1 -p tcp --dport 80 -j TRACE
echo "logger $(cat /proc/sys/net/netfilter/nf_log/2)"
${capture}
timeout 0.8 bash --norc -c '</dev/tcp/192.0.2.2/80'
sleep 0.5
${save}
wait
echo "logger $(cat /proc/sys/net/netfilter/nf_log/2)"
echo @EXPLAINED
node ${BIN} explain why`)
    expect(said).toContain('@EXPLAINED')
    const loggers = [...said.matchAll(/^logger (\S+)$/gm)].map((match) => match[1])
    expect(loggers).toEqual([loggers[0], loggers[0]])
    expect(said).toMatch(
      /✗ DROPPED by filter OUTPUT rule 1 +#\d+( ×\d+)?\n {2}tcp 192\.0\.2\.1:\S+ → 192\.0\.2\.2:80 .*out eth0/,
    )
    expect(said.slice(said.indexOf('@EXPLAINED'))).not.toMatch(/^ +warn/m)
  })
})
