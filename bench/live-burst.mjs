/**
 * node bench/live-burst.mjs [RUNS]: a burst of 200,000 trace events in a network namespace of its own, received by
 * `nft monitor trace` and by our receiver at once: how many each kept. The rules count, so how many there were is known.
 * Then the time from a packet to its events in this process, and to its journey. Needs root, ip, nft, python3 and koffi.
 */
import { spawn, spawnSync } from 'node:child_process'
import { closeSync, createReadStream, mkdirSync, openSync, rmSync, statSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'rolldown'
import { CaptureExplainer, formatById, recognise, WorldBuilder } from '../dist/index.js'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const { format: nftNetlink } = formatById('nft-netlink')
await nftNetlink.load()
const runs = Number(process.argv[2] ?? 3)
const RULES = 10
/** Each meets its rules twice, at output and at input over lo, and in front of the first the one that traces it. */
const EVENTS_EACH = 2 * RULES + 1
const PACKETS = Math.ceil(200_000 / EVENTS_EACH)
const NAME = `nfwhy-burst-${process.pid}`
const FOLDER = `tmp/bench/live-${process.pid}`
const say = (text) => process.stdout.write(`${text}\n`)

// the last rule of each chain ends it, so that nothing but rules makes events
const chain = (hook, first, last) => `chain ${hook} { type filter hook ${hook} priority 0; policy accept;
${[...first, ...Array(RULES - 1).fill('counter'), `counter ${last}`].map((rule) => `udp dport 9 ${rule}`).join('\n')}
}`
const RULESET = `table inet burst {
${chain('output', ['counter meta nftrace set 1'], 'accept')}
${chain('input', [], 'drop')}
}`

/** `sender.py COUNT MICROSECONDS`: packets to port 9, each from another port where they have time. */
const SENDER = `
import socket, sys, time
count, pause = int(sys.argv[1]), int(sys.argv[2]) / 1e6
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(count):
    if pause:
        time.sleep(pause)
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind(('127.0.0.1', 20000 + i))
    now = time.monotonic_ns()
    s.sendto(b'x', ('127.0.0.1', 9))
    if pause:
        print(20000 + i, now, flush=True)
`

function inside(...command) {
  const { status, stdout, stderr } = spawnSync('ip', ['netns', 'exec', NAME, ...command], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command[0]}: ${stderr}`)
  return stdout
}

async function buildReceiver() {
  const input = { receiver: 'src/kernel/receiver.ts' }
  await build({ input, platform: 'node', output: { dir: FOLDER, format: 'esm', entryFileNames: '[name].mjs' } })
  return import(pathToFileURL(`${FOLDER}/receiver.mjs`).href)
}

async function listen(receive) {
  const receiver = receive({ what: 'nft-trace', namespace: `/run/netns/${NAME}` }, fileURLToPath(DIST))
  await receiver.ready
  return receiver
}
const DIST = new URL('../dist/receiver.cjs', import.meta.url)

async function burst(receive) {
  inside('nft', `flush ruleset; ${RULESET}`)
  const file = `${FOLDER}/monitor.txt`
  const fd = openSync(file, 'w')
  const monitor = spawn('ip', ['netns', 'exec', NAME, 'nft', 'monitor', 'trace'], { stdio: ['ignore', fd, 'ignore'] })
  const receiver = await listen(receive)
  await wait(500)
  const world = worldNow()
  const explainer = new CaptureExplainer(
    nftNetlink,
    world,
    () => {},
    (closed) => closed.open,
  )
  const reading = (async () => {
    for await (const chunk of receiver.chunks) explainer.push(chunk)
  })()
  const started = performance.now()
  const sender = spawn('ip', ['netns', 'exec', NAME, 'python3', '-c', SENDER, String(PACKETS), '0'], {
    stdio: 'inherit',
  })
  await new Promise((resolve) => sender.on('exit', resolve))
  const took = (performance.now() - started) / 1000
  await receiver.stop()
  await reading
  explainer.end()
  await settled(file)
  monitor.kill('SIGINT')
  await new Promise((resolve) => monitor.on('exit', resolve))
  closeSync(fd)
  const counted = [...inside('nft', 'list', 'ruleset').matchAll(/counter packets (\d+)/g)]
  const there = counted.reduce((sum, [, packets]) => sum + Number(packets), 0)
  const { events, journeys, lost } = explainer.stats
  return { there, events, journeys, lost, told: receiver.lost(), monitor: await ruleLines(file), took }
}

function worldNow() {
  const text = inside('nft', '-a', 'list', 'ruleset')
  const builder = new WorldBuilder()
  builder.add('rules', text, recognise(text))
  return builder.world
}

/** The monitor writes what it has when it has time. */
async function settled(file) {
  for (let before = -1, size = 0; size !== before; ) {
    before = size
    await wait(1000)
    size = statSync(file).size
  }
}

async function ruleLines(file) {
  let count = 0
  for await (const line of createInterface({ input: createReadStream(file) }))
    if (/ rule .*\(verdict /.test(line)) count++
  return count
}

/** Milliseconds from a packet's sending to its first events, and to its journey, of packets that come one by one. */
async function delays(receive, count) {
  inside('nft', `flush ruleset; ${RULESET}`)
  const receiver = await listen(receive)
  const arrived = new Map()
  const explained = new Map()
  let now = 0n
  const explainer = new CaptureExplainer(
    nftNetlink,
    worldNow(),
    () => {},
    (closed) => {
      const { sport } = closed.explain().packet
      arrived.set(sport, now)
      explained.set(sport, process.hrtime.bigint())
    },
  )
  const reading = (async () => {
    for await (const chunk of receiver.chunks) {
      now = process.hrtime.bigint()
      explainer.push(chunk)
    }
  })()
  const sender = spawn('ip', ['netns', 'exec', NAME, 'python3', '-c', SENDER, String(count), '10000'])
  const sent = new Map()
  for await (const line of createInterface({ input: sender.stdout })) {
    const [port, at] = line.split(' ')
    sent.set(Number(port), BigInt(at))
  }
  await receiver.stop()
  await reading
  const since = (map) => [...map].map(([port, at]) => Number(at - sent.get(port)) / 1e6).sort((a, b) => a - b)
  return { arrived: since(arrived), explained: since(explained) }
}

const percent = (part, whole) => `${((100 * part) / whole).toFixed(1)} %`
const at = (list, part) => list[Math.min(list.length - 1, Math.floor(part * list.length))].toFixed(2)

mkdirSync(FOLDER, { recursive: true })
spawnSync('ip', ['netns', 'add', NAME], { stdio: 'inherit' })
try {
  const { receive } = await buildReceiver()
  inside('ip', 'link', 'set', 'lo', 'up')
  for (let run = 1; run <= runs; run++) {
    const { there, events, journeys, lost, told, monitor, took } = await burst(receive)
    say(`run ${run}: ${there} events of ${PACKETS} packets in ${took.toFixed(2)} s`)
    say(
      `  nfwhy              kept ${events} (${percent(events, there)}), ${journeys} journeys; says that ${lost} are lost (${told} by the receiver)`,
    )
    say(`  nft monitor trace  kept ${monitor} (${percent(monitor, there)})`)
    if (events + lost !== there || lost !== told)
      throw new Error('kept and lost events do not make those that there were')
    if (lost > 0) process.exitCode = 1
  }
  const { arrived, explained } = await delays(receive, 300)
  say(
    `from packet to event    median ${at(arrived, 0.5)} ms, 99 % within ${at(arrived, 0.99)} ms (${arrived.length} packets)`,
  )
  say(`from packet to journey  median ${at(explained, 0.5)} ms, 99 % within ${at(explained, 0.99)} ms`)
} finally {
  spawnSync('ip', ['netns', 'del', NAME])
  rmSync(FOLDER, { recursive: true, force: true })
}
