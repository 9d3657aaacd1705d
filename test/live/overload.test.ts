/** More packets than can be told: what is held is bounded, the end comes in time, and each kind of packet is told all the same. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { TestPlace, type WhenOver, whyNoPlace } from './lab/place.ts'
import { Slowness } from './lab/slowness.ts'
import { changesAfter, snapshot } from './lab/snapshot.ts'

const missing = whyNoPlace('python3')

const PORTS = [9001, 9002, 9003, 9004]
const RARE = 9999
const SETUP = `nft -f - <<'END'
table inet t {
  chain input { type filter hook input priority 0; policy accept;
    ct state established counter
    ${[...PORTS, RARE].map((port) => `udp dport ${port} counter drop`).join('\n    ')}
  }
  chain output { type filter hook output priority 0; policy accept; counter; }
}
END`

/** 20,000 packets a second, as far as the machine makes them, and forty of another kind. */
const FLOOD = `
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
start = time.monotonic()
sent = rare = 0
while True:
    now = time.monotonic() - start
    for i in range(min(int(now * 20000) - sent, 1000)):
        s.sendto(b'x' * 32, ('127.0.0.1', 9001 + sent % 4))
        sent += 1
    if now * 40 > rare:
        s.sendto(b'x', ('127.0.0.1', ${RARE}))
        rare += 1
    time.sleep(0.0005)
`

/** Seconds. */
const FOR = 5
/** Packets read, among which one in five hundred has to be. */
const ENOUGH = 5000
/** Packets sent of which not all are told. */
const MANY = 40_000
/** Megabytes. */
const MOST = 512
/** Milliseconds behind --for, on a machine that has nothing else to do: half of it to read on, half to tell. */
const MOST_LATE = 4000

async function flooded(whenOver: WhenOver, words: readonly string[]) {
  const place = await TestPlace.open(whenOver, { setup: SETUP })
  const before = await snapshot(place)
  const slowness = new Slowness(whenOver)
  const flood = place.background(`exec python3 -c "${FLOOD}"`)
  const run = place.trace([...words, '--rate', 'unlimited', '--for', `${FOR}s`])
  await run.says(/^Ready/m)
  const ready = Date.now()
  let memory = 0
  const looking = setInterval(() => {
    memory = Math.max(memory, mostMemory(run.child.pid!))
  }, 20)
  const ended = await run.ended
  clearInterval(looking)
  flood.kill('SIGKILL')
  const { output } = await place.run('nft list chain inet t input')
  const sent = [...output.matchAll(/packets (\d+)/g)].reduce((sum, [, packets]) => sum + Number(packets), 0)
  return {
    ...ended,
    sent,
    memory,
    late: (Date.now() - ready - FOR * 1000) / slowness.now,
    left: await changesAfter(before, place, run.mark, 2),
  }
}

/** Megabytes, of all the time until now. */
function mostMemory(pid: number): number {
  try {
    return Number(/^VmHWM:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))![1]) / 1024
  } catch {
    // it has ended
    return 0
  }
}

const portsOf = (journeys: readonly { packet: { dport?: number } }[]) =>
  [...new Set(journeys.map(({ packet }) => packet.dport))].filter((port) => port !== undefined).sort()

describe.skipIf(missing)(`20,000 packets a second${missing ? `: ${missing}` : ''}`, () => {
  test.for(['--ndjson', '--json', '--plain'])('%s', async (form, { onTestFinished }) => {
    const { code, stdout, stderr, sent, memory, late, left } = await flooded(onTestFinished, [form])
    expect(code, stderr).toBe(1)
    expect(memory).toBeLessThan(MOST)
    expect(late, stderr).toBeLessThan(MOST_LATE)
    expect(left.filter((line) => !/process|python/.test(line))).toEqual([])
    if (form === '--plain') {
      for (const port of PORTS) expect(stdout).toContain(`udp dport ${port}`)
      return
    }
    const document = form === '--json' ? JSON.parse(stdout) : undefined
    const lines = document
      ? []
      : stdout
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line))
    const { stats, warnings } = document ?? lines.pop().summary
    const journeys = document?.journeys ?? lines.filter((line) => line.exchange === undefined)
    expect(stats.journeys).toBe(journeys.length)
    const { shedPackets, shedEvents, unread } = stats.overload ?? { shedPackets: 0, shedEvents: 0, unread: 0 }
    // on a machine that has time for little else than the flood, none of them may have been read
    const rare = stats.journeys + shedPackets >= ENOUGH ? [RARE] : []
    expect(portsOf(journeys)).toEqual(expect.arrayContaining([...PORTS, ...rare]))
    // nothing is told of a packet that lost a part of itself but that it did
    for (const { outcome } of journeys) expect(['dropped', 'undetermined']).toContain(outcome)
    // more came than even a fast machine can print; unless this one, which others keep busy, had no time to send it
    if (sent > MANY) expect(shedPackets + unread).toBeGreaterThan(0)
    expect(stats.lost).toBeGreaterThanOrEqual(shedEvents + unread)
    const codes = warnings.map(({ code }: { code: string }) => code)
    expect(codes.includes('packets-left-out')).toBe(shedPackets > 0)
    expect(codes.includes('events-unread')).toBe(unread > 0)
  })
})
