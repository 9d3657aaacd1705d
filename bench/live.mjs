/**
 * npm run bench:live [-- ROUNDS [OTHER]]: what a live trace costs and how soon it tells. As root, in namespaces of its own: a
 * sender, a router with rules, a receiver. Forwarded throughput with `nfwhy trace` at its default limit and without, in
 * turn; the time until it is ready, also of OTHER, another folder of nfwhy's, in turn; and the time from a packet to its
 * journey on standard output. With 0 rounds the throughput is left out.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const PAIRS = Number(process.argv[2] ?? 20)
const OTHER = process.argv[3] === undefined ? undefined : resolve(process.argv[3])
const STARTS = 15
process.chdir(fileURLToPath(new URL('..', import.meta.url)))
/** Milliseconds. */
const WINDOW = 1000
const SETTLE = 500
const [A, R, C] = ['a', 'r', 'c'].map((name) => `nfwhybench-${name}`)
const ip = (...words) => execFileSync('ip', words, { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' })
const inside = (namespace, ...words) => ['ip', 'netns', 'exec', namespace, ...words]

const RULES = `
add table inet filter
add chain inet filter forward { type filter hook forward priority 0; policy drop; }
add rule inet filter forward ct state established,related accept
${Array.from({ length: 50 }, (_, i) => `add rule inet filter forward tcp dport ${10000 + i} accept`).join('\n')}
add rule inet filter forward tcp dport 5000 accept
add rule inet filter forward udp dport 5000 accept
`

function build() {
  for (const name of [A, R, C]) ip('netns', 'add', name)
  for (const [end, address, near, far, gateway] of [
    [A, '198.51.100.2/24', 'left', '198.51.100.1/24', '198.51.100.1'],
    [C, '203.0.113.2/24', 'right', '203.0.113.1/24', '203.0.113.1'],
  ]) {
    ip('link', 'add', near, 'netns', R, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', end)
    ip('-n', end, 'addr', 'add', address, 'dev', 'eth0')
    ip('-n', end, 'link', 'set', 'eth0', 'up')
    ip('-n', R, 'addr', 'add', far, 'dev', near)
    ip('-n', R, 'link', 'set', near, 'up')
    ip('-n', end, 'route', 'add', 'default', 'via', gateway)
  }
  execFileSync('ip', inside(R, 'sysctl', '-qw', 'net.ipv4.ip_forward=1').slice(1))
  execFileSync('ip', inside(R, 'nft', '-f', '-').slice(1), { input: RULES })
}

// Each on a processor of its own: where the system moves them about, that alone makes a tenth more or less.
// Reno sends what it can; BBR, which some systems have, sends at a pace that it guesses, whatever a router costs.
const RECEIVE = `
import os, socket
os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
s = socket.create_server(('203.0.113.2', 5000)); print('listening', flush=True); c, _ = s.accept(); b = bytearray(1 << 20)
while c.recv_into(b): pass
`
const SEND = `
import os, socket
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
s = socket.socket(); s.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b'reno'); s.connect(('203.0.113.2', 5000)); b = bytes(1 << 20)
while True: s.sendall(b)
`

function trace(folder, ...words) {
  const child = spawn('node', [`${folder}/bin/nfwhy.js`, 'trace', '--via', inside(R).join(' '), ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ready = new Promise((resolve, reject) => {
    let said = ''
    child.stderr.on('data', (text) => {
      said += text
      if (/^Ready/m.test(said)) resolve()
    })
    child.on('exit', (code) => reject(new Error(`nfwhy trace ended (${code}): ${said}`)))
  })
  ready.catch(() => {})
  return {
    ready,
    lines: createInterface({ input: child.stdout }),
    async stop() {
      child.kill('SIGINT')
      if (child.exitCode === null) await once(child, 'exit')
    },
  }
}

const quantile = (values, q) =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))]
const median = (values) => quantile(values, 0.5)

/** Without, with `nfwhy trace`, and with nothing but a rule like the one it adds: in turn, while one connection sends all the time. */
async function throughput() {
  const receiver = spawn('ip', inside(C, 'python3', '-c', RECEIVE).slice(1), { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(receiver.stdout, 'data')
  const sender = spawn('ip', inside(A, 'python3', '-c', SEND).slice(1), { stdio: ['ignore', 'ignore', 'inherit'] })
  const rule = (words) => execFileSync('ip', inside(R, 'nft', words).slice(1))
  const rates = { without: [], traced: [], again: [], rule: [] }
  try {
    await sleep(SETTLE)
    for (let i = 0; i < PAIRS; i++) {
      rates.without.push(await rate(receiver.pid))
      const session = trace('.', '--ndjson', 'tcp dst port 5000')
      await session.ready
      rates.traced.push(await rate(receiver.pid))
      await session.stop()
      rates.again.push(await rate(receiver.pid))
      rule(
        'add table inet own; add chain inet own c { type filter hook prerouting priority -350; }; ' +
          'add rule inet own c tcp dport 5000 limit rate 10/second burst 10 packets meta nftrace set 1',
      )
      rates.rule.push(await rate(receiver.pid))
      rule('delete table inet own')
    }
  } finally {
    sender.kill()
    receiver.kill()
  }
  const show = (values) => `${median(values).toFixed(0)} MB/s`.padStart(10)
  // against the mean of before and behind: other work of the machine comes and goes
  const base = rates.without.map((before, i) => (before + rates.again[i]) / 2)
  const to = (values, other) => spread(values.map((value, i) => value / other[i]))
  process.stdout.write(`Forwarded TCP, ${PAIRS} rounds in turn, of ${WINDOW / 1000} s each:\n`)
  process.stdout.write(`  without             ${show(rates.without)}\n`)
  process.stdout.write(`  nfwhy trace         ${show(rates.traced)}  to without: ${to(rates.traced, base)}\n`)
  process.stdout.write(`  its rule alone      ${show(rates.rule)}  to without: ${to(rates.rule, base)}\n`)
  process.stdout.write(
    `  without, once more  ${show(rates.again)}  to without: ${to(rates.again, rates.without)}, which is what chance alone does\n`,
  )
}

/** MB a second that come in at the namespace of a process, once what was changed has settled. */
async function rate(pid) {
  await sleep(SETTLE)
  const [before, began] = [received(pid), performance.now()]
  await sleep(WINDOW)
  return (received(pid) - before) / (performance.now() - began) / 1000
}

const received = (pid) => Number(/eth0:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/net/dev`, 'utf8'))[1])

/** Each datagram has a source port of its own, by which its journey is known again. */
const DATAGRAMS = `
import socket, time
for port in range(20000, 20200):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('198.51.100.2', port))
    print(port, time.time(), flush=True); s.sendto(b'x', ('203.0.113.2', 5000)); s.close(); time.sleep(0.02)
`

const spread = (values) =>
  `median ${median(values).toFixed(3)}, quartiles ${quantile(values, 0.25).toFixed(3)} to ${quantile(values, 0.75).toFixed(3)}`

/** Milliseconds from the command to `Ready`. */
async function start(folder) {
  const began = performance.now()
  const session = trace(folder, 'tcp dst port 5000')
  await session.ready
  const took = performance.now() - began
  await session.stop()
  return took
}

async function starts() {
  const times = { here: [], other: [] }
  for (let i = 0; i < STARTS; i++) {
    times.here.push(await start('.'))
    if (OTHER) times.other.push(await start(OTHER))
  }
  process.stdout.write(`From the command to "Ready", ${STARTS} starts, milliseconds: ${spread(times.here)}\n`)
  if (!OTHER) return
  process.stdout.write(`  of ${OTHER}: ${spread(times.other)}\n`)
  process.stdout.write(`  to it: ${spread(times.here.map((took, i) => took / times.other[i]))}\n`)
}

async function latency() {
  const session = trace('.', '--ndjson', '--rate', 'unlimited', 'udp dst port 5000')
  await session.ready
  const came = new Map()
  session.lines.on('line', (line) => {
    const port = JSON.parse(line).packet?.sport
    if (port !== undefined && !came.has(port)) came.set(port, Date.now() / 1000)
  })
  const sent = execFileAsync('ip', inside(A, 'python3', '-c', DATAGRAMS).slice(1))
  const times = (await sent)
    .trim()
    .split('\n')
    .map((line) => line.split(' ').map(Number))
  await sleep(1500)
  await session.stop()
  const found = times.flatMap(([port, at]) => (came.has(port) ? [(came.get(port) - at) * 1000] : []))
  process.stdout.write(
    `From a packet to its journey, ${found.length} of ${times.length} datagrams: median ${median(found).toFixed(1)} ms, ` +
      `nine of ten within ${quantile(found, 0.9).toFixed(1)} ms, the last ${Math.max(...found).toFixed(1)} ms\n`,
  )
}

const execFileAsync = async (program, words) => {
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  for await (const chunk of child.stdout) text += chunk
  return text
}

build()
try {
  await starts()
  await latency()
  if (PAIRS > 0) await throughput()
} finally {
  for (const name of [A, R, C]) ip('netns', 'del', name)
}
