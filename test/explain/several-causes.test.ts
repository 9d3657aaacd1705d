/** What is said of several causes at once: of what would come behind the first, and of what no rule does. */
import { describe, expect, it } from 'vitest'
import { finding } from '../../src/explain/context.ts'
import { messageOf } from '../../src/explain/repair/words.ts'
import { leavesElsewhere, leavingCause } from '../../src/explain/reply/back-out.ts'
import type { Host } from '../../src/index.ts'
import { FOR_REPORTS } from '../../src/model/for-reports.ts'
import { ROUTER } from '../simulate/world.ts'
import { played, SYN, TO_ROUTER } from './findings/played.ts'
import { noteOf, repairOf } from './repaired.ts'

describe('several causes', () => {
  it('are told as what would stop it, and its reply, behind the first', () => {
    const rule = (priority: number, rest: object) => ({ family: 'ip' as const, priority, ...rest })
    const routingRules = [
      rule(0, { action: { table: 'local' } }),
      rule(90, { to: '10.0.1.2/32', action: 'blackhole' }),
      rule(32_766, { action: { table: 'main' } }),
    ] as Host['routingRules']
    const rules = { filter: ['-A FORWARD -s 10.0.1.2/32 -j DROP'] }
    const sysctls = new Map([['net.ipv4.ip_forward', '0']])
    const off = repairOf(rules, SYN, { routingRules: routingRules!, sysctls })
    expect(off?.message).toMatch(/ Another cause: routing would drop its reply: routing rule 90 is "blackhole"/)
    const listed = repairOf(rules, SYN, { routingRules: routingRules! })
    expect(listed?.message).toBe(
      'Two things stop this exchange: filter FORWARD rule 1 and routing (routing rule 90 is "blackhole" for such packets).',
    )
    const queued = { mangle: ['-A PREROUTING -i eth0 -p tcp -j NFQUEUE --queue-num 7'] }
    expect(repairOf(queued, SYN, { routingRules: routingRules!, queues: [] })?.message).toMatch(
      / Another cause: routing would drop its reply: /,
    )
  })

  it('are one where a rule leads request and reply to the rule that drops both', () => {
    const guard = ['-P FORWARD DROP', '-A guard -j DROP']
    const found = repairOf({ filter: [...guard, '-A FORWARD -p tcp -g guard'] }, SYN)
    expect(found?.message).toMatch(/^filter FORWARD rule 1\b.* stops the request, and would stop its reply\.$/)
    const other = [...guard, '-A FORWARD -i eth0 -g guard', '-A FORWARD -i eth1 -j DROP']
    expect(repairOf({ filter: other }, SYN)?.message).toMatch(
      /^Two rules stop this exchange: filter FORWARD rule 1 and FORWARD rule 2\.$/,
    )
  })

  it('are not a table that refuses, and the rule that rejects what leaves another way then: both keep it off that way', () => {
    const rule = (priority: number, rest: object) => ({ family: 'ip' as const, priority, ...rest })
    const refusingIn = (table: string, destination: string) => ({
      routingRules: [
        rule(0, { action: { table: 'local' } }),
        rule(99, { mark: 0x169, action: { table: '102' } }),
        rule(32_766, { action: { table: 'main' } }),
      ] as Host['routingRules'] & object,
      routes: [...ROUTER.routes!, { ...ROUTER.routes![0]!, type: 'blackhole' as const, destination, table }],
    })
    const rules = {
      mangle: ['-A PREROUTING -s 10.0.1.2/32 -j MARK --set-xmark 0x169/0xffffffff'],
      filter: ['-A FORWARD ! -o wg0 -m mark --mark 0x169 -j REJECT'],
    }
    expect(repairOf(rules, SYN, refusingIn('102', '0.0.0.0/0'))).toBeUndefined()
    // a route that refuses within what another one of its table leads to keeps it off nothing else
    expect(repairOf(rules, SYN, refusingIn('main', `${SYN.dst}/32`))?.command).toMatch(/^ip route del blackhole /)
  })

  it('are a policy, and a program that listens on another address', () => {
    const found = (address: string) => {
      const sockets = [{ protocol: 'tcp', family: 'ip' as const, state: 'LISTEN', port: 80, address }]
      return repairOf({ filter: ['-P INPUT DROP'] }, TO_ROUTER, { listening: ['tcp'], sockets })?.message
    }
    expect(found('127.0.0.1')).toBe(
      'No rule of filter INPUT accepts it, and its policy is DROP. Also, nothing on this host listens on tcp 10.0.1.1:80 (a program listens on 127.0.0.1:80).',
    )
    expect(found('10.0.1.1')).toBeUndefined()
  })
})

const VIA_LAN = { ...ROUTER.routes!.find(({ gateway }) => gateway)!, gateway: '10.0.2.254' }

describe('what did not match', () => {
  it('is not said to have stopped it: a chain that only another hook leads to', () => {
    const rules = {
      nat: [
        '-A OUTPUT -j SERVICES',
        '-A SERVICES -d 10.0.1.1/32 -p tcp -m tcp --dport 80 -j TO_WEB',
        '-A TO_WEB -d 10.0.1.1/32 -p tcp -j DNAT --to-destination 10.0.2.2',
      ],
      filter: [],
    }
    const astray = { family: 'ip', type: 'unicast', destination: '10.0.1.2/32', device: 'eth1', table: 'main' } as const
    const sysctls = new Map([
      ['net.ipv4.ip_forward', '1'],
      ['net.ipv4.conf.all.rp_filter', '1'],
    ])
    const found = repairOf(rules, TO_ROUTER, {
      ...{ routes: [...ROUTER.routes!, astray], sysctls },
      // nobody listens there
      ...{ listening: ['tcp'], sockets: [] },
    })
    expect(found?.message).toBe(
      'The reverse path filter dropped it: it came in on eth0, but the route back to 10.0.1.2 leaves by eth1 (rp_filter=1). Another cause: nat SERVICES rule 1 would have rewritten its destination, but OUTPUT rule 1 alone leads to this chain, and this packet traverses PREROUTING.',
    )
    // not to the chain that it would have come to by that one
    expect(found?.command).toMatch(/^ip route del .* && iptables -t nat -A PREROUTING -j SERVICES$/)
  })
})

describe('a forward to one place, while a rule is for another one', () => {
  const forward = (to: string, ...filter: string[]) => ({
    nat: [`-A PREROUTING -d 10.0.1.1/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination ${to}`],
    filter: ['-P FORWARD DROP', ...filter],
  })

  it('is mended with the rest, and the fix says that either may be wrong', () => {
    const rules = forward('10.0.2.8', '[0:0] -A FORWARD -d 10.0.2.9/32 -p tcp -m tcp --dport 80 -j ACCEPT')
    const found = repairOf(rules, TO_ROUTER)
    expect(found?.command).toMatch(
      /^iptables -t nat -R PREROUTING 1 .*10\.0\.2\.9 && iptables -A FORWARD .*ESTABLISHED/,
    )
    expect(noteOf(rules, TO_ROUTER)).toMatch(/^first check which destination is right, 10.0.2.8:80 or 10.0.2.9:80/)
  })

  it('is named with what else stops it, and with the source that nobody rewrites', () => {
    const host = { routes: [...ROUTER.routes!.filter(({ gateway }) => !gateway), VIA_LAN] }
    const rules = forward(
      '10.0.2.9:81',
      '-A FORWARD -s 10.0.1.2/32 -j DROP',
      '-A FORWARD -i eth1 -j ACCEPT',
      '[0:0] -A FORWARD -d 10.0.2.9/32 -p tcp -m tcp --dport 80 -j ACCEPT',
    )
    rules.nat.push('-A POSTROUTING -s 10.8.0.0/24 -o eth1 -j MASQUERADE')
    expect(repairOf(rules, TO_ROUTER, host)?.message).toBe(
      'nat PREROUTING rule 1 sends it to 10.0.2.9:81, while filter FORWARD rule 3 matches 10.0.2.9:80. Which of the two is right is unknown. Then filter FORWARD rule 1 must change, too. Also, no rule rewrites its source.',
    )
  })

  it('is no better for what only brings its reply back', () => {
    const rules = {
      nat: [
        '-A PREROUTING -d 10.0.1.1/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.1.9:555',
        '-A PREROUTING -i eth1 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.1.9:554',
        '[0:0] -A POSTROUTING -s 10.0.7.0/24 -d 10.0.1.9/32 -p tcp -m tcp --dport 554 -j SNAT --to-source 10.0.1.1',
        '[0:0] -A POSTROUTING -s 10.0.1.0/24 -d 10.0.1.9/32 -p tcp -m tcp --dport 554 -j SNAT --to-source 10.0.1.1',
      ],
      filter: [],
    }
    const { findings } = played({ rules, packet: TO_ROUTER })
    const [masquerade] = findings.find(({ code }) => code === 'not-masqueraded')!.fix
    expect(masquerade).toMatchObject({
      after: 'forwarded',
      but: 'nat would rewrite its destination, but not to the expected one',
    })
  })
})

describe('the note of several changes', () => {
  const narrow = '-A FORWARD -s 10.0.1.2/32 -j DROP'
  const later = (rule: string) => ({
    mangle: [narrow],
    filter: ['-P FORWARD DROP', '-A FORWARD -i eth1 -j ACCEPT', rule],
  })

  it('says that one service alone is opened where each change opens no more', () => {
    expect(noteOf(later('-A FORWARD -p udp -j ACCEPT'))).toBe('opens only this source and service')
  })

  it('does not say it of one change where another opens more', () => {
    const note = noteOf(later('[0:0] -A FORWARD -i eth7 -p tcp -m tcp --dport 80 -j ACCEPT'))
    expect(note).toBe('the rule has never matched a packet')
  })
})

describe('a mark that leads the reply astray', () => {
  const rule = (priority: number, rest: object) => ({ family: 'ip' as const, priority, ...rest })
  const routes = [
    ...ROUTER.routes!,
    { family: 'ip', type: 'unicast', destination: '0.0.0.0/0', device: 'eth1', gateway: '10.0.2.254', table: '258' },
  ] as const
  const routingRules = [
    rule(0, { action: { table: 'local' } }),
    rule(29_998, { mark: 0x20000, markMask: 0xff0000, action: { table: '258' } }),
    rule(32_766, { action: { table: 'main' } }),
  ] as Host['routingRules']
  const mangle = ['-A PREROUTING -s 10.0.2.2/32 -j MARK --set-xmark 0x20000/0xff0000']

  it('stops nothing: the route does, by the routing rule that the mark selects', () => {
    const found = repairOf({ mangle, filter: ['-A FORWARD -s 10.0.1.2/32 -j DROP'] }, SYN, {
      routes: [...routes],
      routingRules: routingRules!,
    })
    expect(found?.message).toBe(
      "Two things stop this exchange: filter FORWARD rule 1 and its reply's route (10.0.1.2 is in the network of eth0 (10.0.1.0/24), but the default route of table 258 leads out of eth1). Routing rule 29998 selects that table for mark 0x20000, which mangle PREROUTING rule 1 sets.",
    )
  })
})

describe('a reply that is kept from connection tracking', () => {
  const sets = [{ name: 'web', type: 'hash:ip', elements: [{ parts: ['10.0.2.9'] }] }]
  const rules = (raw: string) => ({
    raw: [raw],
    filter: [
      '-P FORWARD DROP',
      '-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
      '[0:0] -A FORWARD -p tcp -m tcp --dport 80 -m set --match-set web dst -j ACCEPT',
    ],
  })

  it('is the reason for which the rule that exempts it must change', () => {
    const found = repairOf(
      rules('-A PREROUTING -s 10.0.2.0/24 -p tcp -m tcp --sport 80 -j CT --notrack'),
      SYN,
      {},
      new Map(),
      sets,
    )
    expect(found?.message).toMatch(
      /^filter FORWARD rule 2 would have accepted it, but 10.0.2.2 is not in set web. Another cause: raw PREROUTING rule 1 exempts its reply from conntrack .*no rule can match it as part of a connection\.$/,
    )
    expect(found?.command).toMatch(/^ipset add web 10.0.2.2 && iptables -t raw -D PREROUTING 1$/)
  })

  it('is no cause where it is tracked', () => {
    expect(repairOf(rules('-A PREROUTING -s 10.0.3.0/24 -j CT --notrack'), SYN, {}, new Map(), sets)).toBeUndefined()
  })
})

it('names the route of a reply that leaves by another interface, which no rule stops', () => {
  const rule = { family: 'ip', table: 'filter', chain: 'INPUT', ruleNumber: 1, rule: '-A INPUT -j DROP' } as const
  const fix = { description: 'mend it' }
  const dropped = finding('dropped-by-rule', 'error', 'filter INPUT rule 1 dropped it.', { rules: [rule] })
  const cause = leavingCause('eth1', 'eth0')
  const elsewhere = finding('reply-by-other-uplink', 'warning', leavesElsewhere('eth1', 'eth0'), {
    [FOR_REPORTS]: { cause: { request: cause, reply: cause } },
  })
  const steps = [
    { finding: dropped, fix, stop: dropped },
    { finding: elsewhere, fix, isOfReply: true as const },
  ]
  expect(messageOf(steps, ({ rules }) => rules)).toBe(
    "Two things stop this exchange: filter INPUT rule 1 and its reply's route (by eth1, not by eth0).",
  )
})
