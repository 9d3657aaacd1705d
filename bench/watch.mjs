/**
 * node bench/watch.mjs [RUNS]: `nfwhy watch` under 200,000 drops, of one tuple and of ten thousand: are all counted, what
 * part of a CPU does it take, and how fast are packets sent and dropped with it and without it, in turns. Between two network
 * namespaces of its own. Needs root, ip, python3 and koffi, and a built dist/.
 */
import { spawn, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const runs = Number(process.argv[2] ?? 3)
const DROPS = 200_000
const [HERE, THERE] = [`nfwhy-bench-watch-${process.pid}`, `nfwhy-bench-watch-${process.pid}-b`]
const say = (text) => process.stdout.write(`${text}\n`)
/** /proc/PID/stat counts in hundredths of a second. */
const TICK = 0.01

/** `COUNT PORTS`: packets that a rule drops, to so many ports in turn; prints how long they took, in seconds. */
const SENDER = `
import socket, sys, time
count, ports = int(sys.argv[1]), int(sys.argv[2])
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
ends = [('198.51.100.1', 20000 + i) for i in range(ports)]
begun = time.monotonic()
for i in range(count):
    s.sendto(b'x', ends[i % ports])
print(time.monotonic() - begun)
`

function run(...command) {
  const { status, stderr } = spawnSync(command[0], command.slice(1), { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command.join(' ')}: ${stderr}`)
}

function setUp() {
  for (const name of [HERE, THERE]) {
    run('ip', 'netns', 'add', name)
    run('ip', 'netns', 'exec', name, 'sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1')
  }
  run('ip', '-n', HERE, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', THERE)
  run('ip', '-n', HERE, 'addr', 'add', '198.51.100.1/24', 'dev', 'eth0')
  run('ip', '-n', THERE, 'addr', 'add', '198.51.100.2/24', 'dev', 'eth0')
  for (const name of [HERE, THERE]) run('ip', '-n', name, 'link', 'set', 'eth0', 'up')
  run('ip', 'netns', 'exec', HERE, 'iptables', '-A', 'INPUT', '-p', 'udp', '--dport', '20000:40000', '-j', 'DROP')
}

async function send(ports) {
  const sender = spawn('ip', ['netns', 'exec', THERE, 'python3', '-c', SENDER, String(DROPS), String(ports)])
  let output = ''
  sender.stdout.on('data', (data) => {
    output += data
  })
  await new Promise((resolve) => sender.on('exit', resolve))
  return Number(output)
}

/** Seconds of CPU that the process, its threads and children that have ended have taken. */
function cpuOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /, '')
    .split(' ')
  return fields.slice(11, 15).reduce((sum, one) => sum + Number(one), 0) * TICK
}

/** Its eBPF program is there, and the first look is over. */
async function isReady(pid) {
  const hasProgram = () =>
    readdirSync(`/proc/${pid}/fdinfo`).some((fd) => {
      try {
        return readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8').includes('prog_id')
      } catch {
        return false
      }
    })
  while (!hasProgram()) await wait(50)
  await wait(4000)
}

async function watched(ports) {
  const child = spawn('ip', ['netns', 'exec', HERE, process.execPath, 'bin/nfwhy.js', 'watch', '--json'])
  let output = ''
  child.stdout.on('data', (data) => {
    output += data
  })
  child.stderr.pipe(process.stderr)
  await isReady(child.pid)
  const [idle, idleSince] = [cpuOf(child.pid), performance.now()]
  await wait(3000)
  const idleShare = (cpuOf(child.pid) - idle) / ((performance.now() - idleSince) / 1000)
  const [before, since] = [cpuOf(child.pid), performance.now()]
  const took = await send(ports)
  // what is left to be looked at is its work as well
  await wait(1500)
  const cpu = cpuOf(child.pid) - before
  const share = cpu / ((performance.now() - since) / 1000)
  const ended = new Promise((resolve) => child.on('close', resolve))
  child.kill('SIGTERM')
  await ended
  const { kinds, missed, folded } = JSON.parse(output)
  const ours = kinds.filter(({ reason }) => reason === 'NETFILTER_DROP')
  const counted = ours.reduce((sum, { count }) => sum + count, 0)
  const named = ours.filter(({ rule }) => rule).reduce((sum, { count }) => sum + count, 0)
  return { took, cpu, share, idleShare, counted, named, missed, folded, tuples: ours.map((one) => one.tuples) }
}

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1]
const each = (list) => list.map((one) => one.toFixed(2)).join(', ')

try {
  setUp()
  await send(1)
  for (const ports of [1, 10_000]) {
    const without = []
    const ratios = []
    const shares = []
    const idle = []
    for (let i = 0; i < runs; i++) {
      const before = await send(ports)
      const one = await watched(ports)
      const behind = await send(ports)
      const unwatched = (before + behind) / 2
      without.push(unwatched)
      ratios.push(unwatched / one.took)
      shares.push(one.share)
      idle.push(one.idleShare)
      say(
        `${DROPS} drops of ${ports} tuples: ${one.counted} counted (${one.folded} without their tuple), ${one.missed} not looked at; ` +
          `the rule named of ${one.named}; tuples told apart: ${one.tuples.join(' + ')}; ${one.cpu.toFixed(2)} s of CPU`,
      )
    }
    say(`  packets a second without it: ${each(without.map((seconds) => DROPS / seconds / 1000))} thousand`)
    say(`  throughput with it, of that without it: ${each(ratios)}; median ${median(ratios).toFixed(2)}`)
    say(`  its part of one CPU: ${each(shares)}, while nothing is dropped ${each(idle)}`)
  }
} finally {
  for (const name of [HERE, THERE]) spawnSync('ip', ['netns', 'del', name])
}
