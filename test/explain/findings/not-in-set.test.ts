/** A rule would have taken it, but for a set. */
import { describe, expect, it } from 'vitest'
import type { NamedSet } from '../../../src/model/ruleset.ts'
import { explainFile, worldOf } from '../../journey/journeys.ts'
import { ROUTER } from '../../simulate/world.ts'
import { type Case, findingsOf, played, SYN, TO_ROUTER, told } from './played.ts'

const set = (name: string, type: string, ...elements: string[][]): NamedSet => ({
  ...{ name, type, elements: elements.map((parts) => ({ parts })) },
})
const rules = (match: string, ...sets: NamedSet[]): Case => ({
  rules: {
    filter: [
      '-P FORWARD DROP',
      '[9:540] -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
      `[0:0] -A FORWARD ${match} -j ACCEPT`,
    ],
  },
  sets,
})

describe('not-in-set', () => {
  it("adds this host's own address to no set of other hosts", () => {
    const asks = (...addresses: string[]): Case => ({
      rules: { filter: ['-P INPUT DROP', '-A INPUT -m set --match-set admins dst -j ACCEPT'] },
      sets: [set('admins', 'hash:ip', ...addresses.map((one) => [one]))],
      packet: TO_ROUTER,
    })
    expect(told(asks('10.0.2.7'), 'not-in-set')?.fix).toBeUndefined()
    expect(told(asks('10.0.2.1'), 'not-in-set')?.fix).toBe('ipset add admins 10.0.1.1 → delivered')
  })

  it('proposes the element that is missing', () => {
    const found = told(
      rules('-m set --match-set web dst,dst', set('web', 'hash:ip,port', ['10.0.2.2', 'tcp:443'])),
      'not-in-set',
    )
    expect(found?.message).toBe(
      'filter FORWARD rule 2 would have accepted it, but 10.0.2.2,tcp:80 is not in set web, which has it only with tcp:443.',
    )
    expect(found?.fix).toMatch(/^ipset add web 10.0.2.2,tcp:80 → /)
  })

  it('adds no host to a list of networks before it is accepted alone', () => {
    const first = (...elements: string[]) =>
      told(
        rules('-m set --match-set lands src', set('lands', 'hash:net', ...elements.map((one) => [one]))),
        'not-in-set',
      )?.fix
    expect(first('198.51.100.0/24', '185.10.0.0/16')).toMatch(/^iptables -A FORWARD -s 10.0.1.2 .* → forwarded/)
    expect(first('198.51.100.0/24', '192.0.2.7')).toBe('ipset add lands 10.0.1.2 → forwarded')
    expect(first(...Array.from({ length: 65 }, (_, i) => `192.0.2.${i}`))).toMatch(/^iptables -A FORWARD /)
  })

  it('says of a chain that its owner writes anew how long the accept beside its list lasts', () => {
    const [found] = findingsOf(
      played({
        rules: {
          filter: [
            '-N INPUT_direct',
            '-N IN_public_deny',
            '-A INPUT -j INPUT_direct',
            '-A INPUT -j IN_public_deny',
            '-A IN_public_deny -m set --match-set lands src -j ACCEPT',
            '-A IN_public_deny -j DROP',
          ],
        },
        sets: [set('lands', 'hash:net', ['198.51.100.0/24'])],
        packet: TO_ROUTER,
      }),
      'not-in-set',
    )
    const [first] = found!.fix
    expect(first!.description).toBe('for now, accept such packets in INPUT_direct')
    expect(first!.note).toContain('firewalld')
  })

  it('sees that the other side is in it', () => {
    const found = told(rules('-m set --match-set admins dst', set('admins', 'hash:ip', ['10.0.1.2'])), 'not-in-set')
    expect(found?.message).toBe(
      'filter FORWARD rule 2 would have accepted it, but 10.0.2.2 is not in set admins; 10.0.1.2 is (src).',
    )
    expect(found?.fix).toBe('iptables -R FORWARD 2 -m set --match-set admins src -j ACCEPT → forwarded')
  })

  it('is told of the set that has the sender with another port before one that does not have the sender', () => {
    const sets = [
      set('own', 'hash:net', ['10.0.2.0/24']),
      set('open', 'hash:net,port', ['10.0.1.0/24', 'tcp:0'], ['10.0.9.0/24', 'tcp:80']),
    ]
    const filter = [
      '-P FORWARD DROP',
      '[0:0] -A FORWARD -m set --match-set own src -j ACCEPT',
      '[0:0] -A FORWARD -m set --match-set open src,dst -j ACCEPT',
    ]
    const found = findingsOf(played({ rules: { filter }, sets }), 'not-in-set').map(({ message }) => message)
    expect(found).toEqual([
      'filter FORWARD rule 2 would have accepted it, but 10.0.1.2,tcp:80 is not in set open, which has it only with tcp:0.',
      // a network of those who may send is not asked for the destination
      'filter FORWARD rule 1 would have accepted it, but 10.0.1.2 is not in set own.',
    ])
  })

  it('turns no lookup of what a rule puts there by the same end of the packet', () => {
    const asks = (puts: string) => {
      const ruleset = `table inet fw {
\tset asked {
\t\ttype ipv4_addr
\t\tsize 65535
\t\tflags dynamic
\t\telements = { 10.0.2.2 }
\t}
\tchain forward {
\t\ttype filter hook forward priority filter; policy drop;
\t\tiifname "eth1" update @asked { ${puts} } accept # handle 3
\t\tiifname "eth0" ip saddr @asked accept # handle 4
\t}
}
`
      const text = `trace id 0a0b0c0d inet fw forward packet: iif "eth0" oif "eth1" ip saddr 10.0.1.2 ip daddr 10.0.2.2 ip dscp cs0 ip ecn not-ect ip ttl 63 ip id 7 ip protocol tcp ip length 60 tcp sport 40000 tcp dport 80 tcp flags == syn tcp window 64240 
trace id 0a0b0c0d inet fw forward policy drop 
`
      const [found] = explainFile(text, { ...worldOf(ruleset), host: ROUTER }).journeys[0]!.findings.filter(
        ({ code }) => code === 'not-in-set',
      )
      return { message: found?.message, first: found?.fix[0]?.description }
    }
    expect(asks('ip saddr')).toEqual({
      message:
        'inet fw forward handle 4 would have accepted it, but 10.0.1.2 is not in set asked; inet fw forward handle 3 adds the ip saddr of packets to it.',
      first: 'add it to the set',
    })
    expect(asks('ip daddr')).toEqual({
      message:
        'inet fw forward handle 4 would have accepted it, but 10.0.1.2 is not in set asked; 10.0.2.2 is (ip daddr).',
      first: 'match ip daddr in rule 2 of forward',
    })
  })

  it('sees that one part of the other side is in it', () => {
    const web = set('web', 'hash:ip,port', ['10.0.2.2', 'tcp:80'])
    const found = told(rules('-m set --match-set web dst,src', web), 'not-in-set')
    expect(found?.message).toBe(
      'filter FORWARD rule 2 would have accepted it, but 10.0.2.2,tcp:40000 is not in set web; 10.0.2.2,tcp:80 is (dst,dst).',
    )
    expect(found?.fix).toBe('iptables -R FORWARD 2 -m set --match-set web dst,dst -j ACCEPT → forwarded')
    const other = set('web', 'hash:ip,port', ['10.0.2.2', 'tcp:81'])
    expect(told(rules('-m set --match-set web dst,src', other), 'not-in-set')?.message).toMatch(/is not in set web\.$/)
  })

  it('opens no host that the set lets ask', () => {
    const asks = set('may_ask', 'hash:ip,port', ['10.0.2.2', 'tcp:80'])
    const found = told(rules('-m set --match-set may_ask src,dst', asks), 'not-in-set')
    expect(found?.message).toMatch(/but 10\.0\.1\.2,tcp:80 is not in set may_ask\.$/)
    expect(found?.fix).toBe('ipset add may_ask 10.0.1.2,tcp:80 → forwarded')
    // nor is the port of who asks made that of a service
    const serves = set('serves', 'hash:ip,port', ['10.0.1.2', 'tcp:40000'])
    expect(told(rules('-m set --match-set serves src,dst', serves), 'not-in-set')?.fix).not.toContain('src,src')
  })

  it("does not ask for this host's own address in place of the other side's", () => {
    const found = told(
      {
        rules: { filter: ['-P INPUT DROP', '-A INPUT -m set --match-set admins src -j ACCEPT'] },
        sets: [set('admins', 'hash:ip', ['10.0.1.1'])],
        packet: TO_ROUTER,
      },
      'not-in-set',
    )
    expect(found?.message).toMatch(/but 10\.0\.1\.2 is not in set admins\.$/)
    expect(found?.fix).toBe('ipset add admins 10.0.1.2 → delivered')
  })

  it('knows that a set is asked for all parts of its elements, or finds nothing', () => {
    const web = set('web', 'hash:ip,port', ['10.0.1.2', 'tcp:80'])
    const found = told(rules('-m set --match-set web src', web), 'not-in-set')
    expect(found?.message).toBe(
      'filter FORWARD rule 2 would have accepted it, but it never matches: it looks up src in set web, whose elements have 2 parts (ip,port).',
    )
    expect(found?.fix).toBe('iptables -R FORWARD 2 -m set --match-set web src,dst -j ACCEPT → forwarded')
    const other = set('web', 'hash:ip,port', ['10.0.1.9', 'tcp:80'])
    expect(told(rules('-m set --match-set web src', other), 'not-in-set')?.fix).toBeUndefined()
  })

  it('proposes to take it out of one that it must not be in', () => {
    const found = told(rules('-m set ! --match-set bad src', set('bad', 'hash:ip', ['10.0.1.2'])), 'not-in-set')
    expect(found?.fix).toMatch(/^ipset del bad 10.0.1.2 → /)
  })

  it('proposes no port of the client, which is another one with the next packet', () => {
    const [found] = findingsOf(
      played(rules('-m set --match-set web src,src', set('web', 'hash:ip,port', ['10.0.2.2', 'tcp:443']))),
      'not-in-set',
    )
    expect(found?.message).toContain('10.0.1.2,tcp:40000 is not in set web')
    expect(found?.fix).toEqual([])
  })

  it.each([
    ['-A INPUT -m set --match-set blocked src -j DROP', 'INPUT rule 2'],
    ['-A INPUT -m set --match-set blocked src -j BLOCK', 'INPUT rule 2'],
    ['-A INPUT -m set --match-set all src -j DROP', 'INPUT rule 2'],
  ])('adds it to no set whose members a rule drops: %s', (drops, name) => {
    const asked = (...lines: string[]): Case => ({
      rules: {
        filter: [
          '-P INPUT DROP',
          '[0:0] -A INPUT -p tcp -m set --match-set blocked src -m tcp --dport 80 -j ACCEPT',
          ...lines,
        ],
      },
      sets: [set('blocked', 'hash:ip', ['192.0.2.5']), set('all', 'list:set', ['blocked'])],
      packet: TO_ROUTER,
    })
    expect(told(asked(), 'not-in-set')?.fix).toBe('ipset add blocked 10.0.1.2 → delivered')
    const one = asked(drops, '-A BLOCK -m limit --limit 5/min -j LOG', '-A BLOCK -j DROP')
    const found = told(one, 'not-in-set')
    expect(found?.message).toMatch(
      new RegExp(`10\\.0\\.1\\.2 is not in set blocked, whose members filter ${name} drops\\.$`),
    )
    expect(found?.fix).toBeUndefined()
    expect(told(one, 'dropped-by-policy')?.fix).toBe(
      'iptables -A INPUT -s 10.0.1.2 -d 10.0.1.1 -i eth0 -p tcp --dport 80 -j ACCEPT → delivered',
    )
  })

  it.each([
    ['it is in the set', rules('-m set --match-set admins src', set('admins', 'hash:ip', ['10.0.1.2']))],
    [
      'the port fails as well',
      rules('-p tcp -m tcp --dport 81 -m set --match-set admins src', set('admins', 'hash:ip', ['10.0.1.9'])),
    ],
  ])('is not told where %s', (_name, one) => {
    expect(findingsOf(played(one), 'not-in-set').flatMap(({ fix }) => fix)).toEqual([])
  })
})

describe('several rules that each ask a set', () => {
  const masquerades = (...guests: string[][]): Case => ({
    rules: {
      filter: ['-P FORWARD ACCEPT'],
      nat: [
        '[7:420] -A POSTROUTING -o eth1 -m set --match-set corporate src -j MASQUERADE',
        '[0:0] -A POSTROUTING -o eth1 -m set --match-set guests src -j MASQUERADE',
      ],
    },
    packet: { ...SYN, src: '10.0.7.2', dst: '198.51.100.9' },
    sets: [set('corporate', 'hash:net', ['10.0.1.0/24']), set('guests', 'hash:net', ...guests)],
  })
  const said = (case_: Case) =>
    findingsOf(played(case_), 'not-in-set').map(({ severity, message }) => [
      severity,
      message.split(' is not in set ')[1],
    ])

  it('are no mistake for matching nothing where their set has no members', () => {
    expect(said(masquerades())).toEqual([
      ['warning', 'corporate.'],
      ['note', 'guests.'],
    ])
  })

  it('are told alike where each set has some', () => {
    expect(said(masquerades(['10.0.9.0/24'])).map(([severity]) => severity)).toEqual(['warning', 'warning'])
  })
})
