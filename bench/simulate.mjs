/**
 * npm run bench:simulate: packets a second through the model, all different, and what thousands of services and rules
 * cost, as ratios in one run.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { readPacketJson, recognise, Simulator, WorldBuilder } from '../dist/index.js'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

async function worldOf(...files) {
  const builder = new WorldBuilder()
  for (const [name, text] of files) {
    const recognised = recognise(text)
    await recognised.format.load?.()
    builder.add(name, text, recognised)
  }
  return builder.world
}

const read = (name) => [name, readFileSync(name, 'utf8')]
const HOST = ['ip-addr.json', 'ip-route.json', 'ip-rule.json', 'sysctl.txt'].map(
  (name) => `examples/nodeport-clash/host/${name}`,
)

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]

/** Packets a second: all of them through one new machine, the median of some runs. `each`: what is done besides. */
function speed(world, packets, each = () => {}, runs = 5) {
  const seconds = Array.from({ length: runs + 1 }, () => {
    const simulator = new Simulator(world)
    const started = performance.now()
    for (const packet of packets) each(simulator.send(packet))
    return (performance.now() - started) / 1000
  })
  // the first one is to warm up
  return packets.length / median(seconds.slice(1))
}

const tell = (what, number) =>
  process.stdout.write(`${what}: ${Math.round(number).toLocaleString('en')} packets a second\n`)

const OWN = '172.28.129.4'
const PACKETS = 100_000
const PORTS = [52_000, 80, 22, 443, 30_001, 30_017, 30_035, 8080]

/** The nth client: no two have both address and port in common. */
function client(n) {
  const host = n % 500
  const src = host < 250 ? `172.28.129.${host + 5}` : `198.51.100.${host - 250}`
  return { in: 'eth0', src, dst: OWN, sport: 1024 + Math.floor(n / 500), protocol: n % 5 === 4 ? 'udp' : 'tcp' }
}

const opening = (n) => ({ ...client(n), dport: PORTS[n % PORTS.length] })

/** Six packets: what a client sends, and what this host answers. */
function flow(n) {
  const there = opening(n)
  const back = { src: OWN, dst: there.src, protocol: there.protocol, sport: there.dport, dport: there.sport }
  if (there.protocol === 'udp') return [there, back, there, back, there, back]
  const flags = (packet, ...tcpFlags) => ({ ...packet, tcpFlags })
  return [
    flags(there, 'syn'),
    flags(back, 'syn', 'ack'),
    flags(there, 'ack'),
    flags(there, 'psh', 'ack'),
    flags(back, 'psh', 'ack'),
    flags(there, 'fin', 'ack'),
  ]
}

const example = await worldOf(read('examples/nodeport-clash/rules.v4'), ...HOST.map(read))
const openings = Array.from({ length: PACKETS }, (_, n) => opening(n))
const flows = Array.from({ length: PACKETS / 6 }, (_, n) => flow(n)).flat()
process.stdout.write(`examples/nodeport-clash, ${PACKETS.toLocaleString('en')} different packets:\n`)
tell('  each opens a flow', speed(example, openings))
tell('  flows of six with answers', speed(example, flows))
tell(
  '  the same, every step of every journey written out',
  speed(example, flows, ({ evidence }) => evidence.journey.steps.length),
)
const lines = flows.map((packet) => JSON.stringify(packet)).join('\n')
const fromLines = Array.from({ length: 5 }, () => {
  const started = performance.now()
  const simulator = new Simulator(example)
  for (const line of lines.split('\n')) simulator.send(readPacketJson(line).packet)
  return (performance.now() - started) / 1000
})
tell('  the same, read from lines of JSON', flows.length / median(fromLines))

/** KUBE-SERVICES with that many services, and the packet goes to the last. */
function services(count) {
  const chains = []
  const rules = []
  for (let i = 0; i < count; i++) {
    const ip = `10.${96 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`
    chains.push(`:KUBE-SVC-${i} - [0:0]`)
    rules.push(
      `-A KUBE-SERVICES -d ${ip}/32 -p tcp -m comment --comment "ns/svc-${i}" -m tcp --dport 80 -j KUBE-SVC-${i}`,
    )
    rules.push(`-A KUBE-SVC-${i} -p tcp -j DNAT --to-destination 172.28.129.9:80`)
  }
  const head =
    '*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n:KUBE-SERVICES - [0:0]\n'
  return `${head}${chains.join('\n')}\n-A PREROUTING -j KUBE-SERVICES\n${rules.join('\n')}\nCOMMIT\n`
}

const costs = []
for (const count of [100, 10_000]) {
  const world = await worldOf(['services', services(count)], ...HOST.map(read))
  const dst = `10.${96 + ((count - 1) >> 16)}.${((count - 1) >> 8) & 255}.${(count - 1) & 255}`
  const packets = Array.from({ length: PACKETS / 2 }, (_, n) => ({ ...client(n), protocol: 'tcp', dst, dport: 80 }))
  costs.push({ count, microseconds: 1e6 / speed(world, packets) })
}
for (const { count, microseconds } of costs)
  process.stdout.write(`${count} services: ${microseconds.toFixed(1)} µs a packet\n`)
process.stdout.write(`  ${(costs[1].microseconds / costs[0].microseconds).toFixed(2)} times as much\n`)

mkdirSync('tmp/bench', { recursive: true })
/** Seconds of processor time that `nfwhy simulate --ndjson` takes. */
function commandSeconds(rulesFile, packetsFile) {
  const args = ['bin/nfwhy.js', 'simulate', '--ndjson', rulesFile, ...HOST, '--packets', packetsFile]
  // a shell knows what its children took
  const { stdout } = spawnSync('sh', ['-c', '"$0" "$@" > /dev/null 2>&1; times', 'node', ...args], { encoding: 'utf8' })
  const [user, system] = stdout.trim().split('\n')[1].split(' ')
  const seconds = (time) => Number(/^(\d+)m/.exec(time)[1]) * 60 + Number(/m([\d.]+)s/.exec(time)[1])
  return seconds(user) + seconds(system)
}
const written = [100, 10_000].map((count) => {
  const dst = `10.${96 + ((count - 1) >> 16)}.${((count - 1) >> 8) & 255}.${(count - 1) & 255}`
  const [rulesFile, all, one] = ['rules', 'packets', 'packet'].map((what) => `tmp/bench/services-${count}.${what}`)
  const lines = Array.from({ length: PACKETS / 2 }, (_, n) =>
    JSON.stringify({ ...client(n), protocol: 'tcp', dst, dport: 80 }),
  )
  writeFileSync(rulesFile, services(count))
  writeFileSync(all, lines.join('\n'))
  writeFileSync(one, lines[0])
  // in turn, and without what the rules and the first packet take
  const seconds = Array.from({ length: 5 }, () => commandSeconds(rulesFile, all) - commandSeconds(rulesFile, one))
  return { count, microseconds: (1e6 * median(seconds)) / lines.length }
})
for (const { count, microseconds } of written)
  process.stdout.write(
    `simulate --ndjson, ${count} services: ${microseconds.toFixed(1)} µs of processor time a packet\n`,
  )
process.stdout.write(`  ${(written[1].microseconds / written[0].microseconds).toFixed(2)} times as much\n`)

const rules = services(25_000)
writeFileSync('tmp/bench/50000.rules', rules)
const ours = []
const theirs = []
for (let i = 0; i < 7; i++) {
  let started = performance.now()
  await worldOf(['50,000 rules', rules])
  ours.push(performance.now() - started)
  started = performance.now()
  const { status } = spawnSync('unshare', ['-n', 'iptables-legacy-restore', '--test', 'tmp/bench/50000.rules'], {
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
  })
  if (status === 0) theirs.push(performance.now() - started)
}
process.stdout.write(`50,000 rules read: ${median(ours).toFixed(0)} ms`)
process.stdout.write(
  theirs.length > 0
    ? `; iptables-restore --test ${median(theirs).toFixed(0)} ms: ${(median(ours) / median(theirs)).toFixed(1)} times\n`
    : '\n',
)
