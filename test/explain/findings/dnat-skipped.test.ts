/** A rule in front of the DNAT rule that is meant for the packet. */
import { describe, expect, it } from 'vitest'
import { ROUTER } from '../../simulate/world.ts'
import { type Case, findingsOf, LISTENS_ON, played, TO_ROUTER, told } from './played.ts'

const DNAT = '-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.9'
const one = (...nat: string[]): Case => ({
  rules: { nat, filter: ['-P INPUT DROP'] },
  packet: TO_ROUTER,
  host: LISTENS_ON(22),
})

describe('dnat-skipped', () => {
  it('names an accept in front', () => {
    const found = told(one('-A PREROUTING -s 10.0.1.2/32 -j ACCEPT', DNAT), 'dnat-skipped')
    expect(found?.rules).toEqual(['nat PREROUTING rule 1', 'nat PREROUTING rule 2'])
    expect(found?.fix).toBe('iptables -t nat -D PREROUTING 1 → forwarded')
  })

  it('puts the later one in front for such packets alone, where the first one serves others, too', () => {
    const shadowed = (first: string, second: string): Case => ({
      rules: {
        nat: [
          `-A PREROUTING -i eth0 -p tcp -m multiport --dports ${first} -j DNAT --to-destination 10.0.2.8`,
          `-A PREROUTING -i eth0 -p tcp -m ${second} -j DNAT --to-destination 10.0.2.9`,
        ],
        filter: ['-P FORWARD DROP', '-A FORWARD -d 10.0.2.9/32 -j ACCEPT', '-A FORWARD -s 10.0.2.9/32 -j ACCEPT'],
      },
      packet: TO_ROUTER,
    })
    expect(told(shadowed('80,443', 'tcp --dport 80'), 'dnat-skipped')?.fix).toBe(
      'iptables -t nat -I PREROUTING 1 -s 10.0.1.2 -d 10.0.1.1 -i eth0 -p tcp --dport 80 -j DNAT --to-destination 10.0.2.9 → forwarded',
    )
    // what it takes, the other one would take
    expect(told(shadowed('80,443', 'multiport --dports 80,443'), 'dnat-skipped')?.fix).toBe(
      'iptables -t nat -D PREROUTING 1 → forwarded',
    )
  })

  it('puts the port forward in front of the redirection of its network, which is skipped then', () => {
    const redirected: Case = {
      rules: {
        nat: [
          '-A PREROUTING -i eth0 -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 3129',
          '-A PREROUTING -d 10.0.1.1/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.1.9',
          '-A POSTROUTING -d 10.0.1.9/32 -j MASQUERADE',
        ],
        filter: ['-P INPUT DROP'],
      },
      packet: TO_ROUTER,
    }
    expect(told(redirected, 'dnat-skipped')?.fix).toBe(
      'iptables -t nat -I PREROUTING 1 -d 10.0.1.1 -p tcp --dport 80 -j DNAT --to-destination 10.0.1.9 → forwarded',
    )
  })

  it('puts the forward of a port in front of one for all ports of its address', () => {
    const forwards = (first: string): Case => ({
      rules: {
        nat: [
          `-A PREROUTING -d 10.0.1.1/32 ${first} -j DNAT --to-destination 10.0.2.8`,
          '-A PREROUTING -d 10.0.1.1/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.9',
        ],
        filter: ['-P FORWARD DROP', '-A FORWARD -d 10.0.2.9/32 -j ACCEPT', '-A FORWARD -s 10.0.2.9/32 -j ACCEPT'],
      },
      packet: TO_ROUTER,
    })
    expect(told(forwards('-p tcp'), 'dnat-skipped')?.fix).toBe(
      'iptables -t nat -I PREROUTING 1 -d 10.0.1.1 -p tcp --dport 80 -j DNAT --to-destination 10.0.2.9 → forwarded',
    )
    // it asks for something that the other one does not
    expect(told(forwards('-s 10.0.1.0/24 -p tcp'), 'dnat-skipped')?.fix).toBe(
      'iptables -t nat -D PREROUTING 1 → forwarded',
    )
  })

  it('is none where both send it to one place', () => {
    const [first, second] = [DNAT.replace('-p tcp', '-s 10.0.1.2/32 -p tcp'), DNAT]
    const same: Case = { rules: { nat: [first, second], filter: ['-P FORWARD DROP'] }, packet: TO_ROUTER }
    expect(told(same, 'dnat-skipped')).toBeUndefined()
    const map = (to: string, own = '') => `-A PREROUTING -d 10.0.1.0/24${own} -j NETMAP --to ${to}/24`
    const mapped: Case = { ...same, rules: { ...same.rules, nat: [map('10.0.3.0', ' -i eth0'), map('10.0.2.0')] } }
    expect(told(mapped, 'dnat-skipped')?.rules).toEqual(['nat PREROUTING rule 1', 'nat PREROUTING rule 2'])
  })

  it('names a return out of its chain', () => {
    const found = told(
      one('-A PREROUTING -j web', '-A web -s 10.0.1.0/24 -j RETURN', DNAT.replace('PREROUTING', 'web')),
      'dnat-skipped',
    )
    expect(found?.rules).toEqual(['nat web rule 1', 'nat web rule 2'])
  })

  it('is a note where the rule behind nearly matches', () => {
    const rules = (front: string) => one(front, `[0:0] ${DNAT.replaceAll('tcp', 'udp')}`)
    const near = rules('-A PREROUTING -s 10.0.1.2/32 -j ACCEPT')
    expect(told(near, 'dnat-skipped')).toMatchObject({
      message:
        'nat PREROUTING rule 1 ended the evaluation of the nat table (-s 10.0.1.2/32). So the packet never reached rule 2, which would have rewritten its destination but only matches -p udp.',
      rules: ['nat PREROUTING rule 1', 'nat PREROUTING rule 2'],
    })
    expect(findingsOf(played(near), 'dnat-skipped')[0]?.severity).toBe('note')
    // what ends the table for whatever comes by an interface was put there for that
    expect(told(rules('-A PREROUTING -i eth0 -j ACCEPT'), 'dnat-skipped')).toBeUndefined()
  })

  it('is a note where an earlier DNAT leads to nobody, and the rule behind nearly matches', () => {
    const near = one(
      '-A PREROUTING -s 10.0.1.2/32 -j DNAT --to-destination 10.0.2.1',
      `[0:0] ${DNAT.replaceAll('tcp', 'udp')}`,
    )
    expect(told(near, 'dnat-skipped')?.message).toBe(
      'nat PREROUTING rule 1 rewrote its destination first (-s 10.0.1.2/32). So the packet never reached rule 2, which would have rewritten its destination but only matches -p udp.',
    )
  })

  it('takes a rule for one interface for what was meant, whatever another interface is led to', () => {
    const led = (lan: string) =>
      one(
        `-A PREROUTING ${lan}-j LAN`,
        '-A PREROUTING -i eth1 -j WAN',
        '-A LAN -s 10.0.1.0/24 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.1',
        '-A WAN -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.9',
      )
    expect(told(led(''), 'dnat-skipped')?.message).toContain('only matches -i eth1')
    expect(told(led('-i eth0 '), 'dnat-skipped')).toBeUndefined()
  })

  it('is a warning for an address that nobody has, where nat asks for that', () => {
    const route = { family: 'ip', type: 'unicast', destination: '0.0.0.0/0', table: 'main', device: 'eth1' } as const
    const made = (dst: string, rule: string): Case => ({
      rules: {
        nat: [`-A PREROUTING ${rule} -j svc`, '-A svc -s 10.0.1.2/32 -j ACCEPT', DNAT.replace('PREROUTING', 'svc')],
        filter: [],
      },
      packet: { ...TO_ROUTER, dst },
      host: { routes: [...ROUTER.routes!, { ...route, gateway: '10.0.2.254' }] },
    })
    const severity = (...given: Parameters<typeof made>) =>
      findingsOf(played(made(...given)), 'dnat-skipped').map((found) => found.severity)
    expect(severity('172.30.0.53', '-d 172.30.0.53/32')).toEqual(['warning'])
    // an exception from what is for all
    expect(severity('172.30.0.53', '-p tcp')).not.toContain('warning')
    expect(severity('203.0.113.5', '-d 203.0.113.5/32')).not.toContain('warning')
  })

  it('takes a DNAT rule for one service in front of one for all for what was meant', () => {
    const toHost: Case = {
      rules: {
        nat: [
          `-A PREROUTING -d 10.0.1.1/32 ${DNAT.slice('-A PREROUTING '.length)}`,
          '-A PREROUTING -d 10.0.1.1/32 -j DNAT --to-destination 10.0.2.8',
        ],
        filter: ['-A FORWARD -p tcp -m tcp --dport 80 -j DROP'],
      },
      packet: TO_ROUTER,
    }
    const { findings } = played(toHost)
    expect(findings.find(({ code }) => code === 'dnat-skipped')?.severity).toBe('note')
    expect(findings.find(({ code }) => code === 'dropped-by-rule')?.fix[0]).toMatchObject({ after: 'forwarded' })
    expect(findings.find(({ code }) => code === 'dropped-by-rule')?.fix[0]?.but).toBeUndefined()
    // the other way round it hides that
    const nat = toHost.rules.nat!.toReversed()
    expect(told({ ...toHost, rules: { ...toHost.rules, nat } }, 'dnat-skipped')?.rules).toEqual([
      'nat PREROUTING rule 1',
      'nat PREROUTING rule 2',
    ])
  })

  it('takes a DNAT rule for the very service for what was meant, whatever nearly matches behind it', () => {
    const found = told(
      one(DNAT.replace('10.0.2.9', '10.0.1.1:8080'), `[0:0] ${DNAT.replace(' -j', ' -m mark --mark 0x2 -j')}`),
      'dnat-skipped',
    )
    expect(found).toBeUndefined()
  })

  it('is one whose port nothing has ever asked for, and is like the packet’s', () => {
    const near = (count: string, port: string) =>
      told(one('-A PREROUTING -s 10.0.1.2/32 -j ACCEPT', `[${count}] ${DNAT.replace('80', port)}`), 'dnat-skipped')
    expect(near('0:0', '8')?.message).toContain('but only matches --dport 8.')
    expect(near('5:300', '8')).toBeUndefined()
    expect(near('0:0', '443')).toBeUndefined()
  })

  it('is a chain behind it that is there for a destination, and does not send it there', () => {
    const chain = '-A svc -m comment --comment "default/web:http -> 10.0.2.9:8080" -j sep'
    const jump = '-A PREROUTING -d 10.0.1.1/32 -p tcp -m tcp --dport 80 -j svc'
    const far = '-A PREROUTING -p udp -j DNAT --to-destination 10.0.2.8'
    const found = told(one('-A PREROUTING -s 10.0.1.2/32 -j ACCEPT', jump, chain, '-N sep', far), 'dnat-skipped')
    expect(found?.message).toBe(
      'nat PREROUTING rule 1 ended the evaluation of the nat table (-s 10.0.1.2/32), so the packet never reached svc rule 1, which matches it.',
    )
  })

  it('lets an accept in a chain of its own leave that chain alone', () => {
    const found = told(
      one('-A PREROUTING -j portal', DNAT, '-A portal -s 10.0.1.2/32 -j ACCEPT', '-A portal -p tcp -j REDIRECT'),
      'dnat-skipped',
    )
    expect(found?.rules).toEqual(['nat portal rule 1', 'nat PREROUTING rule 2'])
    expect(found?.fix).toBe('iptables -t nat -R portal 1 -s 10.0.1.2 -j RETURN → forwarded')
  })

  it('names an earlier DNAT', () => {
    const found = told(
      {
        ...one('-A PREROUTING -s 10.0.1.2/32 -j DNAT --to-destination 10.0.2.7', DNAT),
        rules: {
          nat: ['-A PREROUTING -s 10.0.1.2/32 -j DNAT --to-destination 10.0.2.7', DNAT],
          filter: ['-P FORWARD DROP'],
        },
      },
      'dnat-skipped',
    )
    expect(found?.rules).toEqual(['nat PREROUTING rule 1', 'nat PREROUTING rule 2'])
  })

  it('has the rule for one destination put in front of what takes any', () => {
    const own = '-A web -d 10.0.1.1/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.9'
    const other = '-A other -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.7'
    const rules = (last: string) => ({
      nat: ['-A PREROUTING -j web', '-A web -p tcp -j other', last, other],
      filter: ['-P FORWARD DROP'],
    })
    const fix = (last: string) => told({ ...one(), rules: rules(last) }, 'dnat-skipped')?.fix
    expect(fix(own)).toMatch(/^iptables -t nat -I web 1 -d 10\.0\.1\.1 .* --to-destination 10.0.2.9 → /)
    expect(fix(own.replace('-d 10.0.1.1/32 ', ''))).toMatch(/^iptables -t nat -D other 1 → /)
  })

  it('is a note where the rule is an exception from what is for all', () => {
    const severity = (...nat: string[]) => findingsOf(played(one(...nat)), 'dnat-skipped')[0]?.severity
    const except = '-A PREROUTING -p tcp -m tcp --dport 80 -j RETURN'
    expect(severity(except, '-A PREROUTING -p tcp -j REDIRECT --to-ports 15006')).toBe('note')
    expect(severity(except, DNAT)).toBe('warning')
  })

  it('is told where rules in between spare what a proxy sends, and nobody knows who sent it', () => {
    const { in: _, ...sent } = TO_ROUTER
    const own = { ...sent, out: 'eth1', src: '10.0.2.1', dst: '10.0.2.2' }
    const found = told(
      {
        rules: {
          nat: [
            '-A OUTPUT -j proxy',
            '-A proxy -j RETURN',
            '-A proxy -p tcp -m tcp --dport 80 -m owner --uid-owner 1337 -j RETURN',
            '-A proxy -d 10.0.2.2/32 -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 15001',
          ],
          filter: [],
        },
        packet: own,
      },
      'dnat-skipped',
    )
    expect(found?.rules).toEqual(['nat proxy rule 1', 'nat proxy rule 3'])
  })

  it.each([
    [
      'the DNAT rule behind is for another port',
      one('-A PREROUTING -s 10.0.1.2/32 -j ACCEPT', DNAT.replace('80', '81')),
    ],
    [
      'chance chose between two',
      {
        rules: {
          nat: [
            '-A PREROUTING -p tcp -m tcp --dport 80 -m statistic --mode random --probability 1.00000000000 -j a',
            '-A PREROUTING -p tcp -m tcp --dport 80 -j b',
            '-A a -p tcp -j DNAT --to-destination 10.0.2.7',
            '-A b -p tcp -j DNAT --to-destination 10.0.2.9',
          ],
          filter: ['-P FORWARD DROP'],
        },
        packet: TO_ROUTER,
        assume: new Map([['--mode random --probability 1.00000000000', true]]),
      },
    ],
  ] satisfies [string, Case][])('is not told where %s', (_name, case_) => {
    expect(told(case_, 'dnat-skipped')).toBeUndefined()
  })

  it('is not told of a packet that somebody here listens for', () => {
    expect(
      told({ ...one('-A PREROUTING -s 10.0.1.2/32 -j ACCEPT', DNAT), host: LISTENS_ON(80) }, 'dnat-skipped'),
    ).toBeUndefined()
  })
})

it('no change is offered that would stop what gets through', () => {
  const nat = [
    '-A PREROUTING -d 10.0.2.2/32 -j ACCEPT',
    '-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to 10.0.1.1:9',
  ]
  const fixes = (policy: string) =>
    findingsOf(played({ rules: { nat, filter: [`-P INPUT ${policy}`] } }), 'dnat-skipped').flatMap(({ fix }) =>
      fix.map(({ after }) => after),
    )
  expect(fixes('ACCEPT')).toContain('delivered')
  expect(fixes('DROP')).toEqual([])
})
