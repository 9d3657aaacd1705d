/**
 * node bench/drops.mjs [RUNS]: how long a drop takes from the kernel to this process; 200,000 drops at once, how many are
 * kept and how many lost; and what watching costs each of them, against none who watches and one who watches another
 * namespace, in turns. Between two network namespaces of its own. Needs root, ip, python3 and koffi, and a built dist/.
 */
import { spawn, spawnSync } from 'node:child_process'
import { rmSync, statSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'rolldown'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const runs = Number(process.argv[2] ?? 3)
const DROPS = 200_000
const [HERE, THERE] = [`nfwhy-bench-drops-${process.pid}`, `nfwhy-bench-drops-${process.pid}-b`]
const FOLDER = `tmp/bench/drops-${process.pid}`
const say = (text) => process.stdout.write(`${text}\n`)

/** `COUNT MICROSECONDS`: packets to a port where nobody listens; prints how long they took, in seconds. */
const SENDER = `
import socket, sys, time
count, pause = int(sys.argv[1]), int(sys.argv[2]) / 1e6
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
begun = time.monotonic()
for i in range(count):
    if pause:
        time.sleep(pause)
    while True:
        try:
            s.sendto(b'x', ('198.51.100.1', 9))
            break
        except ConnectionRefusedError:
            pass
print(time.monotonic() - begun)
`

function run(...command) {
  const { status, stderr } = spawnSync(command[0], command.slice(1), { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command.join(' ')}: ${stderr}`)
}

function setUp() {
  for (const name of [HERE, THERE]) run('ip', 'netns', 'add', name)
  run('ip', '-n', HERE, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', THERE)
  run('ip', '-n', HERE, 'addr', 'add', '198.51.100.1/24', 'dev', 'eth0')
  run('ip', '-n', THERE, 'addr', 'add', '198.51.100.2/24', 'dev', 'eth0')
  for (const name of [HERE, THERE]) run('ip', '-n', name, 'link', 'set', 'eth0', 'up')
}

/** Not from this thread, which is to receive meanwhile. */
async function send(count, pause) {
  const sender = spawn('ip', ['netns', 'exec', THERE, 'python3', '-c', SENDER, String(count), String(pause)])
  let output = ''
  sender.stdout.on('data', (data) => {
    output += data
  })
  await new Promise((resolve) => sender.on('exit', resolve))
  return Number(output)
}

async function buildWatch() {
  const input = { watch: 'src/kernel/bpf/watch.ts' }
  await build({ input, platform: 'node', output: { dir: FOLDER, format: 'esm', entryFileNames: '[name].mjs' } })
  const { watchDrops } = await import(pathToFileURL(`${FOLDER}/watch.mjs`).href)
  return (name) => watchDrops({ namespaceInode: statSync(`/run/netns/${name}`).ino }, THREAD)
}
const THREAD = fileURLToPath(new URL('../dist/drops.cjs', import.meta.url))

const at = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]
const isOurs = ({ packet }) => packet.dport === 9

async function latency(watchOf) {
  const begun = performance.now()
  const watch = watchOf(HERE)
  const late = []
  watch.onDrops((drops) => {
    const now = Date.now()
    for (const one of drops) if (isOurs(one)) late.push(now - Date.parse(one.time))
  })
  await watch.ready
  const ready = performance.now() - begun
  await send(500, 5000)
  await wait(100)
  await watch.stop()
  late.sort((a, b) => a - b)
  say(`ready after ${ready.toFixed(0)} ms`)
  say(`a drop is here after ${at(late, 0.5)} ms (median), ${at(late, 0.99)} ms (99 of 100); ${late.length} of 500`)
}

/** `name`: of the namespace that is watched, or none. */
async function flood(watchOf, name) {
  const watch = name && watchOf(name)
  let kept = 0
  watch?.onDrops((drops) => {
    kept += drops.filter(isOurs).length
  })
  await watch?.ready
  const took = await send(DROPS, 0)
  await watch?.stop()
  return { kept, lost: watch?.lost() ?? 0, missed: watch?.missed() ?? 0, each: (took / DROPS) * 1e6 }
}

try {
  setUp()
  const watchOf = await buildWatch()
  await latency(watchOf)
  const each = { none: [], elsewhere: [], here: [] }
  for (let i = 0; i < runs; i++) {
    each.none.push((await flood(watchOf)).each)
    each.elsewhere.push((await flood(watchOf, THERE)).each)
    const here = await flood(watchOf, HERE)
    each.here.push(here.each)
    say(`${DROPS} drops: ${here.kept} kept, ${here.lost} lost, ${here.missed} not looked at`)
  }
  const told = (list) => list.map((one) => one.toFixed(1)).join(', ')
  say(
    `microseconds a packet takes: unwatched ${told(each.none)}; elsewhere ${told(each.elsewhere)}; watched ${told(each.here)}`,
  )
} finally {
  for (const name of [HERE, THERE]) spawnSync('ip', ['netns', 'del', name])
  rmSync(FOLDER, { recursive: true, force: true })
}
