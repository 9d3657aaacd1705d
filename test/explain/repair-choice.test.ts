/** Of several changes that bring an exchange through, those that mend what is wrong, and change nothing for others. */
import { describe, expect, it } from 'vitest'
import { finding } from '../../src/explain/context.ts'
import { nameRef } from '../../src/explain/refs.ts'
import { opensForNoOthers } from '../../src/explain/repair/search.ts'
import type { Host } from '../../src/index.ts'
import { ROUTER } from '../simulate/world.ts'
import { findingsOf, played, type Rules, SYN, TO_ROUTER, told } from './findings/played.ts'
import { repairOf } from './repaired.ts'

const HALF = '--mode random --probability 0.50000000000'

describe('a drop for a mark', () => {
  const marked = (nat: string[]): Rules => ({
    mangle: ['-A PREROUTING -i eth0 -j MARK --set-xmark 0x4/0xff'],
    nat,
    filter: ['-A FORWARD -m mark --mark 0x4/0xff -j DROP'],
  })
  const changes = (nat: string[]) =>
    findingsOf(played({ rules: marked(nat) }), 'dropped-by-mark').flatMap(({ fix }) =>
      fix.map(({ description }) => description),
    )

  it('is got past by this packet alone where another rule needs the mark', () => {
    expect(changes(['-A POSTROUTING -m mark --mark 0x4/0xff -j MASQUERADE'])).toEqual([
      'accept such packets before rule 1 of FORWARD',
      'delete rule 1 of PREROUTING',
    ])
  })

  it('blames the rule that drops, as others need the mark', () => {
    const { culprit, findings } = played({ rules: marked(['-A POSTROUTING -m mark --mark 0x4/0xff -j MASQUERADE']) })
    expect(nameRef(culprit!)).toBe('filter FORWARD rule 1')
    expect(findings[0]?.rules.map(nameRef)).toEqual(['filter FORWARD rule 1', 'mangle PREROUTING rule 1'])
  })

  it('goes with the rule that sets the mark where nothing else reads it', () => {
    const others = ['-A POSTROUTING -m mark --mark 0x5/0xff -j MASQUERADE']
    expect(changes(others)).toEqual(['delete rule 1 of PREROUTING', 'accept such packets before rule 1 of FORWARD'])
    expect(nameRef(played({ rules: marked(others) }).culprit!)).toBe('mangle PREROUTING rule 1')
  })
})

describe('several changes', () => {
  it('make up no source where the rule that leads it to its uplink is mistaken', () => {
    const rule = (priority: number, rest: object) => ({ family: 'ip' as const, priority, ...rest })
    const uplink = { index: 4, name: 'eth2', mtu: 1500 }
    const address = { family: 'ip' as const, address: '192.0.2.1', prefixLength: 24, scope: 'global' }
    const host = {
      links: [...ROUTER.links!, { ...uplink, addresses: [address] }].map((one) =>
        one.name === 'eth0' ? { ...one, kind: 'veth' } : one,
      ),
      routes: [
        ...ROUTER.routes!,
        { family: 'ip', type: 'unicast', destination: '0.0.0.0/0', table: '101', device: 'eth2' },
      ],
      routingRules: [
        rule(0, { action: { table: 'local' } }),
        rule(100, { mark: 1, action: { table: '101' } }),
        rule(32_766, { action: { table: 'main' } }),
      ],
    } as Host
    const rules = {
      mangle: [
        '-A PREROUTING -i eth0 -j choose',
        '-A choose -j RETURN',
        '-A choose -s 10.0.1.2/32 -j MARK --set-xmark 0x1/0xffffffff',
      ],
      nat: ['-A POSTROUTING -o eth2 -j MASQUERADE'],
      filter: ['-A FORWARD -s 10.0.1.2/32 -p tcp -m tcp --dport 80 -j DROP'],
    }
    const command = repairOf(rules, { ...SYN, dst: '198.51.100.7' }, host)?.command
    expect(command).toContain('iptables -t mangle -D choose 1')
    expect(command).not.toContain('-j MASQUERADE')
  })

  it('mend the way to each place to which nat sends by turns', () => {
    const rules = {
      mangle: ['-A PREROUTING -p tcp -m tcp --dport 80 -j TTL --ttl-set 1'],
      nat: [
        `-A PREROUTING -p tcp -m tcp --dport 80 -m statistic ${HALF} -j DNAT --to-destination 10.0.2.2`,
        '-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.3',
      ],
    }
    const blackhole = { family: 'ip' as const, type: 'blackhole' as const, destination: '10.0.2.3/32', table: 'main' }
    const host = { routes: [...ROUTER.routes!, blackhole] }
    expect(repairOf(rules, TO_ROUTER, host, new Map([[HALF, true]]))?.command).toBe(
      'iptables -t mangle -D PREROUTING 1 && ip route del blackhole 10.0.2.3/32',
    )
  })
})

describe('a rule that stops what a network sends, and what it is sent', () => {
  const reject = '-A FORWARD -d 10.0.0.0/16 -p tcp -j REJECT --reject-with icmp-port-unreachable'

  it('is got past by this exchange, both ways, before it is deleted', () => {
    const found = repairOf({ filter: [reject] }, SYN)
    expect(found?.message).toMatch(/^filter FORWARD rule 1 .* stops the request, and would stop its reply\.$/)
    expect(found?.command).toMatch(/^iptables -I FORWARD 1 -s 10\.0\.1\.2 -d 10\.0\.2\.2 .* --dport 80 -j ACCEPT && /)
    expect(found?.command).toMatch(/ --ctstate RELATED,ESTABLISHED -j ACCEPT$/)
  })

  it('needs no more than one rule where replies are accepted already', () => {
    const replies = '-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT'
    expect(repairOf({ filter: [replies, reject] }, SYN)).toBeUndefined()
  })

  it('is deleted where two steps would change more than this exchange', () => {
    const step = (code: string, note: string) => ({
      finding: finding(code, 'error', 'It was stopped.', {}),
      fix: { description: 'change it', note },
    })
    const narrow = step('near-miss', 'opens only this source and service')
    const replies = step('reply-dropped', 'accepts only packets of connections that another rule accepted')
    expect(opensForNoOthers([narrow, replies])).toBe(true)
    expect(opensForNoOthers([narrow, step('tos-astray', 'affects every packet that matches the rule')])).toBe(false)
    expect(opensForNoOthers([narrow, step('not-masqueraded', 'affects only this source')])).toBe(false)
  })
})

describe('a jump that should lead elsewhere', () => {
  it('is not led to a chain that accepts whatever comes in', () => {
    const filter = (accept: string) => [
      '-A FORWARD -i eth1 -j limited',
      '-A FORWARD -i eth0 -j limited',
      '-A FORWARD -p icmp -j ACCEPT',
      '-A FORWARD -j DROP',
      '-A limited -p udp -j ACCEPT',
      accept,
    ]
    const fix = (accept: string) => told({ rules: { filter: filter(accept) } }, 'never-reached')?.fix
    expect(fix('-A web -p tcp -m tcp --dport 80 -j ACCEPT')).toMatch(/^iptables -R FORWARD 2 -i eth0 -j web /)
    expect(fix('-A trusted -i eth0 -j ACCEPT') ?? '').not.toMatch(/-R FORWARD/)
  })
})
