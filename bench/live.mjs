/**
 * npm run bench:live: what a live trace costs and how soon it tells. As root, in namespaces of its own: a sender, a router
 * with rules, a receiver. Forwarded throughput with `nfwhy trace` at its default limit and without, in turn; and the time
 * from a packet to its journey on standard output.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const PAIRS = Number(process.argv[2] ?? 10)
const SECONDS = 1.5
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

const RECEIVE = `
import socket, sys, time
s = socket.create_server(('203.0.113.2', 5000)); print('listening', flush=True)
while True:
    c, _ = s.accept(); n = 0; t = time.monotonic()
    while True:
        d = c.recv(1 << 20)
        if not d: break
        n += len(d)
    print(n / (time.monotonic() - t), flush=True)
`
const SEND = `
import socket, time
s = socket.create_connection(('203.0.113.2', 5000)); b = bytes(1 << 20); end = time.monotonic() + ${SECONDS}
while time.monotonic() < end: s.sendall(b)
`

function trace(...words) {
  const child = spawn('node', ['bin/nfwhy.js', 'trace', '--via', inside(R).join(' '), ...words], {
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

async function throughput() {
  const receiver = spawn('ip', inside(C, 'python3', '-c', RECEIVE).slice(1), { stdio: ['ignore', 'pipe', 'inherit'] })
  const rates = createInterface({ input: receiver.stdout })[Symbol.asyncIterator]()
  await rates.next()
  const once_ = async () => {
    execFileSync('ip', inside(A, 'python3', '-c', SEND).slice(1))
    return Number((await rates.next()).value)
  }
  await once_()
  const [without, traced, ratios, controls] = [[], [], [], []]
  for (let i = 0; i < PAIRS; i++) {
    const before = await once_()
    const session = trace('--ndjson', 'tcp dst port 5000')
    await session.ready
    const live = await once_()
    await session.stop()
    const after = await once_()
    without.push(before, after)
    traced.push(live)
    ratios.push((2 * live) / (before + after))
    controls.push(after / before)
  }
  receiver.kill()
  const show = (values) =>
    `${(median(values) / 1e6).toFixed(0)} MB/s (${(Math.min(...values) / 1e6).toFixed(0)} to ${(Math.max(...values) / 1e6).toFixed(0)})`
  process.stdout.write(`Forwarded TCP, ${PAIRS} pairs of ${SECONDS} s in turn:\n`)
  process.stdout.write(`  without  ${show(without)}\n  traced   ${show(traced)}, at most 10 packets a second\n`)
  process.stdout.write(
    `  traced / without:  ${spread(ratios)}\n  without / without: ${spread(controls)}, which is what chance alone does\n`,
  )
}

/** Each datagram has a source port of its own, by which its journey is known again. */
const DATAGRAMS = `
import socket, time
for port in range(20000, 20200):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('198.51.100.2', port))
    print(port, time.time(), flush=True); s.sendto(b'x', ('203.0.113.2', 5000)); s.close(); time.sleep(0.02)
`

const spread = (values) =>
  `median ${median(values).toFixed(3)}, quartiles ${quantile(values, 0.25).toFixed(3)} to ${quantile(values, 0.75).toFixed(3)}`

async function latency() {
  const session = trace('--ndjson', '--rate', 'unlimited', 'udp dst port 5000')
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
  await new Promise((resolve) => setTimeout(resolve, 1500))
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
  await latency()
  await throughput()
} finally {
  for (const name of [A, R, C]) ip('netns', 'del', name)
}
