/** Journeys whose packet the kernel says it dropped. */

import { describe, expect, it } from 'vitest'
import { Groups } from '../../../src/analysis/groups.ts'
import { fixCommands } from '../../../src/edits/fix.ts'
import { CaptureExplainer, type Drop, type Host, type Journey } from '../../../src/index.ts'
import { kernelLog } from '../../../src/read/captures/kernel-log/format.ts'
import { explainLog } from '../../journey/journeys.ts'
import { type TestPacket, trace } from '../../journey/kernel-lines.ts'
import { makeWorld, ROUTER } from '../../simulate/world.ts'
import { type Rules, saved } from './played.ts'

const RULES: Rules = {
  raw: ['-A PREROUTING -j TRACE'],
  filter: ['-P FORWARD ACCEPT', '-A FORWARD -p tcp --dport 23 -j DROP'],
}
const IN = { in: 'eth0', src: '10.0.1.2', dst: '10.0.2.2', sport: 1024, dport: 80 } as const
const THROUGH = { ...IN, out: 'eth1', ttl: 63 } as const
const HERE = { ...IN, dst: '10.0.1.1' } as const
const RAW = (packet: TestPacket) => trace('raw:PREROUTING:policy:2', packet)
/** Something comes after it. */
const OTHER = [RAW({ ...IN, id: 99, seq: 99 })]

const drop = (reason: string, more: Partial<Drop> & { packet?: Drop['packet'] } = {}): Drop => ({
  time: '2026-11-20T12:00:00.500000Z',
  reason,
  location: 'some_function+0x1',
  ...more,
  packet: {
    ...{ in: 'eth0', src: IN.src, dst: IN.dst, sport: 1024, dport: 80 },
    ...{ protocol: 'tcp', tcpFlags: ['syn'], tcpSeq: 7, ipId: 1, length: 60, ttl: 64 },
    ...more.packet,
  },
})

function explained(lines: readonly string[], drops: Drop[], host: Host = {}, rules = RULES): Journey {
  const log = lines.map((line) => `2026-11-20T12:00:00.500000+00:00 router kernel: ${line}\n`).join('')
  return explainLog(log, makeWorld(saved(rules), { ...ROUTER, ...host, drops })).journeys[0]!
}

const told = ({ outcome, basis, findings }: Journey) => ({
  outcome,
  basis,
  findings: findings.map(({ code, severity, message }) => `${severity} ${code}: ${message}`),
})

describe('it vanished behind PREROUTING', () => {
  const lines = [RAW(IN), ...OTHER]

  it('without the kernel only by inference', () => {
    expect(told(explained(lines, []))).toMatchObject({ outcome: 'vanished', basis: 'inferred' })
    expect(told(explained(lines, [])).findings[0]).toContain('not-netfilter')
  })

  it('and the kernel says why: the finding that knows of it is there, and what it knows from host state', () => {
    const sysctls = new Map([...ROUTER.sysctls!, ['net.ipv4.conf.all.rp_filter', '1']])
    const [one] = ROUTER.routes!
    const routes = [
      ...ROUTER.routes!,
      { ...one!, type: 'unicast' as const, destination: '10.0.1.2/32', device: 'eth1', table: 'main' },
    ]
    const journey = explained(lines, [drop('IP_RPFILTER')], { sysctls, routes })
    expect(told(journey)).toEqual({
      outcome: 'vanished',
      basis: 'observed',
      findings: [
        'error vanished-rp-filter: The reverse path filter dropped it: it came in on eth0, but the route back to 10.0.1.2 leaves by eth1 (rp_filter=1). The kernel says so: IP_RPFILTER in some_function.',
      ],
    })
    expect(journey.findings[0]!.fix.map((one) => String(fixCommands(one).command))).toContain(
      'sysctl -w net.ipv4.conf.eth0.rp_filter=2',
    )
  })

  it.each([
    [
      'IP_RPFILTER',
      'vanished-rp-filter',
      'the route back to its source leaves by another interface (reverse path filter)',
      'ip route get 10.0.1.2',
    ],
    [
      'IP_INNOROUTES',
      'vanished-no-route',
      'there is no route to its destination',
      'ip route get 10.0.2.2 from 10.0.1.2 iif eth0',
    ],
    [
      'IP_LOCAL_SOURCE',
      'vanished-martian',
      "its source is this host's own address, but it did not come in on lo",
      undefined,
    ],
    [
      'PKT_TOO_BIG',
      'vanished-mtu',
      "it is larger than the outgoing interface's MTU, and must not be fragmented",
      undefined,
    ],
    [
      'NEIGH_FAILED',
      'kernel-drop',
      'the next hop does not reply to ARP or neighbour discovery',
      'ip neigh show nud failed',
    ],
    [
      'NETFILTER_DROP',
      'kernel-drop',
      'netfilter dropped it, in conntrack or by a rule that the capture does not show',
      undefined,
    ],
    ['BRAND_NEW', 'kernel-drop', 'nfwhy does not know the reason BRAND_NEW', undefined],
  ])('and host state knows nothing of it: %s', (reason, code, text, command) => {
    const journey = explained(lines, [drop(reason)])
    expect(told(journey)).toEqual({
      outcome: 'vanished',
      basis: 'observed',
      findings: [`error ${code}: The kernel dropped it (${reason} in some_function): ${text}.`],
    })
    expect(journey.findings[0]!.fix[0]?.look?.toString()).toBe(command)
  })

  it('and what host state would have said is another reason: the kernel knows better', () => {
    const sysctls = new Map([['net.ipv4.ip_forward', '0']])
    expect(told(explained(lines, [], { sysctls })).findings[0]).toContain('vanished-forwarding-off')
    expect(told(explained(lines, [drop('IP_RPFILTER')], { sysctls })).findings).toEqual([
      expect.stringContaining('error vanished-rp-filter: The kernel dropped it (IP_RPFILTER in some_function):'),
    ])
  })

  it('and the kernel names no reason: host state may know one', () => {
    const sysctls = new Map([['net.ipv4.ip_forward', '0']])
    expect(told(explained(lines, [drop('NOT_SPECIFIED')], { sysctls })).findings).toEqual([
      `error vanished-forwarding-off: 10.0.2.2 is not an address of this host, and forwarding is off (net.ipv4.ip_forward = 0). The kernel reports that it dropped this packet in some_function, but not why.`,
    ])
    expect(told(explained(lines, [drop('NOT_SPECIFIED')])).findings).toEqual([
      'error kernel-drop: The kernel dropped it (NOT_SPECIFIED in some_function): the kernel gives no reason; the drop was in its function some_function.',
    ])
    expect(told(explained(lines, [drop('NOT_SPECIFIED', { location: 'ip_error+0x94' })])).findings).toEqual([
      'error vanished-no-route: The kernel dropped it (NOT_SPECIFIED in ip_error): there is no route to its destination, the route is of type unreachable or prohibit, or forwarding is off.',
    ])
  })

  it('time to live: only where it is used up', () => {
    const one = drop('IP_INHDR', { location: 'ip_forward+0x2c0' })
    const last = { ...one, packet: { ...one.packet, ttl: 1 } }
    expect(told(explained([RAW({ ...IN, ttl: 1 }), ...OTHER], [last])).findings).toEqual([
      expect.stringMatching(
        /^error vanished-ttl: It arrived with TTL 1 .* The kernel says so: IP_INHDR in ip_forward\.$/,
      ),
    ])
    expect(told(explained(lines, [one])).findings).toEqual([expect.stringContaining('error kernel-drop:')])
  })

  it('and the drop is another packet’s', () => {
    const another = drop('IP_RPFILTER')
    another.packet.ipId = 2
    expect(told(explained(lines, [another]))).toEqual(told(explained(lines, [])))
    expect(told(explained(lines, [drop('IP_RPFILTER', { time: '2026-11-20T12:01:00.000000Z' })]))).toEqual(
      told(explained(lines, [])),
    )
  })

  it('and the kernel has found no socket for it: so it came through', () => {
    const lost = { ...HERE }
    const journey = explained([RAW(lost), ...OTHER], [drop('NO_SOCKET', { packet: { dst: '10.0.1.1' } })])
    expect(told(journey)).toEqual({
      outcome: 'delivered',
      basis: 'observed',
      findings: [
        'error closed-port: Netfilter accepted it, but nothing on this host listens on tcp 10.0.1.1:80: this host replies with a reset. The kernel says so: NO_SOCKET.',
      ],
    })
  })
})

it('a capture that ends too early cannot tell, and the kernel can', () => {
  expect(told(explained([RAW(IN)], [])).outcome).toBe('undetermined')
  expect(told(explained([RAW(IN)], [drop('IP_INNOROUTES')]))).toEqual({
    outcome: 'vanished',
    basis: 'observed',
    findings: [
      expect.stringContaining('error vanished-no-route: The kernel dropped it (IP_INNOROUTES in some_function):'),
    ],
  })
})

describe('it was delivered', () => {
  const lines = [RAW(HERE), trace('filter:INPUT:policy:1', HERE), ...OTHER]
  const here = { dst: '10.0.1.1' }

  it.each<[string, Drop['packet'], string]>([
    [
      'NO_SOCKET',
      {},
      'error closed-port: Netfilter accepted it, but nothing on this host listens on tcp 10.0.1.1:80: this host replies with a reset. The kernel says so: NO_SOCKET.',
    ],
    [
      'NO_SOCKET',
      { tcpFlags: ['ack'] },
      'error kernel-drop: It was delivered to this host, where the kernel dropped it (NO_SOCKET in some_function): no program has a socket for it.',
    ],
    [
      'TCP_CSUM',
      {},
      'error kernel-drop: It was delivered to this host, where the kernel dropped it (TCP_CSUM in some_function): its TCP checksum is wrong.',
    ],
    [
      'TCP_OLD_DATA',
      {},
      'note kernel-drop: The rules accepted it, and the kernel discarded it (TCP_OLD_DATA in some_function): its data was received before.',
    ],
    [
      'NOT_SPECIFIED',
      {},
      'note kernel-drop: The rules accepted it, and the kernel discarded it (NOT_SPECIFIED in some_function): the kernel gives no reason; the drop was in its function some_function. Perhaps no packet was lost: the kernel also reports this when it frees a copy, or a packet that it no longer needs.',
    ],
    [
      'IP_RPFILTER',
      {},
      'error kernel-drop: The rules accepted it, but the kernel dropped it (IP_RPFILTER in some_function): the route back to its source leaves by another interface (reverse path filter).',
    ],
  ])('%s %j', (reason, packet, finding) => {
    const journey = explained(lines, [drop(reason, { packet: { ...here, ...packet } })])
    expect(journey).toMatchObject({ outcome: 'delivered', basis: 'observed' })
    expect(told(journey).findings[0]).toBe(finding)
  })

  it.each([
    ["a watcher's copy", drop('PACKET_SOCK_ERROR', { packet: here })],
    ["a watcher's copy of old", drop('NOT_SPECIFIED', { packet: here, location: 'tpacket_rcv+0x3' })],
  ])('and what was dropped is %s', (_, one) => {
    expect(told(explained(lines, [one]))).toEqual(told(explained(lines, [])))
  })

  it('an answer to ping, of which only a socket of another kind took a copy', () => {
    const ping = { ...HERE, protocol: 'icmp', icmpType: 0, icmpId: 5, icmpSeq: 1 } as const
    const packet = { in: 'eth0', src: IN.src, dst: '10.0.1.1', protocol: 'icmp', icmpType: 0, icmpSeq: 1, ipId: 1 }
    const reply = [RAW(ping), trace('filter:INPUT:policy:1', ping), ...OTHER]
    expect(told(explained(reply, [{ ...drop('NO_SOCKET'), packet }]))).toEqual(told(explained(reply, [])))
  })
})

describe('it was forwarded', () => {
  const lines = [RAW(IN), trace('filter:FORWARD:policy:2', THROUGH), ...OTHER]

  it('and nobody answered for the next address', () => {
    expect(told(explained(lines, [drop('NEIGH_FAILED')]))).toMatchObject({
      outcome: 'forwarded',
      findings: [
        'error kernel-drop: The rules accepted it, but the kernel dropped it (NEIGH_FAILED in some_function): the next hop does not reply to ARP or neighbour discovery.',
      ],
    })
  })
})

it.each([
  ['eth1', 'tc filter show dev eth1 egress'],
  ["a'b", `tc filter show dev 'a'\\''b' egress`],
  ['#7', undefined],
])('a command names the interface %s, where it has a name', (out, command) => {
  const lines = [RAW(IN), trace('filter:FORWARD:policy:2', { ...THROUGH, out }), ...OTHER]
  expect(explained(lines, [drop('TC_EGRESS')]).findings[0]!.fix[0]?.look?.toString()).toBe(command)
})

describe('a rule dropped it', () => {
  const telnet = { ...IN, dport: 23 }
  const lines = [RAW(telnet), trace('filter:FORWARD:rule:1', { ...THROUGH, dport: 23 }), ...OTHER]
  const packet = { dport: 23 }

  it('as the kernel says, too', () => {
    const one = drop('NETFILTER_DROP', { packet })
    expect(told(explained(lines, [one]))).toEqual(told(explained(lines, [])))
  })

  it('and the kernel names another reason, which is not hidden', () => {
    const journey = explained(lines, [drop('IP_RPFILTER', { packet })])
    expect(journey.outcome).toBe('dropped')
    expect(told(journey).findings).toContain(
      'warning kernel-drop: The capture ends at a rule, and the kernel gives another reason for the drop (IP_RPFILTER in some_function): the route back to its source leaves by another interface (reverse path filter).',
    )
  })
})

it('closed ports are told one by one, though no rule asks for ports', () => {
  const ports = [80, 81, 80]
  const lines = ports.flatMap((dport, i) => {
    const packet = { ...HERE, dport, id: i + 1, seq: i + 1 }
    return [RAW(packet), trace('filter:INPUT:policy:1', packet)]
  })
  const log = lines.map((line) => `2026-11-20T12:00:00.500000+00:00 router kernel: ${line}\n`).join('')
  const drops = ports.map((dport, i) =>
    drop('NO_SOCKET', { packet: { dst: '10.0.1.1', dport, ipId: i + 1, tcpSeq: i + 1 } }),
  )
  const rules = { ...RULES, filter: ['-P INPUT ACCEPT'] }
  const groups = new Groups(() => true)
  const world = makeWorld(saved(rules), { ...ROUTER, drops })
  const explainer = new CaptureExplainer(
    kernelLog,
    world,
    () => {},
    (closed) => groups.add(closed),
  )
  explainer.push(new TextEncoder().encode(log))
  explainer.end()
  const told = groups.list.map(({ journey, count }) => [
    /tcp 10\.0\.1\.1:(\d+)/.exec(journey.findings[0]!.message)?.[1],
    count,
  ])
  expect(told).toEqual([
    ['80', 2],
    ['81', 1],
  ])
})

it('journeys that differ only in what the kernel says of them are not taken for the same', () => {
  const ids = [1, 2, 3, 4, 5, 6]
  const log = [...ids, 9].map(
    (id) => `2026-11-20T12:00:00.500000+00:00 router kernel: ${RAW({ ...IN, id, seq: id })}\n`,
  )
  const reasons = ['IP_RPFILTER', 'IP_INNOROUTES', undefined, 'IP_RPFILTER', 'NO_SOCKET', undefined]
  const drops = ids.flatMap((id, i) => (reasons[i] ? [drop(reasons[i], { packet: { ipId: id, tcpSeq: id } })] : []))
  const { journeys } = explainLog(log.join(''), makeWorld(saved(RULES), { ...ROUTER, drops }))
  expect(
    journeys.slice(0, 6).map(({ outcome, basis, findings }) => `${outcome} ${basis} ${findings[0]!.code}`),
  ).toEqual([
    'vanished observed vanished-rp-filter',
    'vanished observed vanished-no-route',
    'vanished inferred not-netfilter',
    'vanished observed vanished-rp-filter',
    'delivered observed closed-port',
    'vanished inferred not-netfilter',
  ])
})

it('what is put away behind the last chain has arrived, though no chain of INPUT shows it', () => {
  const lines = [RAW(HERE), ...OTHER]
  const one = drop('QUEUE_PURGE')
  const purged = { ...one, packet: { ...one.packet, dst: HERE.dst } }
  const rules = { raw: RULES.raw! }
  expect(told(explained(lines, [], {}, rules))).toMatchObject({ outcome: 'delivered', basis: 'inferred' })
  expect(told(explained(lines, [purged], {}, rules))).toMatchObject({
    outcome: 'delivered',
    findings: expect.arrayContaining([
      expect.stringMatching(/^note kernel-drop: The rules accepted it, and the kernel discarded it/),
    ]),
  })
})

it('a queue that no program reads, or that is full', () => {
  const rules = { raw: RULES.raw!, filter: ['-A INPUT -p tcp -j NFQUEUE --queue-num 3'] }
  const one = drop('NOT_SPECIFIED', { location: 'nf_queue+0x5a', packet: { dst: HERE.dst } })
  expect(told(explained([RAW(HERE), trace('filter:INPUT:rule:1', HERE), ...OTHER], [one], {}, rules))).toMatchObject({
    outcome: 'queued',
    findings: expect.arrayContaining([
      'error kernel-drop: No program read it from its queue, and the kernel dropped it (in nf_queue).',
    ]),
  })
})
