/** The route back to the source leads elsewhere. */

import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import type { Route, RoutingRule } from '../../../src/index.ts'
import type { Neighbour } from '../../../src/model/host.ts'
import { helps } from '../../../src/model/outcome-kinds.ts'
import { entry, ROUTER } from '../../simulate/world.ts'
import { type Case, findingsOf, played, SYN, told } from './played.ts'

const strict = new Map([
  ['net.ipv4.ip_forward', '1'],
  ['net.ipv4.conf.all.rp_filter', '1'],
  ['net.ipv4.conf.eth0.rp_filter', '0'],
])
const VALID_MARK = 'net.ipv4.conf.all.src_valid_mark'
const via = (destination: string, device: string): Route => ({
  ...{ family: 'ip', type: 'unicast', destination, gateway: '10.0.2.254', table: 'main', device },
})
const one = (extra: Route[], sysctls = strict, packet = SYN): Case => ({
  rules: { raw: [], filter: [] },
  packet,
  host: { routes: [...ROUTER.routes!, ...extra], sysctls },
})
const commands = (case_: Case) =>
  findingsOf(played(case_), 'vanished-rp-filter').flatMap(({ fix }) =>
    fix.flatMap((one) => (one.edits ? [String(fixCommands(one).command)] : [])),
  )

describe('vanished-rp-filter', () => {
  it('takes away the route that leads elsewhere than the source is', () => {
    expect(commands(one([via('10.0.1.2/32', 'eth1')]))).toContain('ip route del 10.0.1.2/32 via 10.0.2.254 dev eth1')
  })

  it('takes it away first, also where its next hop replies: the host has just sent on the link of its network', () => {
    const { host, ...case_ } = one([via('10.0.1.2/32', 'eth1')])
    const neighbour = (address: string, device: string): Neighbour => ({
      ...{ family: 'ip', address, device, mac: '02:00:00:00:00:02', state: ['REACHABLE'] },
    })
    const neighbours = [neighbour('10.0.2.254', 'eth1'), neighbour('10.0.1.2', 'eth0')]
    expect(commands({ ...case_, host: { ...host, neighbours: [neighbours[0]!] } })[0]).toBe(
      'ip route del 10.0.1.2/32 via 10.0.2.254 dev eth1',
    )
    expect(commands({ ...case_, host: { ...host, neighbours } })[0]).toBe(
      'ip route del 10.0.1.2/32 via 10.0.2.254 dev eth1',
    )
  })

  it('keeps the route to a guest that replies on its own link: who sends from elsewhere with its address may have forged it', () => {
    const guest: Route = {
      ...{ family: 'ip', type: 'unicast', destination: '10.0.1.2/32', table: 'main', device: 'eth1' },
    }
    const said = (state: string) => {
      const { host, ...case_ } = one([guest])
      const mac = '02:00:00:00:00:02'
      const neighbours: Neighbour[] = [{ family: 'ip', address: '10.0.1.2', device: 'eth1', mac, state: [state] }]
      return findingsOf(played({ ...case_, host: { ...host, neighbours } }), 'vanished-rp-filter')[0]!.fix
    }
    expect(said('REACHABLE').map(({ description }) => description)).toEqual(['set the reverse path filter to loose'])
    expect(said('FAILED')[0]?.note).toBe(
      'rp_filter also drops packets with forged sources: first check that 10.0.1.2 is on eth0',
    )
  })

  it('names a route back that says no, and removes it', () => {
    const refusing: Route = { family: 'ip', type: 'blackhole', destination: '10.0.1.2/32', table: 'main' }
    const found = told(one([refusing]), 'vanished-rp-filter')
    expect(found?.message).toBe(
      'The reverse path filter dropped it: it came in on eth0, but the route back to 10.0.1.2 is "blackhole" (rp_filter=1).',
    )
    expect(commands(one([refusing]))).toEqual(['ip route del blackhole 10.0.1.2/32'])
  })

  it('names a routing rule that says no, and deletes it', () => {
    const rule: RoutingRule = { family: 'ip', priority: 100, to: '10.0.1.2/32', action: 'prohibit' }
    const local: RoutingRule = { family: 'ip', priority: 0, action: { table: 'local' } }
    const main: RoutingRule = { family: 'ip', priority: 32_766, action: { table: 'main' } }
    const { host, ...rest } = one([])
    const case_ = { ...rest, host: { ...host, routingRules: [local, rule, main] } }
    expect(told(case_, 'vanished-rp-filter')?.message).toContain(
      'but routing rule 100 is "prohibit" for packets back to 10.0.1.2',
    )
    expect(commands(case_)).toEqual(['ip rule del to 10.0.1.2/32 priority 100 prohibit'])
  })

  it('says that the mark led the look-up astray, where it counts and the route back is right without it', () => {
    const rules = { mangle: ['-A PREROUTING -i eth0 -j MARK --set-xmark 0x64/0xffffffff'], filter: [] }
    const host = (...settings: [string, string][]): Case['host'] => ({
      routes: [...ROUTER.routes!, { ...via('0.0.0.0/0', 'eth1'), table: '100' }],
      routingRules: [
        { family: 'ip', priority: 0, action: { table: 'local' } },
        { family: 'ip', priority: 100, mark: 0x64, action: { table: '100' } },
        { family: 'ip', priority: 32_766, action: { table: 'main' } },
      ],
      sysctls: new Map([...strict, ...settings]),
    })
    const case_ = { rules, packet: SYN, host: host([VALID_MARK, '1'])! }
    expect(told(case_, 'vanished-rp-filter')?.message).toBe(
      "The reverse path filter dropped it: it came in on eth0, but the route back to 10.0.1.2 leaves by eth1 (rp_filter=1). The filter looked up the route back with the packet's mark 0x64 (src_valid_mark is 1). Without the mark, the route back leaves by eth0.",
    )
    expect(commands(case_).at(-1)).toBe(`sysctl -w ${VALID_MARK}=0`)
    // of this interface alone
    const own = { ...case_, host: host([VALID_MARK, '0'], [VALID_MARK.replace('all', 'eth0'), '1'])! }
    expect(commands(own).filter((command) => command.includes('src_valid_mark'))).toEqual([])
  })

  it('takes none away where no other route leads back to where it came from', () => {
    const abroad = one([], strict, { ...SYN, src: '203.0.113.9' })
    expect(commands(abroad)).toEqual(['sysctl -w net.ipv4.conf.eth0.rp_filter=2'])
    const [loose] = findingsOf(played(abroad), 'vanished-rp-filter').flatMap(({ fix }) => fix.filter(helps))
    expect(loose).toMatchObject({
      after: 'forwarded',
      note: expect.stringMatching(/^its reply would leave by eth1, not/),
    })
  })

  it("wants no route to another link's host by a neighbour that forges its address", () => {
    const neighbours: Neighbour[] = [
      { family: 'ip', device: 'eth0', mac: '02:00:00:00:00:02', address: '10.0.1.254', state: [] },
    ]
    const from = (src: string): Case => {
      const { host, ...rest } = one([], strict, { ...SYN, src })
      return { ...rest, host: { ...host, neighbours } }
    }
    expect(commands(from('10.0.2.7'))).toEqual(['sysctl -w net.ipv4.conf.eth0.rp_filter=2'])
    expect(commands(from('203.0.113.9'))).toContain('ip route add 203.0.113.9/32 via 10.0.1.254 dev eth0')
  })

  it.each([
    ['nothing shows it', undefined],
    ['it is 0', '0'],
  ])('speaks of src_valid_mark as far as that is known: %s', (_name, value) => {
    const { host, ...rest } = one([], new Map([...strict, ...(value ? [[VALID_MARK, value] as const] : [])]), {
      ...SYN,
      src: '203.0.113.9',
    })
    const back: Route = { ...via('0.0.0.0/0', 'eth0'), gateway: '10.0.1.254', table: '52' }
    const rule = { family: 'ip', priority: 0, action: { table: 'local' } } as const
    const routingRules = [
      rule,
      { ...rule, priority: 100, mark: 0x80, action: { table: '52' } },
      { ...rule, priority: 32_766, action: { table: 'main' } },
    ]
    const raw = ['-A PREROUTING -i eth0 -j MARK --set-xmark 0x80/0xffffffff']
    const marked: Case = {
      ...{ ...rest, rules: { raw, filter: [] } },
      host: { ...host, routes: [...host!.routes!, back], routingRules },
    }
    const [found] = findingsOf(played(marked), 'vanished-rp-filter')
    expect(found?.message.includes('src_valid_mark is 0')).toBe(value !== undefined)
    const fix = found?.fix.find(({ edits }) => edits?.some((edit) => 'name' in edit && edit.name === VALID_MARK))
    expect(fix?.undo).toEqual(value && [{ kind: 'sysctl', name: VALID_MARK, value }])
    if (value) expect(fix?.note).toContain('affects every interface: each then uses the mark for the route back')
  })

  it.each([
    // it leaves the source of what it sends to the route
    ['any address', {}, /^ip route add 203\.0\.113\.9\/32 dev eth0$/],
    ['the address that was asked', { address: '10.0.1.1' }, /&& ip rule add from 10\.0\.1\.1\/32 /],
  ])('leads the replies of a UDP program on %s back by what serves them', (_name, socket, first) => {
    const { tcpFlags: _, tcpSeq: __, tcpOptions: ___, ...asked } = { ...SYN, protocol: 'udp', dport: 53 }
    const { host, ...case_ } = one([], strict, { ...asked, src: '203.0.113.9', dst: '10.0.1.1' })
    const more: Case['host'] = {
      neighbours: ['203.0.113.9', '10.0.1.254'].map((address) => ({
        ...{ family: 'ip', device: 'eth0', mac: '02:00:00:00:00:02', address, state: ['REACHABLE'] },
      })),
      routingRules: [
        { family: 'ip', priority: 0, action: { table: 'local' } },
        { family: 'ip', priority: 32_766, action: { table: 'main' } },
      ],
      sockets: [{ protocol: 'udp', state: 'UNCONN', family: 'ip', port: 53, process: 'dnsd', ...socket }],
    }
    expect(commands({ ...case_, host: { ...host, ...more } })[0]).toMatch(first)
  })

  it("lets one service's replies go by table main, where a routing rule for it leads elsewhere", () => {
    const family = 'ip' as const
    const rule = (priority: number, table: string, from?: string) => ({
      ...{ family, priority, action: { table } },
      ...(from === undefined ? {} : { from }),
    })
    const asked = (...more: RoutingRule[]): Case => ({
      ...one([], strict),
      host: {
        routes: [...ROUTER.routes!, { ...via('0.0.0.0/0', 'eth1'), table: '2' }],
        sysctls: strict,
        routingRules: [rule(0, 'local'), rule(1536, '2', '10.0.2.2/32'), rule(32_766, 'main'), ...more],
      },
    })
    const command = 'ip rule add from 10.0.2.2/32 to 10.0.1.2/32 ipproto tcp sport 80 table main'
    expect(told(asked(), 'vanished-rp-filter')?.fix).toBe(`${command} → forwarded`)
    // the filter asks with the ports exchanged, as the reply will have them
    const given = rule(1000, 'main')
    expect(told(asked({ ...given, protocol: 'tcp', sport: [80, 80] }), 'vanished-rp-filter')).toBeUndefined()
    expect(told(asked({ ...given, protocol: 'tcp', dport: [80, 80] }), 'vanished-rp-filter')).toBeDefined()
  })

  describe('of a reply to an address of another interface than the request left by', () => {
    const original = { src: '10.0.2.1', dst: '10.9.0.5', sport: 40_000, dport: 80 }
    const answer = { src: '10.9.0.5', dst: '10.0.1.1', sport: 80, dport: 40_000 }
    const REPLIES = { ...SYN, ...answer, in: 'eth0', tcpFlags: ['syn', 'ack'] }
    const asked = (snat: string, routingRules?: RoutingRule[]): Case => ({
      rules: { raw: [], nat: [snat], filter: [] },
      packet: REPLIES,
      host: {
        routes: [
          via('10.9.0.0/24', 'eth1'),
          ...ROUTER.routes!.filter(({ destination }) => destination !== '10.9.0.0/16'),
        ],
        conntrack: [entry({ original, reply: answer, status: ['seen-reply'], state: 'SYN_RECV' })],
        sysctls: strict,
        ...(routingRules ? { routingRules } : {}),
      },
    })
    const SNAT = '-A POSTROUTING -m mark --mark 0x1/0xff -j SNAT --to-source 10.0.1.1'
    const message = (case_: Case) => told(case_, 'vanished-rp-filter')?.message

    it('names the rule that gave the request that source', () => {
      expect(message(asked(SNAT))).toMatch(
        / nat POSTROUTING rule 1 gave the request the source 10\.0\.1\.1, an address of eth0, although the request left by eth1: so the reply comes in on eth0\.$/,
      )
      expect(commands(asked(SNAT))[0]).toBe(
        'iptables -t nat -I POSTROUTING 1 -s 10.0.2.1 -d 10.9.0.5 -o eth1 -p tcp --dport 80 -j ACCEPT',
      )
    })

    it('names none where the request may have left by the interface of that address', () => {
      const rules: RoutingRule[] = [
        { family: 'ip', priority: 0, action: { table: 'local' } },
        { family: 'ip', priority: 9, mark: 1, action: { table: '9' } },
        { family: 'ip', priority: 32_766, action: { table: 'main' } },
      ]
      expect(message(asked(SNAT, rules))).toMatch(/\(rp_filter=1\)\.$/)
      expect(message(asked(SNAT.replace('-m', '-o eth0 -m')))).toMatch(/\(rp_filter=1\)\.$/)
    })
  })

  it.each([
    ['the way back is the way it came', one([])],
    [
      'the filter is off',
      one(
        [via('10.0.1.2/32', 'eth1')],
        new Map([
          ['net.ipv4.ip_forward', '1'],
          ['net.ipv4.conf.all.rp_filter', '0'],
        ]),
      ),
    ],
    [
      'the filter is loose',
      one(
        [via('10.0.1.2/32', 'eth1')],
        new Map([
          ['net.ipv4.ip_forward', '1'],
          ['net.ipv4.conf.all.rp_filter', '2'],
        ]),
      ),
    ],
  ])('is not told where %s', (_name, case_) => {
    expect(told(case_, 'vanished-rp-filter')).toBeUndefined()
  })
})
