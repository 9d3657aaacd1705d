/**
 * npm run bench:simulate: packets a second through the model, and what thousands of services cost, as ratios in one run.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Machine, recognise, WorldBuilder } from '../dist/index.js'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

function worldOf(...files) {
  const builder = new WorldBuilder()
  for (const [name, text] of files) builder.add(name, text, recognise(text))
  return builder.world
}

const read = (name) => [name, readFileSync(name, 'utf8')]
const HOST = ['ip-addr.json', 'ip-route.json', 'ip-rule.json', 'sysctl.txt'].map(
  (name) => `examples/nodeport-clash/host/${name}`,
)

/** Packets a second, each the first of its flow; a new machine now and then, as its connections pile up. */
function speed(world, packet, seconds) {
  let machine = new Machine(world)
  const started = performance.now()
  let sent = 0
  while (performance.now() - started < seconds * 1000)
    for (let i = 0; i < 200; i++, sent++) {
      if (sent % 20_000 === 0) machine = new Machine(world)
      machine.send(packet(sent))
    }
  return sent / ((performance.now() - started) / 1000)
}

const example = worldOf(read('examples/nodeport-clash/rules.v4'), ...HOST.map(read))
const nodePort = (i) => ({
  in: 'eth0',
  src: '172.28.129.2',
  dst: '172.28.129.4',
  protocol: 'tcp',
  sport: 1024 + (i % 60_000),
  dport: i % 2 ? 52_000 : 80,
})
speed(example, nodePort, 1)
process.stdout.write(
  `examples/nodeport-clash: ${Math.round(speed(example, nodePort, 3)).toLocaleString('en')} packets a second\n`,
)

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

const costs = [100, 10_000].map((count) => {
  const world = worldOf(['services', services(count)], ...HOST.map(read))
  const dst = `10.${96 + ((count - 1) >> 16)}.${((count - 1) >> 8) & 255}.${(count - 1) & 255}`
  const packet = (i) => ({
    in: 'eth0',
    src: '172.28.129.2',
    dst,
    protocol: 'tcp',
    sport: 1024 + (i % 60_000),
    dport: 80,
  })
  speed(world, packet, 0.5)
  return { count, microseconds: 1e6 / speed(world, packet, 2) }
})
for (const { count, microseconds } of costs)
  process.stdout.write(`${count} services: ${microseconds.toFixed(1)} µs a packet\n`)
process.stdout.write(`  ${(costs[1].microseconds / costs[0].microseconds).toFixed(2)} times as much\n`)

const rules = services(25_000)
mkdirSync('tmp/bench', { recursive: true })
writeFileSync('tmp/bench/50000.rules', rules)
const ours = []
const theirs = []
for (let i = 0; i < 7; i++) {
  let started = performance.now()
  worldOf(['50,000 rules', rules])
  ours.push(performance.now() - started)
  started = performance.now()
  const { status } = spawnSync('unshare', ['-n', 'iptables-legacy-restore', '--test', 'tmp/bench/50000.rules'], {
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
  })
  if (status === 0) theirs.push(performance.now() - started)
}
const median = (times) => times.sort((a, b) => a - b)[Math.floor(times.length / 2)]
process.stdout.write(`50,000 rules read: ${median(ours).toFixed(0)} ms`)
process.stdout.write(
  theirs.length > 0
    ? `; iptables-restore --test ${median(theirs).toFixed(0)} ms: ${(median(ours) / median(theirs)).toFixed(1)} times\n`
    : '\n',
)
