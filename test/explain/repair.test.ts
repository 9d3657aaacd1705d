/** Several changes that together bring an exchange through, and which of them is proposed. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../src/edits/fix.ts'
import { explain, tryFixesOf } from '../../src/explain/explain.ts'
import { severalCauses } from '../../src/explain/repair/several-causes.ts'
import { playReply } from '../../src/explain/reply/played-reply.ts'
import { noteTrials } from '../../src/explain/verify-fixes/verify.ts'
import type { Host, Packet } from '../../src/index.ts'
import { modelEngine } from '../../src/simulate/engine.ts'
import { entry, makeWorld, ROUTER } from '../simulate/world.ts'
import { LISTENS_ON, played, SYN, saved, TO_ROUTER } from './findings/played.ts'
import { repairOf } from './repaired.ts'

describe('several causes', () => {
  it('are one narrow rule and one for replies, where else the policy alone would do', () => {
    expect(repairOf({ filter: ['-P FORWARD DROP'] })).toEqual({
      message: 'filter FORWARD policy stops the request, and would stop its reply.',
      command:
        'iptables -A FORWARD -s 10.0.1.2 -d 10.0.2.2 -i eth0 -o eth1 -p tcp --dport 80 -j ACCEPT && iptables -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
      after: 'forwarded',
    })
  })

  it('are mended, and the answer leaves by another interface, which the fix says', () => {
    const rules = { raw: ['-A PREROUTING -s 203.0.113.9/32 -j DROP'], filter: ['-A FORWARD -s 203.0.113.9/32 -j DROP'] }
    const world = makeWorld(saved(rules), ROUTER)
    const { evidence, ended } = modelEngine.play(world, { ...SYN, src: '203.0.113.9' })
    const [fix] = severalCauses(evidence, explain(evidence, world, { ended }), world, modelEngine)!.fix
    expect(fix?.note).toMatch(/^its reply would leave by eth1, not by eth0/)
  })

  it('are numbered as they are before the first change', () => {
    const found = repairOf({ filter: ['-A FORWARD -s 10.0.1.0/24 -j DROP', '-A FORWARD -i eth1 -j DROP'] })
    expect(found?.message).toBe('Two rules stop this exchange: filter FORWARD rule 1 and FORWARD rule 2.')
  })

  it('are a drop for a mark, which who set the mark did not stop, and a source that nobody outside knows', () => {
    const rules = {
      mangle: ['-A PREROUTING -s 10.0.1.0/24 -j MARK --set-xmark 0x1/0xffffffff'],
      nat: [],
      filter: ['-A FORWARD -m mark --mark 0x1 -j DROP'],
    }
    const links = ROUTER.links!.map((one) => (one.name === 'eth0' ? { ...one, kind: 'veth' } : one))
    expect(repairOf(rules, { ...SYN, dst: '198.51.100.7' }, { links })?.message).toBe(
      'filter FORWARD rule 1 dropped it for its mark 0x1, which mangle PREROUTING rule 1 had set. Also, no rule rewrites its source.',
    )
  })

  it("are a guest's rule, and one of nat for its source, which nobody outside knows", () => {
    const rules = { nat: [], filter: ['-P FORWARD DROP', '-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT'] }
    const links = ROUTER.links!.map((one) => (one.name === 'eth0' ? { ...one, kind: 'veth' } : one))
    const packet = { ...SYN, dst: '198.51.100.7' }
    expect(repairOf(rules, packet, { links })).toEqual({
      message: 'filter FORWARD policy stops this exchange, and no rule rewrites its source.',
      command:
        'iptables -A FORWARD -s 10.0.1.2 -d 198.51.100.7 -i eth0 -o eth1 -p tcp --dport 80 -j ACCEPT && iptables -t nat -A POSTROUTING -s 10.0.1.2 -o eth1 -j MASQUERADE',
      after: 'forwarded',
    })
    expect(repairOf(rules, packet)).toBeUndefined()
  })

  it('are nothing where a narrow rule does', () => {
    const answers = '-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'
    expect(repairOf({ filter: ['-P FORWARD DROP', answers] })).toBeUndefined()
  })

  it('are nothing where it is untracked, and no nat would rewrite it', () => {
    const rules = {
      raw: ['-A PREROUTING -p udp -m udp --dport 53 -j CT --notrack'],
      filter: ['-A INPUT -s 10.0.1.2/32 -j DROP'],
    }
    const { tcpFlags: _, tcpOptions: __, tcpSeq: ___, ...datagram } = { ...TO_ROUTER, protocol: 'udp', dport: 53 }
    expect(repairOf(rules, datagram)).toBeUndefined()
    const [accept] = played({ rules, packet: datagram }).findings.flatMap(({ fix }) => fix)
    expect(accept).toMatchObject({ verified: 'model', after: 'delivered' })
    expect(accept?.but).toBeUndefined()
  })

  it('are two of routing, which leave it at the same place', () => {
    const rule = (priority: number, rest: object) => ({ family: 'ip' as const, priority, ...rest })
    const routingRules = [
      rule(0, { action: { table: 'local' } }),
      rule(90, { from: '10.0.1.2/32', action: 'blackhole' }),
      rule(100, { to: '10.0.2.2/32', action: 'prohibit' }),
      rule(32_766, { action: { table: 'main' } }),
    ] as Host['routingRules']
    const found = repairOf({ raw: [], filter: [] }, SYN, { routingRules: routingRules! })
    expect(found?.command).toBe(
      'ip rule del from 10.0.1.2/32 priority 90 blackhole && ip rule del to 10.0.2.2/32 priority 100 prohibit',
    )
    expect(found?.message).toMatch(/routing rule 90 is "blackhole" .* routing rule 100 is "prohibit"/)
  })

  it('begin with a queue that no program reads, and name what would stop it behind that', () => {
    const rules = {
      mangle: ['-A PREROUTING -p tcp -j NFQUEUE --queue-num 7'],
      filter: ['-A FORWARD -s 10.0.1.2/32 -j DROP'],
    }
    const sysctls = new Map([['net.ipv4.ip_forward', '0']])
    const found = repairOf(rules, SYN, { queues: [], sysctls })
    expect(found?.message).toBe(
      'mangle PREROUTING rule 1 handed it to queue 7, and no program reads that queue: the kernel drops it. Then filter FORWARD rule 1 must change, too. Another cause: 10.0.2.2 is not an address of this host, and forwarding is off (net.ipv4.ip_forward = 0).',
    )
    expect(found?.command).toMatch(
      /^iptables -t mangle -R PREROUTING 1 .*--queue-bypass && sysctl -w net\.ipv4\.ip_forward=1 && iptables -I FORWARD 1 /,
    )
    expect(found?.after).toBe('forwarded')
  })

  it('are looked for where nobody takes the packet here, as nat did not send it on', () => {
    const rules = {
      nat: ['[0:0] -A PREROUTING -p tcp -m tcp --dport 8 -j DNAT --to-destination 10.0.2.9:80'],
      filter: ['-P FORWARD DROP', '-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'],
    }
    const found = repairOf(rules, TO_ROUTER, { listening: ['tcp'], sockets: [] })
    expect(found?.command).toMatch(/^iptables -t nat -R PREROUTING 1 .* && iptables -A FORWARD /)
    expect(found?.after).toBe('forwarded')
  })
})

it('says of a change what the reply depends on that nobody knows', () => {
  const rules = {
    filter: [
      '-P FORWARD DROP',
      '-A FORWARD -s 10.0.1.2/32 -j DROP',
      '-A FORWARD -i eth0 -j ACCEPT',
      '-A FORWARD -i eth1 -m recent --name friends --rcheck -j ACCEPT',
    ],
  }
  const fixes = played({ rules }).findings.flatMap(({ fix }) => fix)
  expect(fixes.find(({ after }) => after === 'forwarded')?.note).toMatch(
    /^whether its reply gets back depends on --rcheck --name friends .*: the addresses seen recently are unknown; /,
  )
})

describe('what stops it one behind the other', () => {
  it('may be one and the same rule, once the packet is for another host', () => {
    const rules = {
      nat: [
        '-A PREROUTING -s 10.0.1.2/32 -j DNAT --to-destination 10.0.2.7',
        '-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.9',
      ],
      filter: [
        '-P FORWARD DROP',
        '-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
        '-A FORWARD -j REJECT',
      ],
    }
    expect(repairOf(rules, TO_ROUTER)?.command).toMatch(
      /^iptables -t nat -I PREROUTING 1 -s 10.0.1.2 -d 10.0.1.1 .*--dport 80 -j DNAT --to-destination 10.0.2.9 && iptables -I FORWARD 2 .*-d 10.0.2.9 /,
    )
  })

  it('is not accepted for an address that nobody has, where a rule of nat nearly sends it elsewhere', () => {
    const route = { family: 'ip', type: 'unicast', destination: '0.0.0.0/0', table: 'main', device: 'eth1' } as const
    const rules = {
      mangle: ['-A POSTROUTING -s 10.0.1.2/32 -j DROP'],
      nat: ['[0:0] -A PREROUTING -d 172.29.1.1/32 -p udp -m udp --dport 80 -j DNAT --to-destination 10.0.2.9'],
      filter: ['-P FORWARD DROP', '-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'],
    }
    const host = { routes: [...ROUTER.routes!, { ...route, gateway: '10.0.2.254' }] }
    expect(repairOf(rules, { ...SYN, dst: '172.29.1.1' }, host)?.command).toMatch(
      /^iptables -t nat -R PREROUTING 1 -d 172\.29\.1\.1 -p tcp .* -d 10\.0\.2\.9 .* -d 10\.0\.2\.9 /,
    )
  })

  it('is not accepted for an address that nobody has and nat is there for, nor for a port that nobody listens on', () => {
    const route = { family: 'ip', type: 'unicast', destination: '0.0.0.0/0', table: 'main', device: 'eth1' } as const
    const host = { routes: [...ROUTER.routes!, { ...route, gateway: '10.0.2.254' }] }
    const stopped = (nat: string[]) => ({ mangle: ['-P POSTROUTING DROP'], nat, filter: ['-P FORWARD DROP'] })
    const service = ['-A PREROUTING -d 172.30.0.5/32 -p tcp -m tcp --dport 80 -j svc', '-N svc']
    const packet = { ...SYN, dst: '172.30.0.5' }
    expect(repairOf(stopped([]), packet, host)).toBeDefined()
    expect(repairOf(stopped(service), packet, host)).toBeUndefined()
    const refusing = {
      raw: ['-A PREROUTING -p udp -j CT --notrack'],
      filter: ['-A INPUT -s 10.0.1.2/32 -j DROP', '-A OUTPUT -p icmp -j DROP'],
    }
    const { tcpFlags: _, tcpOptions: __, tcpSeq: ___, ...datagram } = { ...TO_ROUTER, protocol: 'udp', dport: 5353 }
    const to = (port: number) => ({ sockets: [{ protocol: 'udp', family: 'ip', state: 'UNCONN', port }] }) as Host
    expect(repairOf(refusing, datagram, to(53))).toBeUndefined()
  })

  it('is mended for who was not seen lately', () => {
    const rules = {
      raw: ['-P PREROUTING DROP'],
      filter: [
        '-A INPUT -p tcp -m recent --update --seconds 30 --hitcount 6 --name web --rsource -j limit',
        '-A INPUT -s 10.0.1.2/32 -j DROP',
        '-A limit -j REJECT',
      ],
    }
    const world = makeWorld(saved(rules), ROUTER)
    const { evidence, ended } = modelEngine.play(world, TO_ROUTER)
    const [fix] = severalCauses(evidence, explain(evidence, world, { ended }), world, modelEngine)!.fix
    expect(String(fixCommands(fix!).command)).toContain('-I INPUT 2 ')
    expect(fix!.note).toMatch(/^unless --update --seconds 30 .* matches/)
  })

  it('is mended by a route and a rule that is the same on both ways', () => {
    const wrong = {
      family: 'ip',
      type: 'unicast',
      destination: '10.0.2.2/32',
      table: 'main',
      device: 'eth0',
      gateway: '10.0.1.254',
    } as const
    const rules = { filter: ['-A FORWARD -p tcp -m tcp --dport 80 -j REJECT'] }
    expect(repairOf(rules, SYN, { routes: [...ROUTER.routes!, wrong] })?.command).toMatch(
      /^ip route del 10.0.2.2\/32 via 10.0.1.254 dev eth0 && iptables -I FORWARD 1 /,
    )
  })

  it('is mended where no rule says so', () => {
    const ttl = '-A PREROUTING -d 10.0.2.2/32 -j TTL --ttl-set 1'
    const found = repairOf({ mangle: [ttl], filter: [] }, SYN, { sysctls: new Map([['net.ipv4.ip_forward', '0']]) })
    expect(found).toEqual({
      message:
        '10.0.2.2 is not an address of this host, and forwarding is off (net.ipv4.ip_forward = 0). mangle PREROUTING rule 1 stops it, too.',
      command: 'sysctl -w net.ipv4.ip_forward=1 && iptables -t mangle -D PREROUTING 1',
      after: 'forwarded',
    })
  })

  it('is mended though the request would get to nobody after the first', () => {
    const rules = {
      mangle: ['-A PREROUTING -p tcp -m tcp --dport 80 -j DROP'],
      nat: ['-N web', '[0:0] -A web -d 10.0.9.9/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.9'],
      filter: [],
    }
    const route = { family: 'ip', type: 'unicast', destination: '0.0.0.0/0', table: 'main', device: 'eth1' } as const
    const routes = [...ROUTER.routes!, { ...route, gateway: '10.0.2.254' }]
    expect(repairOf(rules, { ...SYN, dst: '10.0.9.9' }, { routes })?.command).toMatch(
      /^iptables -t mangle -I PREROUTING 1 .* && iptables -t nat -A PREROUTING .*-j web$/,
    )
  })

  it('is accepted by narrow commands, where a policy would take fewer', () => {
    const policies = ['-P PREROUTING DROP']
    const found = repairOf({ raw: policies, mangle: ['-A FORWARD -i eth1 -j DROP'], filter: [] })
    expect(found?.command).not.toContain('-P PREROUTING')
    expect(found?.after).toBe('forwarded')
  })

  it('chooses a played reply by the port of the service, also of a datagram', () => {
    const { tcpFlags: _, tcpOptions: __, tcpSeq: ___, ...datagram } = { ...SYN, protocol: 'udp', dport: 5353 }
    const rules = {
      raw: ['-A PREROUTING -p udp -m udp --sport 5353 -j DROP'],
      mangle: ['-A PREROUTING -p udp -m udp --dport 5353 -j DROP'],
      filter: [],
    }
    expect(repairOf(rules, datagram)?.command).toContain('-i eth1 -p udp --sport 5353 -j ACCEPT')
  })
})

describe('a reply that would be dropped', () => {
  it('is not mended by what leaves the request as it was, where something is said against that', () => {
    const asked = { src: '10.0.1.2', dst: '203.0.113.5', sport: 40_000, dport: 80 }
    const reply = { src: '203.0.113.5', dst: '10.0.1.2', sport: 80, dport: 40_000 }
    const rules = saved({ nat: [], filter: ['-A FORWARD -i eth1 -j DROP'] })
    const { evidence, ended } = modelEngine.play(makeWorld(rules, ROUTER), { ...SYN, dst: '203.0.113.5' })
    // listed afterwards
    const conntrack = [entry({ original: asked, reply, status: ['unreplied'] })]
    const world = makeWorld(rules, { ...ROUTER, conntrack })
    const journey = explain(evidence, world, { ended })
    expect(journey.findings.map(({ code, severity }) => `${code} ${severity}`)).toContain('not-masqueraded warning')
    const fixes = playReply(evidence, journey, world, modelEngine)?.finding?.fix ?? []
    expect(fixes.map(({ description, but }) => `${description}: ${but}`)).toContain(
      'accept replies: replies may not reach its source',
    )
  })
})

describe('a connection that works', () => {
  const rules = {
    nat: ['[0:0] -A PREROUTING -s 10.0.1.3/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.9'],
    filter: [],
  }
  const mended = (status: string[]) => {
    const original = { src: '10.0.1.3', dst: '10.0.1.1', sport: 4000, dport: 80 }
    const reply = { src: '10.0.2.9', dst: '10.0.1.3', sport: 80, dport: 4000 }
    const world = makeWorld(saved(rules), {
      ...ROUTER,
      listening: ['tcp'],
      sockets: [],
      conntrack: [entry({ original, reply, status })],
    })
    const { evidence, ended } = modelEngine.play(world, TO_ROUTER)
    const journey = explain(evidence, world, { ended })
    noteTrials(journey, tryFixesOf(evidence, world, modelEngine))
    const fixes = journey.findings.flatMap(({ fix }) => fix)
    return fixes.find(({ description }) => description === 'make rule 1 of PREROUTING match such packets')
  }

  it('is not given up for another one', () => {
    expect(mended(['assured'])?.but).toBe(
      'tcp from 10.0.1.3 to 10.0.1.1:80 works now, and would fail after this change',
    )
  })

  it('is none where nobody has answered', () => {
    expect(mended(['unreplied'])).toMatchObject({ after: 'forwarded' })
    expect(mended(['unreplied'])?.but).toBeUndefined()
  })
})

describe('a list that a rule fills', () => {
  const filter = [
    '-A INPUT -m hashlimit --hashlimit-above 1/hour --hashlimit-burst 5 --hashlimit-mode srcip --hashlimit-name scans -j SET --add-set scanners src --exist',
    '-A INPUT -m set --match-set scanners src -j DROP',
  ]
  const sets = [{ name: 'scanners', type: 'hash:ip', elements: [{ parts: ['10.0.1.2'] }] }]
  const [, ABOVE] = /(--hashlimit-above.*scans)/.exec(filter[0]!)!
  const tell = (isAbove: boolean) =>
    played({ rules: { filter }, packet: TO_ROUTER, host: LISTENS_ON(80), sets, assume: new Map([[ABOVE!, isAbove]]) })

  it('is named with that rule, and the address comes back to it', () => {
    const [found] = tell(true).findings
    expect(found?.message).toBe(
      'filter INPUT rule 2 dropped it (10.0.1.2 is in set scanners); filter INPUT rule 1 adds it to scanners.',
    )
    const byList = found?.fix.find(({ description }) => /from set scanners/.test(description))
    expect(byList).toMatchObject({ after: 'dropped' })
  })

  it('may be mended where that rule did not match', () => {
    const [found] = tell(false).findings
    expect(found?.message).toBe('filter INPUT rule 2 dropped it (10.0.1.2 is in set scanners).')
    expect(found?.fix[0]).toMatchObject({ description: 'remove 10.0.1.2 from set scanners', after: 'delivered' })
  })
})

/** A program of this host is sent into a tunnel by a mark, with the address of the other interface. */
describe('a source that was chosen before the mark', () => {
  const link = (index: number, name: string, address: string) => ({
    ...{ index, name, mtu: 1500 },
    addresses: [{ family: 'ip', address, prefixLength: 24, scope: 'global' }] as const,
  })
  const route = (destination: string, device: string, gateway?: string, table = 'main') => ({
    ...({ family: 'ip', type: 'unicast', destination, device, table } as const),
    ...(gateway === undefined ? {} : { gateway }),
  })
  const packet: Packet = {
    protocol: 'tcp',
    src: '192.168.1.5',
    sport: 40_000,
    dst: '203.0.113.9',
    dport: 443,
    tcpFlags: ['syn'],
  }
  const { src, dst, sport, dport } = packet as Required<Packet>
  const host = {
    kernel: '6.18.0',
    links: [link(2, 'eth0', '192.168.1.5'), link(3, 'tun0', '10.8.0.2')],
    routes: [
      { ...route('192.168.1.5/32', 'eth0', undefined, 'local'), type: 'local' },
      { ...route('10.8.0.2/32', 'tun0', undefined, 'local'), type: 'local' },
      ...[route('192.168.1.0/24', 'eth0'), route('10.8.0.0/24', 'tun0'), route('0.0.0.0/0', 'eth0', '192.168.1.1')],
      route('0.0.0.0/0', 'tun0', '10.8.0.1', '100'),
    ],
    routingRules: [
      { family: 'ip', priority: 0, action: { table: 'local' } },
      { family: 'ip', priority: 100, mark: 1, action: { table: '100' } },
      { family: 'ip', priority: 32_766, action: { table: 'main' } },
    ],
    sysctls: new Map(['all', 'eth0', 'tun0'].map((name) => [`net.ipv4.conf.${name}.rp_filter`, '1'])),
    conntrack: [
      entry({
        original: { src, dst, sport, dport },
        reply: { src: dst, dst: src, sport: dport, dport: sport },
        status: ['unreplied'],
      }),
    ],
  } as unknown as Host

  it('stays wrong where only the reverse path filter is mended: both go together', () => {
    const world = makeWorld(saved({ mangle: ['-A OUTPUT -d 203.0.113.0/24 -j MARK --set-xmark 0x1/0xffffffff'] }), host)
    const { evidence, ended } = modelEngine.play(world, packet)
    const journey = explain(evidence, world, { ended })
    const { fix, message } = playReply(evidence, journey, world, modelEngine)!.finding!
    expect(message).toContain('The reverse path filter dropped it')
    expect(String(fixCommands(fix[0]!).command)).toBe(
      'iptables -t nat -A POSTROUTING -s 192.168.1.5 -o tun0 -j MASQUERADE && sysctl -w net.ipv4.conf.tun0.rp_filter=2',
    )
    expect(fix.slice(1)).toMatchObject([{ but: 'replies may not reach its source' }])
  })
})
