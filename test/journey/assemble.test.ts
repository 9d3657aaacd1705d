/** Which events are of one packet. */
import { describe, expect, it } from 'vitest'
import { explainLog, stepTexts, worldOf } from './journeys.ts'
import { dmesg, log, type TestPacket, trace } from './kernel-lines.ts'

const syn: TestPacket = { in: 'eth0', src: '10.0.0.1', dst: '192.0.2.1', sport: 40000, dport: 80, id: 77 }
const received = ['raw:PREROUTING:policy:2', 'filter:INPUT:rule:1', 'filter:INPUT:policy:4']
const walk = (points: readonly string[], packet: TestPacket) => points.map((point) => trace(point, packet))
const stepsOf = (text: string, world = worldOf(RULES)) => explainLog(text, world).journeys.map(stepTexts)
const RULES = `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:user - [0:0]
-A INPUT -j user
-A INPUT -p udp -j LOG --log-prefix "in "
-A INPUT -p tcp --dport 81 -j DROP
-A user -p tcp --dport 82 -j RETURN
COMMIT
*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -j TRACE
-A OUTPUT -j TRACE
COMMIT
`
const none = worldOf('*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n')

describe('packets on several CPUs', () => {
  const packets = [1, 2, 3].map((n) => ({ ...syn, id: n, sport: 40000 + n }))

  it('are told apart, line by line', () => {
    const lines = received.flatMap((point) => packets.map((packet) => trace(point, packet)))
    expect(stepsOf(dmesg(lines))).toEqual(packets.map(() => received))
    expect(explainLog(dmesg(lines)).journeys.map(({ packet }) => packet.sport)).toEqual([40001, 40002, 40003])
  })

  it('are told apart where all have IP ID 0', () => {
    const lines = received.flatMap((point) => packets.map((packet) => trace(point, { ...packet, id: 0 })))
    expect(stepsOf(dmesg(lines))).toEqual(packets.map(() => received))
  })

  it('are told apart by ports alone', () => {
    const udp = (point: string, sport: number) => trace(point, { ...syn, protocol: 'udp', id: 0, sport })
    const lines = received.flatMap((point) => [5000, 5001, 5002].map((sport) => udp(point, sport)))
    expect(stepsOf(dmesg(lines))).toEqual(packets.map(() => received))
  })

  it('are told apart in IPv6, which has no ids', () => {
    const v6 = { in: 'eth0', src: '2001:db8::1', dst: '2001:db8::2', dport: 80 }
    const lines = received.flatMap((point) => [1, 2, 3].map((seq) => trace(point, { ...v6, seq, sport: 40000 })))
    const { journeys } = explainLog(dmesg(lines))
    expect(journeys.map(({ packet, steps }) => [packet.tcpSeq, steps.length])).toEqual([
      [1, 3],
      [2, 3],
      [3, 3],
    ])
  })

  it('are told apart where both are reports for one group, of this host and of another', () => {
    const report = { protocol: 'icmpv6', icmpType: 143, dst: 'ff02::16', length: 96 } as const
    const own = { ...report, out: 'eth0', src: 'fe80::1' }
    const lines = [
      ...['raw:OUTPUT:policy:2', 'filter:OUTPUT:policy:1'].map((point) => trace(point, own)),
      trace('raw:PREROUTING:policy:2', { ...report, in: 'eth0', src: 'fe80::2' }),
    ]
    const { journeys } = explainLog(dmesg(lines))
    expect(journeys.map(({ packet, steps }) => [packet.src, steps.length])).toEqual([
      ['fe80::1', 2],
      ['fe80::2', 1],
    ])
    // its own, that comes back as somebody here has joined the group
    const back = [...lines.slice(0, 2), trace('raw:PREROUTING:policy:2', { ...report, in: 'eth0', src: 'fe80::1' })]
    expect(explainLog(dmesg(back)).journeys.map(({ steps }) => steps.length)).toEqual([3])
  })

  it('and nothing that tells them apart are as many as came', () => {
    const same = { ...syn, protocol: 'udp' as const, id: 0 }
    const lines = received.flatMap((point) => [trace(point, same), trace(point, same), trace(point, same)])
    expect(stepsOf(dmesg(lines))).toEqual([received, received, received])
  })
})

describe('the same content again', () => {
  it.each([
    ['with times', (lines: string[]) => dmesg(lines)],
    ['without', (lines: string[]) => `${lines.join('\n')}\n`],
  ])('is another journey: %s', (_name, print) => {
    const lines = [...walk(received, syn), ...walk(received, syn)]
    expect(stepsOf(print(lines))).toEqual([received, received])
    // the ruleset does not say where it ends
    expect(stepsOf(print(lines), none)).toEqual([received, received])
  })

  it('is a retransmission where only the IP ID is another', () => {
    const lines = [...walk(received, syn), ...walk(received, { ...syn, id: 78 })]
    const { journeys } = explainLog(dmesg(lines), worldOf(RULES))
    expect(journeys.map(({ findings }) => findings.some(({ code }) => code === 'retransmission'))).toEqual([
      false,
      true,
    ])
  })

  it('that was dropped both times, by the same rule', () => {
    const drop = ['raw:PREROUTING:policy:2', 'filter:INPUT:rule:1', 'filter:INPUT:rule:3']
    const packet = { ...syn, dport: 81 }
    const { journeys } = explainLog(dmesg([...walk(drop, packet), ...walk(drop, packet)]), worldOf(RULES))
    expect(journeys.map(({ outcome }) => outcome)).toEqual(['dropped', 'dropped'])
  })

  it('after a second of silence, even where it could go on', () => {
    const [first, second] = [['raw:PREROUTING:policy:2'], ['filter:INPUT:policy:4']]
    const later = (gap: number) => dmesg(walk(first!, syn)) + dmesg(walk(second!, syn), 1_000_000 + gap)
    expect(stepsOf(later(1_000_000))).toEqual([[...first!, ...second!]])
    expect(stepsOf(later(1_000_002))).toEqual([first, second])
  })

  it('after the clock went back: another boot, or the same log pasted twice', () => {
    const [first, second] = [['raw:PREROUTING:policy:2'], ['filter:INPUT:policy:4']]
    expect(stepsOf(dmesg(walk(first!, syn), 9_000_000) + dmesg(walk(second!, syn), 1_000_000))).toEqual([first, second])
  })
})

describe('one packet', () => {
  it('sent to oneself passes OUTPUT, POSTROUTING, PREROUTING and INPUT', () => {
    const own = { src: '127.0.0.1', dst: '127.0.0.1', dport: 80, sport: 40000 }
    const out = ['raw:OUTPUT:policy:2', 'filter:OUTPUT:policy:1', 'nat:POSTROUTING:policy:1']
    const back = ['raw:PREROUTING:policy:2', 'filter:INPUT:policy:4']
    const lines = [...walk(out, { ...own, out: 'lo', uid: 0 }), ...walk(back, { ...own, in: 'lo' })]
    expect(stepsOf(dmesg(lines))).toEqual([[...out, ...back]])
  })

  it('sent to oneself may be rewritten on both sides of lo', () => {
    const own = { src: '10.0.0.1', dst: '10.96.0.1', dport: 443, sport: 40000 }
    const lines = [
      trace('raw:OUTPUT:policy:2', { ...own, out: 'eth0', uid: 0 }),
      trace('nat:OUTPUT:rule:1', { ...own, out: 'eth0', uid: 0 }),
      trace('filter:OUTPUT:policy:1', { ...own, dst: '127.0.0.1', dport: 6443, out: 'lo', uid: 0 }),
      trace('nat:POSTROUTING:rule:1', { ...own, dst: '127.0.0.1', dport: 6443, out: 'lo', uid: 0 }),
      trace('raw:PREROUTING:policy:2', { ...own, src: '127.0.0.1', sport: 2, dst: '127.0.0.1', dport: 6443, in: 'lo' }),
    ]
    expect(stepsOf(dmesg(lines)).map((steps) => steps.length)).toEqual([5])
  })

  it('that leaves and comes in again over another interface is on a new journey there', () => {
    const forward = ['raw:PREROUTING:policy:2', 'filter:FORWARD:policy:1']
    const through = (from: string, to: string, ttl: number) => [
      trace(forward[0]!, { ...syn, in: from, ttl }),
      trace(forward[1]!, { ...syn, in: from, out: to, ttl: ttl - 1 }),
      trace('nat:POSTROUTING:policy:1', { ...syn, in: from, out: to, ttl: ttl - 1 }),
    ]
    expect(stepsOf(dmesg([...through('eth0', 'veth0', 64), ...through('veth1', 'eth1', 63)]), none).length).toBe(2)
  })

  it('is followed through DNAT and the loss of a hop', () => {
    const lines = [
      trace('raw:PREROUTING:policy:2', syn),
      trace('nat:PREROUTING:rule:1', syn),
      trace('filter:FORWARD:policy:1', { ...syn, dst: '172.17.0.2', dport: 8080, out: 'docker0', ttl: 63 }),
      trace('nat:POSTROUTING:policy:1', { ...syn, dst: '172.17.0.2', dport: 8080, out: 'docker0', ttl: 63 }),
    ]
    const { journeys } = explainLog(dmesg(lines))
    expect(journeys.map(({ steps }) => steps.length)).toEqual([4])
    const changes = journeys[0]!.steps.flatMap((step) => step.changes.map((change) => ({ n: step.n, ...change })))
    expect(changes).toEqual([
      { n: 2, field: 'dst', from: '192.0.2.1', to: '172.17.0.2' },
      { n: 2, field: 'dport', from: 80, to: 8080 },
    ])
  })

  it('is followed where NAT turns an answer back, ICMP ids and all', () => {
    const answer = {
      in: 'eth0',
      src: '192.0.2.1',
      dst: '198.51.100.1',
      protocol: 'icmp',
      icmpType: 0,
      icmpId: 7,
    } as const
    const lines = [
      trace('raw:PREROUTING:policy:2', answer),
      trace('mangle:PREROUTING:policy:1', answer),
      trace('filter:FORWARD:policy:1', { ...answer, dst: '10.0.0.1', icmpId: 4711, out: 'eth1', ttl: 63 }),
    ]
    expect(stepsOf(dmesg(lines)).length).toBe(1)
  })

  it('is followed over a bridge, with br_netfilter', () => {
    const bridged = { ...syn, in: 'br0', physIn: 'veth1' }
    const lines = [
      trace('raw:PREROUTING:policy:2', bridged),
      trace('filter:FORWARD:policy:1', { ...bridged, out: 'br0', physOut: 'veth2' }),
      trace('nat:POSTROUTING:policy:1', { ...bridged, in: '', out: 'br0', physOut: 'veth2' }),
    ]
    expect(stepsOf(dmesg(lines)).length).toBe(1)
  })

  it('is followed where POSTROUTING has no input interface, before Linux 5.7', () => {
    const lines = [
      trace('filter:FORWARD:policy:1', { ...syn, out: 'eth1' }),
      trace('nat:POSTROUTING:policy:1', { ...syn, in: '', out: 'eth1' }),
    ]
    const { journeys } = explainLog(dmesg(lines), none)
    expect(journeys.map(({ steps }) => steps.map(({ hook }) => hook))).toEqual([['forward', 'postrouting']])
  })

  it('may be seen from the middle on, up to the middle, and with lines lost in between', () => {
    const all = ['raw:PREROUTING:policy:2', 'filter:INPUT:rule:1', 'filter:user:return:2', 'filter:INPUT:policy:4']
    for (let from = 0; from < all.length; from++)
      for (let to = from + 1; to <= all.length; to++) {
        const part = all.slice(from, to)
        const other = { ...syn, id: 1, sport: 1 }
        const lines = part.flatMap((point) => [trace(point, syn), trace(point, other)])
        expect(stepsOf(dmesg(lines))).toEqual([part, part])
      }
    for (let lost = 0; lost < all.length; lost++) {
      const rest = all.filter((_, i) => i !== lost)
      expect(stepsOf(dmesg(walk(rest, syn)))).toEqual([rest])
    }
  })

  it("is not REJECT's answer to it", () => {
    const lines = [
      trace('filter:INPUT:rule:3', syn),
      trace('raw:OUTPUT:policy:2', {
        src: '192.0.2.1',
        dst: '10.0.0.1',
        out: 'eth0',
        protocol: 'icmp',
        icmpType: 3,
        id: 5,
        length: 88,
      }),
      trace('filter:OUTPUT:policy:1', {
        src: '192.0.2.1',
        dst: '10.0.0.1',
        out: 'eth0',
        protocol: 'icmp',
        icmpType: 3,
        id: 5,
        length: 88,
      }),
    ]
    expect(stepsOf(dmesg(lines), none).map((steps) => steps.length)).toEqual([1, 2])
  })
})

describe('several hosts in one file', () => {
  const syslog = (host: string, uptime: number, line: string) =>
    `Jan  1 21:23:16 ${host} kernel: [${(uptime / 1e6).toFixed(6)}] ${line}\n`

  it('are told apart, though the same packet passes both', () => {
    const hosts = ['a', 'b']
    const text = received.flatMap((point) => hosts.map((host) => syslog(host, 5e6, trace(point, syn)))).join('')
    const { journeys } = explainLog(text, worldOf(RULES))
    expect(journeys.map(({ host }) => host)).toEqual(hosts)
    expect(journeys.map(stepTexts)).toEqual([received, received])
  })

  it('have clocks of their own', () => {
    // one has been up for a day longer
    const text = received
      .map((point, i) => syslog('a', 5e6 + i, trace(point, syn)) + syslog('b', 9e10 + i, trace(point, syn)))
      .join('')
    expect(stepsOf(text)).toEqual([received, received])
  })
})

describe('a line that was cut', () => {
  it('is of the journey whose addresses it shows', () => {
    const whole = walk(received.slice(0, 2), syn)
    const other = walk(received.slice(0, 2), { ...syn, src: '10.0.0.2', id: 78 })
    const cut = trace(received[2]!, syn).replace(/ TTL=.*/, ' TTL=6')
    const { journeys, told } = explainLog(dmesg([...whole, ...other, cut]))
    expect(told).toEqual(['5 line-cut'])
    expect(journeys.map(({ steps }) => steps.length)).toEqual([3, 2])
  })

  it('may be the first of its journey', () => {
    const cut = trace(received[0]!, syn).replace(/ TTL=.*/, ' TTL=6')
    const lines = [trace(received[0]!, { ...syn, id: 9, sport: 9 }), cut, ...walk(received.slice(1), syn)]
    expect(stepsOf(dmesg(lines))).toEqual([[received[0]], received])
  })

  it('of an echo that lost its numbers is of the ping it stands in', () => {
    const ping = { ...syn, protocol: 'icmp' as const }
    const lines = [...walk(received.slice(0, 2), ping), trace(received[2]!, ping).replace(/ ID=9 SEQ.*/, ' ')]
    expect(stepsOf(dmesg(lines))).toEqual([received])
  })
})

describe('what is kept', () => {
  it('is bounded, and what is closed for that is counted', () => {
    const lines = Array.from({ length: 50 }, (_, i) => trace('raw:PREROUTING:policy:2', { ...syn, id: i }))
    const { journeys, stats } = explainLog(dmesg(lines), none, [], { maxOpen: 10 })
    expect([journeys.length, stats.evicted]).toEqual([50, 40])
  })

  it('is bounded for packets that are all alike, without times', () => {
    const line = log('flood ', { ...syn, protocol: 'udp' })
    const { journeys, stats } = explainLog(`${line}\n`.repeat(5000))
    expect([journeys.length, stats.evicted]).toEqual([5000, 5000 - 64])
    const lines = Array.from({ length: 5000 }, (_, i) => log(`flood ${i} `, { ...syn, protocol: 'udp' }))
    expect(explainLog(`${lines.join('\n')}\n`).journeys.length).toBe(2)
  })

  it('is not mixed up when a journey is closed by the very line that another begins with', () => {
    const line = (second: number) => `Jan  1 00:00:${String(second).padStart(2, '0')} a kernel: ${log('x ', syn)}\n`
    const text = Array.from({ length: 60 }, (_, i) => line(i)).join('')
    expect(explainLog(text.repeat(3)).journeys.length).toBe(180)
  })
})

describe('a packet whose next lines do not come', () => {
  const [one, other] = [1, 2].map((n) => ({ ...syn, id: n, sport: 40000 + n })) as [TestPacket, TestPacket]
  const begun = received.slice(0, 1)
  const fate = (lines: string[]) => {
    const [first] = explainLog(dmesg(lines), worldOf(RULES)).journeys
    return [first!.outcome, first!.basis, first!.findings.some(({ code }) => code === 'capture-ends')]
  }

  it('has vanished where another one came after it', () => {
    expect(fate([...walk(begun, one), ...walk(received, other)])).toEqual(['vanished', 'inferred', false])
  })

  it('proves nothing in a log that runs backwards', () => {
    const lines = dmesg([...walk(received, one), ...walk(received, other)])
      .trimEnd()
      .split('\n')
    const { journeys } = explainLog(`${lines.reverse().join('\n')}\n`, worldOf(RULES))
    expect(journeys.map(({ outcome }) => outcome)).not.toContain('vanished')
  })

  it('may be a fragment, which this host puts to the others before INPUT', () => {
    const fragment = walk(begun, one).map((line) => line.replace(' DF PROTO', ' MF PROTO'))
    expect(fate([...fragment, ...walk(received, other)])).toEqual(['undetermined', 'observed', false])
    // through this host each goes for itself
    const through = [...fragment, trace('filter:FORWARD:policy:1', { ...one, out: 'eth1' }).replace(' DF ', ' MF ')]
    expect(fate([...through, ...walk(received, other)])).toEqual(['forwarded', 'observed', false])
  })

  it('may go on behind the end of the capture, where only packets under way with it were seen meanwhile', () => {
    const lines = [...walk(received.slice(0, 2), other), ...walk(begun, one), ...walk(received.slice(2), other)]
    const [first, second] = explainLog(dmesg(lines), worldOf(RULES)).journeys
    expect([first!.outcome, second!.outcome]).toEqual(['delivered', 'undetermined'])
    expect(second!.findings.map(({ code }) => code)).toContain('capture-ends')
  })
})
