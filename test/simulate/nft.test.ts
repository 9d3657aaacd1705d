/** nft's rules in the model: verdict maps, NAT by maps, and what rules do in front of a jump or of a condition. */
import { describe, expect, it } from 'vitest'
import type { Packet } from '../../src/index.ts'
import { type Simulated, Simulator } from '../../src/simulate/simulator.ts'
import { makeWorld, ROUTER } from './world.ts'

const SYN: Packet = {
  ...{ in: 'eth0', protocol: 'tcp', src: '10.0.1.2', sport: 40000, dst: '10.0.2.2', dport: 80, tcpFlags: ['syn'] },
}

const send = (rules: string, packet: Packet = SYN): Simulated => new Simulator(makeWorld(rules, ROUTER)).send(packet)

/** `forward 1 jump web`: chain, rule and verdict. */
const rules = ({ evidence }: Simulated): string[] =>
  evidence.journey.steps
    .filter(({ kind }) => kind === 'rule')
    .map(({ chain, ruleNumber, verdict }) => `${chain} ${ruleNumber} ${verdict}`)

const filter = (lines: string, more = '') => `table inet filter {
${more}
chain web { accept; }
chain forward {
type filter hook forward priority filter; policy drop;
${lines}
}
}`

describe('verdict maps', () => {
  const MAP = 'tcp dport vmap { 22 : drop, 80 : jump web, 443 : accept }'

  it('lead where the packet’s element leads', () => {
    expect(rules(send(filter(MAP)))).toEqual(['forward 1 jump web', 'web 1 accept'])
    expect(rules(send(filter(MAP), { ...SYN, dport: 22 }))).toEqual(['forward 1 drop'])
    expect(rules(send(filter(MAP), { ...SYN, dport: 443 }))).toEqual(['forward 1 accept'])
  })

  it('are passed by packets that are in none', () => {
    expect(rules(send(filter(`${MAP}\naccept`), { ...SYN, dport: 81 }))).toEqual(['forward 2 accept'])
  })

  it('may be named', () => {
    const map = 'map services { type ipv4_addr . inet_service : verdict; elements = { 10.0.2.2 . 80 : goto web } }'
    expect(rules(send(filter('ip daddr . tcp dport vmap @services', map)))).toEqual([
      'forward 1 goto web',
      'web 1 accept',
    ])
  })
})

describe('the priority that a rule gave in PREROUTING', () => {
  const early = (family: string) =>
    `table ${family} early { chain pre { type filter hook prerouting priority mangle; meta priority set 1:10 ; } }`
  const outcome = (rule: string, packet: Packet) => send(`${early('inet')}\n${filter(rule)}`, packet).ended.outcome

  // asked of kernel 6.18
  it.each([
    [0, 'none'],
    [0x08, '0:2'],
    [0x10, '0:6'],
    [0x18, '0:4'],
    [0xb8, '0:4'],
  ])('is written anew where IPv4 is forwarded: TOS %i', (tos, priority) => {
    expect(outcome('meta priority 1:10 accept', { ...SYN, tos })).toBe('dropped')
    expect(outcome(`meta priority ${priority} accept`, { ...SYN, tos })).toBe('forwarded')
  })

  it('is kept by what is for this host', () => {
    const input = 'table inet in { chain input { type filter hook input priority 0; meta priority 1:10 drop; } }'
    expect(send(`${early('inet')}\n${input}`, { ...SYN, dst: '10.0.1.1' }).ended.outcome).toBe('dropped')
  })
})

it('does not know where the ports are once a rule writes the length of the IP header', () => {
  const open = (write: string) => send(filter(`${write}\naccept`)).ended.outcome
  expect(open('@nh,0,8 set 0x42')).toBe('undetermined')
  expect(open('@nh,0,16 set @nh,0,16 & 0xf23f | 0x200')).toBe('undetermined')
  expect(open('@nh,0,16 set @nh,0,16 & 0xff03 | 0x20')).toBe('forwarded')
  expect(open('@nh,8,8 set 0x20')).toBe('forwarded')
})

it('knows that nft makes a wrong checksum of one that was taken away', () => {
  const rules = (set: string) => `table inet filter {
chain early { type filter hook prerouting priority -400; ${set} }
chain forward { type filter hook forward priority 0; ct state invalid drop; }
}`
  const udp: Packet = { in: 'eth0', protocol: 'udp', src: '10.0.1.2', sport: 4000, dst: '10.0.2.2', dport: 53 }
  const outcome = (set: string) => send(rules(set), udp).ended.outcome
  expect(outcome('udp checksum set 0; udp sport set 53')).toBe('dropped')
  expect(outcome('udp checksum set 0; th sport set 53')).toBe('forwarded')
  expect(outcome('udp sport set 53; udp checksum set 0')).toBe('forwarded')
})

it('does not know whether a set of the usual size still takes an element, where a rule may have filled it', () => {
  const outcome = (count: number) => {
    const elements = Array.from({ length: count }, (_, i) => `10.9.${i >> 8}.${i & 255}`).join(', ')
    const set = `set s { type ipv4_addr; flags dynamic; elements = { ${elements} }; }`
    const { ended } = send(filter('add @s { ip saddr }\nadd @s { ip daddr } accept', set))
    return ended.open?.reason ?? ended.outcome
  }
  expect(outcome(64_600)).toBe('it is unknown whether set s still has room')
  expect(outcome(2_000)).toBe('forwarded')
})

describe('an expectation', () => {
  const EXPECTATION = 'ct expectation e { protocol tcp; dport 9876; timeout 1m; size 12; l3proto ip; }'
  const machine = (lines: string) => new Simulator(makeWorld(filter(lines, EXPECTATION), ROUTER))

  it('may drop the packet that begins a connection', () => {
    const { ended } = machine('tcp dport 80 ct expectation set "e"\naccept').send(SYN)
    expect(ended.outcome).toBe('undetermined')
    expect(ended.open?.reason).toMatch('accepts the expectation')
    expect(machine('tcp dport 81 ct expectation set "e"\naccept').send(SYN).ended.outcome).toBe('forwarded')
  })

  it('ends the rule of packets whose connection is there, or that have none', () => {
    const later = machine('tcp flags & ack == ack ct expectation set "e" drop\naccept')
    const back: Packet = { ...SYN, in: 'eth1', src: SYN.dst!, dst: SYN.src!, sport: 80, dport: 40000 }
    const sent = [SYN, { ...back, tcpFlags: ['syn', 'ack'] }, { ...SYN, tcpFlags: ['ack'] }]
    for (const packet of sent) expect(later.send(packet).ended.outcome).toBe('forwarded')
    const none = 'chain early { type filter hook prerouting priority -300; notrack; }'
    const untracked = filter('ct expectation set "e" drop\naccept', `${EXPECTATION}\n${none}`)
    expect(send(untracked).ended.outcome).toBe('forwarded')
  })
})

describe('an address that a rule sets to what is not known', () => {
  const set = (hook: string, words: string) =>
    `table ip t { chain c { type filter hook ${hook} priority -400; ${words}; accept; } }`

  it.each([
    ['prerouting', 'ip daddr set numgen inc mod 2 map { 0 : 10.0.2.3, 1 : 10.0.2.4 }', 'the destination address'],
    ['prerouting', 'meta cpu 3 ip saddr set 10.0.1.9', 'the source address'],
    ['postrouting', 'meta cpu 3 ip saddr set 10.0.1.9', 'the source address'],
  ])('ends what can be told: %s %s', (hook, words, condition) => {
    const { ended } = send(set(hook, words))
    expect(ended).toMatchObject({ outcome: 'undetermined', open: { condition } })
  })
})

it.each([
  ['prerouting', 'ip saddr set 10.0.1.9', { src: '10.0.1.9' }],
  ['forward', 'ip daddr set ip saddr', { dst: '10.0.1.2' }],
  ['forward', 'tcp dport set 8080', { dport: 8080 }],
  ['forward', '@th,16,16 set 8080', { dport: 8080 }],
  ['forward', '@nh,96,32 set 0x0a000109', { src: '10.0.1.9' }],
])('what a rule writes into headers is so from then on: %s %s', (hook, words, written) => {
  const rules = `table ip t { chain c { type filter hook ${hook} priority -400; ${words}; } }`
  expect(send(rules).packet).toMatchObject(written)
})

describe('NAT', () => {
  const nat = (line: string) => `table ip nat {
map backends { type inet_service : ipv4_addr; elements = { 80 : 10.0.2.7 } }
chain prerouting { type nat hook prerouting priority dstnat; ${line}; }
}`
  const destination = (line: string) => {
    const { evidence } = send(nat(line), { ...SYN, dst: '10.0.1.1' })
    const actions = evidence.journey.steps.flatMap(({ changes }) => changes)
    return actions.map(({ field, to }) => `${field} ${to}`)
  }

  it('takes address and port from a map', () => {
    expect(destination('dnat to tcp dport map { 80 : 10.0.2.5, 81 : 10.0.2.6 }')).toEqual(['dst 10.0.2.5'])
    expect(destination('dnat to ip daddr . tcp dport map { 10.0.1.1 . 80 : 10.0.2.5 . 8080 }')).toEqual([
      'dst 10.0.2.5',
      'dport 8080',
    ])
    expect(destination('dnat to tcp dport map { 81 : 10.0.2.6 }')).toEqual([])
    expect(destination('dnat to tcp dport map @backends')).toEqual(['dst 10.0.2.7'])
  })
})

it('what stands in front of a jump is done', () => {
  const marked = filter('meta mark set 0x7 jump web\n', '').replace('web { accept; }', 'web { meta mark 0x7 accept; }')
  expect(rules(send(marked, { ...SYN, mark: 0 }))).toEqual(['forward 1 jump web', 'web 1 accept'])
})

describe('a statement in front of a condition', () => {
  /** Of the steps: rule, mark as the packet arrives, and what the rule changes. */
  const marks = (simulated: Simulated): string[] =>
    simulated.evidence.journey.steps
      .filter(({ table }) => table === 'filter')
      .map(({ ruleNumber, mark, changes }) =>
        [ruleNumber, mark, ...changes.map(({ field, from, to }) => `${field} ${from}→${to}`)].join(' '),
      )
  const marked = (lines: string, more?: string) => marks(send(filter(lines, more), { ...SYN, mark: 0 }))

  it('is executed where the condition fails, and nothing behind the condition is', () => {
    expect(marked('meta mark set 0x7 tcp dport 81 meta mark set 0x8 drop\nmeta mark 0x7 accept')).toEqual(['2 7'])
    expect(marked('tcp dport 81 meta mark set 0x7 tcp sport 1 accept\naccept')).toEqual(['2 0'])
  })

  it('is executed once where the rule matches, and its step shows the packet as it arrived', () => {
    expect(marked('meta mark set meta mark xor 0x3 tcp dport 80 log\naccept')).toEqual(['1 0 mark 0→3', '2 3'])
    expect(marked('meta mark set 0x1 tcp dport 80 meta mark set meta mark or 0x8 tcp sport 40000 accept')).toEqual([
      '1 0 mark 0→1 mark 1→9',
    ])
  })

  it('decides what later conditions of its rule see', () => {
    expect(marked('meta mark set 0x7 meta mark 0x7 accept')).toEqual(['1 0 mark 0→7'])
    expect(marked('meta mark set 0x7 meta mark 0x0 accept\naccept')).toEqual(['2 7'])
    expect(rules(send(filter('meta mark set 0x7 meta mark vmap { 0x0 : drop, 0x7 : jump web }')))).toEqual([
      'forward 1 jump web',
      'web 1 accept',
    ])
  })

  it('decides what a map for every hash gives', () => {
    const to = (src: string) =>
      rules(send(filter(`ip saddr set ${src} jhash ip saddr mod 2 seed 0x7 vmap { 0 : drop, 1 : jump web }`)))
    expect(to('203.0.113.5')).toEqual(['forward 1 jump web', 'web 1 accept'])
    expect(to('10.0.1.3')).toEqual(['forward 1 drop'])
  })

  it('belongs to no step where its rule does not match', () => {
    const lines = 'tcp dport 80 log\nmeta mark set 0x7 tcp dport 81 drop\naccept'
    expect(marked(lines)).toEqual(['1 0', '3 7'])
  })

  it('may be a map that gives a verdict, or goes on', () => {
    const vmap = 'tcp dport vmap { 80 : continue, 22 : drop, 443 : goto web } meta mark set 0x5 ip saddr 10.0.9.9 drop'
    expect(marked(`${vmap}\naccept`)).toEqual(['2 5'])
    const to = (dport: number) => rules(send(filter(`${vmap}\naccept`), { ...SYN, mark: 0, dport }))
    expect(to(22)).toEqual(['forward 1 drop'])
    expect(to(443)).toEqual(['forward 1 goto web', 'web 1 accept'])
    expect(to(81)).toEqual(['forward 2 accept'])
  })

  it('is found though thousands of rules are looked up by their address', () => {
    const others = Array.from({ length: 20 }, (_, i) => `ip saddr 10.0.7.${i} drop`).join('\n')
    expect(marked(`${others}\nmeta mark set 0x7 ip saddr 10.0.7.99 drop\naccept`)).toEqual(['22 7'])
  })

  it('leaves open what it would have changed, where what stands before it is not known', () => {
    const open = 'numgen random mod 2 == 0 meta mark set 0x7'
    const asked = send(filter(`${open} tcp dport 81 drop\nmeta mark 0x7 accept`), { ...SYN, mark: 0 })
    expect(asked.ended).toMatchObject({ outcome: 'undetermined', open: { condition: 'meta mark 0x00000007' } })
    expect(marked(`${open} tcp dport 81 drop\naccept`)).toEqual(['2 '])
    const stops = send(filter(`${open} tcp dport 80 drop\naccept`), { ...SYN, mark: 0 })
    expect(stops.ended).toMatchObject({ outcome: 'undetermined', open: { condition: 'numgen random mod 2 0' } })
  })

  it('uses up a limit only where all in front of it holds', () => {
    const machine = new Simulator(
      makeWorld(filter('meta mark set 0x7 limit rate 1/hour burst 1 packets tcp dport 81 drop\naccept'), ROUTER),
    )
    expect(machine.send({ ...SYN, mark: 0 }).ended.outcome).toBe('forwarded')
    expect(machine.send({ ...SYN, mark: 0, dport: 81 }).ended.outcome).toBe('undetermined')
  })

  // asked of kernel 6.18
  it('has room in a limit of bytes for those of one period and its burst', () => {
    const outcomes = (limit: string, ...lengths: number[]) => {
      const machine = new Simulator(makeWorld(filter(`${limit} drop\naccept`), ROUTER))
      return lengths.map((length) => machine.send({ ...SYN, length }).ended.outcome)
    }
    expect(outcomes('limit rate over 1 kbytes/second', 1024, 40)).toEqual(['forwarded', 'undetermined'])
    // what is too long takes nothing of it, and there never is room for that
    expect(outcomes('limit rate over 1 kbytes/second', 1025, 1000, 1025)).toEqual(['dropped', 'forwarded', 'dropped'])
    expect(outcomes('limit rate over 1 kbytes/second burst 500 bytes', 1524, 1525)).toEqual(['forwarded', 'dropped'])
    expect(outcomes('limit rate over 60 kbytes/minute', 61_028, 61_028)).toEqual(['forwarded', 'undetermined'])
    expect(outcomes('limit rate 1 kbytes/second', 1025, 1000)).toEqual(['forwarded', 'dropped'])
    // time gives some of it back, and the second packet may have taken that
    expect(outcomes('limit rate over 1 kbytes/second', 700, 400, 200, 1025)).toEqual([
      'forwarded',
      'undetermined',
      'undetermined',
      'dropped',
    ])
  })

  it('lets five packets through a limit that an element gets without a burst', () => {
    const outcomes = (rules: string, count: number) => {
      const set = 'set m { type ipv4_addr; size 65535; flags dynamic,timeout; timeout 5m; }'
      const machine = new Simulator(makeWorld(filter(rules, set), ROUTER))
      return Array.from({ length: count }, (_, i) => machine.send({ ...SYN, sport: 40_000 + i }).ended.outcome)
    }
    const over = outcomes('add @m { ip saddr limit rate over 450/second } drop\naccept', 6)
    expect(over).toEqual([...Array(5).fill('forwarded'), 'undetermined'])
    expect(outcomes('update @m { ip saddr limit rate 450/second } accept\ndrop', 1)).toEqual(['forwarded'])
  })

  it('switches tracing on from the next rule on, where its own does not match', () => {
    const lines = 'tcp dport 80 log\nmeta nftrace set 1 tcp dport 81 drop\nmeta mark set 0x2\naccept'
    expect(marked(lines)).toEqual(['3 0 mark 0→2', '4 2'])
  })
})

it('goes on behind what copies a security mark, which ends no rule', () => {
  const marks = 'ct state new ct secmark set meta secmark\nct state established meta secmark set ct secmark'
  expect(rules(send(filter(`${marks}\ntcp dport 80 accept`)))).toEqual(['forward 1 continue', 'forward 3 accept'])
  const maybe = 'numgen random mod 2 == 0 ct secmark set meta secmark'
  expect(send(filter(`${maybe}\naccept`)).ended.outcome).toBe('forwarded')
  // what it holds nobody shows
  expect(send(filter('meta secmark 5 accept\ndrop')).ended.outcome).toBe('undetermined')
})

it('takes a played frame for one that a neighbour sends: to all where the address is for all of this link, else to this host', () => {
  const broadcast = {
    family: 'ip',
    type: 'broadcast',
    destination: '10.0.1.255/32',
    table: 'local',
    device: 'eth0',
  } as const
  const host = { ...ROUTER, routes: [broadcast, ...ROUTER.routes!] }
  const kinds = (packet: Partial<Packet>) => {
    const rules = `table inet filter {
chain input {
type filter hook input priority filter; policy drop;
meta pkttype unicast accept
meta pkttype broadcast accept
meta pkttype multicast drop
}
}`
    const { evidence, ended } = new Simulator(makeWorld(rules, host)).send({
      ...SYN,
      protocol: 'udp',
      tcpFlags: undefined,
      dst: '10.0.1.1',
      ...packet,
    } as Packet)
    return [ended.outcome, evidence.journey.steps.at(-1)?.ruleNumber]
  }
  expect(kinds({})).toEqual(['delivered', 1])
  expect(kinds({ dst: '10.0.2.1' })).toEqual(['delivered', 1])
  expect(kinds({ dst: '10.0.1.255' })).toEqual(['delivered', 2])
  expect(kinds({ dst: '255.255.255.255' })).toEqual(['delivered', 2])
  expect(kinds({ dst: '224.0.0.1' })[0]).toBe('dropped')
  expect(kinds({ dstMac: '01:00:5e:00:00:01' })[0]).toBe('dropped')
})
