/**
 * The receiver and the kernel: nothing that came is missing, what could not be kept is counted, and where it cannot be
 * had at all there is a reason.
 */
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { receive } from '../../src/kernel/receiver.ts'
import { nftNetlink } from '../../src/read/captures/netlink/format.ts'
import { nflogPcap } from '../../src/read/captures/nflog/format.ts'
import { explainFile } from '../journey/journeys.ts'
import { readCapture } from '../read/captures/read-capture.ts'
import { runInNamespace, whyNot } from './namespaces.ts'
import { buildReceiver, whyNoReceiver } from './receiver/build.ts'

const reason = whyNot('nft', 'ip', 'python3') ?? whyNoReceiver()
if (reason) console.warn(`nothing is received from the kernel: ${reason}`)
const program = reason ? '' : await buildReceiver()
const thread = join(dirname(program), 'receiver.cjs')

const folder = mkdtempSync(join(tmpdir(), 'nfwhy-receiver-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Each packet to port 9 meets four rules over lo, and nothing else makes events. */
const RULES = `table inet t {
  chain out { type filter hook output priority 0; udp dport 9 counter meta nftrace set 1; udp dport 9 counter accept; }
  chain in { type filter hook input priority 0; udp dport 9 counter; udp dport 9 counter log prefix "nine " group 5; udp dport 9 counter drop; }
}`
const EACH = 5
const START = `
cd ${folder}
ip link set lo up
nft '${RULES}'
start() { node ${program} "$1" $2 > $2.said & receiver=$!; for i in $(seq 500); do grep -qE 'ready|unavailable' $2.said && break; sleep 0.02; done; }
flood() { python3 -c "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range($1): s.sendto(b'x', ('127.0.0.1', 9))"; }
stop() { kill $receiver; wait $receiver; }
`
const bytesOf = (name: string) => new Uint8Array(readFileSync(join(folder, name)))
const saidOf = (name: string) => readFileSync(join(folder, `${name}.said`), 'utf8')
const lostOf = (name: string): number => JSON.parse(saidOf(name).trim().split('\n').at(-1)!).lost

describe.skipIf(reason)('events of nft', () => {
  it('all come, also those that are there when it is told to stop', () => {
    runInNamespace(`${START}
start '{"what":"nft-trace"}' whole; flood 2000; stop`)
    const { stats, journeys } = explainFile(bytesOf('whole'))
    expect([stats.events, stats.lost, lostOf('whole')]).toEqual([2000 * EACH, 0, 0])
    expect(journeys.length).toBe(2000)
  })

  it('that did not fit are counted, in the stream as well', () => {
    runInNamespace(`${START}
start '{"what":"nft-trace","bufferBytes":40000,"holdBytes":1000,"startReading":3000}' lossy; flood 4000; sleep 3; flood 3; stop`)
    const { events, lost, told } = readCapture(nftNetlink, bytesOf('lossy'))
    const { stats } = explainFile(bytesOf('lossy'))
    expect(stats.lost).toBeGreaterThan(10_000)
    expect(stats.events + stats.lost).toBe(4003 * EACH)
    expect(lostOf('lossy')).toBe(stats.lost)
    expect(told.map((one) => one.split(' ')[1])).toEqual(['events-lost'])
    // told behind what came before it, and in front of the last packets; each has two chains that it comes into
    expect(lost.length).toBeGreaterThan(0)
    expect(lost.at(-1)).toBeGreaterThan(0)
    expect(lost.at(-1)).toBeLessThanOrEqual(events.length - 3 * (EACH + 2))
  })

  it('wait for a reader that lags behind, and come then', () => {
    runInNamespace(`${START}
start '{"what":"nft-trace","holdBytes":50000,"startReading":1500}' late; flood 3000; sleep 2; stop`)
    const { stats } = explainFile(bytesOf('late'))
    expect([stats.events, stats.lost, lostOf('late')]).toEqual([3000 * EACH, 0, 0])
  })

  it('come with changes of the ruleset in their place, and not with its rules', () => {
    const many = Array.from({ length: 300 }, (_, i) => `udp dport ${1000 + i} accept`).join('; ')
    runInNamespace(`${START}
start '{"what":"nft-trace"}' changed; flood 1; nft 'add chain inet t more { ${many}; }'; flood 1; stop`)
    const { events, told } = readCapture(nftNetlink, bytesOf('changed'))
    expect(events.filter(({ point }) => point.type === 'rule').length).toBe(2 * EACH)
    // at the event behind it, as only that may have met other rules
    expect(told).toEqual([`${EACH + 2} ruleset-change`])
    expect(bytesOf('changed').length).toBeLessThan(4000)
    const changes = saidOf('changed')
      .split('\n')
      .filter((line) => line.includes('"change"'))
    expect(changes.map((line) => JSON.parse(line).change)).toEqual([
      { generation: expect.any(Number), pid: expect.any(Number), process: 'nft' },
    ])
  })
})

describe.skipIf(reason)('NFLOG', () => {
  it('gives the records of its group', () => {
    runInNamespace(`${START}
start '{"what":"nflog","group":5}' records; flood 2000; stop`)
    const { events, told } = readCapture(nflogPcap, bytesOf('records'), { links: [] })
    expect(events.length).toBe(2000)
    expect([told, lostOf('records')]).toEqual([[], 0])
    expect(events[0]).toMatchObject({
      point: { type: 'log', prefix: 'nine ', hook: 'input' },
      packet: { in: 'lo', src: '127.0.0.1', dst: '127.0.0.1', protocol: 'udp', dport: 9, length: 29 },
    })
  })

  it('says how many records are missing, and where', () => {
    runInNamespace(`${START}
start '{"what":"nflog","group":5,"bufferBytes":40000,"holdBytes":1000,"startReading":2000}' gaps; flood 20000; sleep 2.5; flood 1; stop`)
    const read = readCapture(nflogPcap, bytesOf('gaps'))
    expect(lostOf('gaps')).toBeGreaterThan(1000)
    expect(read.events.length + lostOf('gaps')).toBe(20_001)
    expect(read.messages.join()).toContain(`${lostOf('gaps')} records are missing`)
    expect(read.lost.length).toBeGreaterThan(0)
  })

  it('says that a group is taken, and by whom', () => {
    runInNamespace(`${START}
start '{"what":"nflog","group":5}' first; first=$receiver; echo "$first" > first.pid
start '{"what":"nflog","group":5}' second; stop
receiver=$first; flood 3; stop`)
    const said = JSON.parse(saidOf('second'))
    const pid = readFileSync(join(folder, 'first.pid'), 'utf8').trim()
    expect(said).toMatchObject({ unavailable: 'taken' })
    expect(said.message).toMatch(/^another program reads NFLOG group 5 \(E[A-Z]+, netlink port \d+/)
    expect(said.message).toContain(pid)
    expect(readCapture(nflogPcap, bytesOf('first')).events.length).toBe(3)
  })
})

describe.skipIf(reason)('a namespace', () => {
  it('is entered by the thread alone', () => {
    runInNamespace(`${START}
nft delete table inet t
unshare --net sleep 20 & other=$!
until [ "$(readlink /proc/$other/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do sleep 0.02; done
inside() { nsenter --net=/proc/$other/ns/net "$@"; }
inside ip link set lo up
inside nft '${RULES}'
start "{\\"what\\":\\"nft-trace\\",\\"namespace\\":\\"/proc/$other/ns/net\\"}" inside
readlink /proc/$receiver/ns/net /proc/$$/ns/net > namespaces
inside python3 -c "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(b'x', ('127.0.0.1', 9))"
stop; kill $other`)
    expect(readCapture(nftNetlink, bytesOf('inside')).events.filter(({ point }) => point.type === 'rule').length).toBe(
      EACH,
    )
    const [receiver, shell] = readFileSync(join(folder, 'namespaces'), 'utf8').split('\n')
    expect(receiver).toBe(shell)
  })

  it.each([
    ['/run/netns/there-is-none', 'namespace'],
    ['/dev/null', 'namespace'],
  ])('%s is none', async (namespace, why) => {
    const receiver = receive({ what: 'nft-trace', namespace }, thread)
    await expect(receiver.ready).rejects.toMatchObject({ name: 'Unavailable', reason: why })
    await expect(receiver.ready).rejects.toThrow(namespace)
    const chunks = receiver.chunks[Symbol.asyncIterator]()
    await expect(chunks.next()).rejects.toThrow(namespace)
    await receiver.stop()
  })
})

describe.skipIf(reason)('without what it needs', () => {
  it('says that koffi is not there', async () => {
    const alone = join(folder, 'alone.cjs')
    copyFileSync(thread, alone)
    const { ready } = receive({ what: 'nft-trace' }, alone)
    await expect(ready).rejects.toMatchObject({
      reason: 'koffi',
      message: 'the optional package koffi is not installed',
    })
  })

  it.skipIf(process.getuid?.() !== 0)('says which capability is missing', () => {
    const said = runInNamespace(`${START}
chmod -R a+rwX ${folder}
setpriv --reuid=65534 --clear-groups --bounding-set=-all --inh-caps=-all node ${program} '{"what":"nft-trace"}' ${folder}/none
setpriv --reuid=65534 --clear-groups --bounding-set=-all --inh-caps=-all node ${program} '{"what":"nflog"}' ${folder}/none`)
    const lines = said
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines.map(({ unavailable }) => unavailable)).toEqual(['rights', 'rights'])
    for (const { message } of lines) expect(message).toContain('CAP_NET_ADMIN')
  })

  it('ends when its thread is not built', async () => {
    const receiver = receive({ what: 'nft-trace' }, join(folder, 'none.cjs'))
    await expect(receiver.ready).rejects.toThrow('none.cjs')
    await receiver.stop()
  })
})
