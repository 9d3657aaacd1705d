/** What became of it hung on a mark. */
import { describe, expect, it } from 'vitest'
import type { Packet } from '../../../src/index.ts'
import { ROUTER } from '../../simulate/world.ts'
import { type Case, findingsOf, played, SYN, told } from './played.ts'

const ASKS = '-A FORWARD -m mark --mark 0x1/0xff -j ACCEPT'
const one = (...mangle: string[]): Case => ({
  rules: {
    mangle,
    filter: ['-P FORWARD DROP', '[9:540] -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT', ASKS],
  },
})
const SETS = '-A PREROUTING -p tcp -m tcp --dport 80 -j MARK --set-xmark 0x1/0xff'

/** Sent by the router itself. */
const OWN = { ...SYN, in: undefined, src: '10.0.1.1', out: 'eth1' } as unknown as Packet

describe('mark-missing', () => {
  it('says of a rule that sets the mark that it does, and of one that jumps there that it leads to it', () => {
    const [set] = findingsOf(played(one(`[0:0] ${SETS.replace('-p tcp', '-i eth7 -p tcp')}`)), 'mark-missing')
    expect(set?.message).toContain(
      'filter FORWARD rule 2 requires mark 0x1/0xff, which the packet does not have: mangle PREROUTING rule 1, which sets this mark, only matches -i eth7.',
    )
    const jumps = ['[0:0] -A PREROUTING -i eth7 -j MARKS', '-A MARKS -p tcp -j MARK --set-xmark 0x1/0xff']
    const [leads] = findingsOf(played(one(...jumps)), 'mark-missing')
    expect(leads?.message).toContain(
      'mangle PREROUTING rule 1, which jumps to the rule that sets this mark, only matches -i eth7',
    )
  })

  it('is a note where another link is the one that the mark is for, or may be, as no links are listed', () => {
    const sets = `[0:0] ${SETS.replace('-p tcp', '-i eth1 -p tcp')}`
    const stopped = (host: NonNullable<Case['host']>) =>
      findingsOf(
        played({ rules: { mangle: [sets], filter: [ASKS, '-A FORWARD -p tcp -j DROP'] }, host }),
        'mark-missing',
      ).map(({ severity }) => severity)
    const { links, routes } = ROUTER
    expect(stopped({ links: links!, routes: routes! })).toEqual(['note'])
    expect(stopped({ routes: routes! })).toEqual(['note'])
    expect(stopped({ links: links!.filter(({ name }) => name !== 'eth1'), routes: routes! })).toEqual(['warning'])
  })

  it('leaves the rule to what comes by the link that it names, where that is there', () => {
    const sets = (device: string) => ({
      ...one(`[0:0] ${SETS.replace('-p tcp', `-i ${device} -p tcp`)}`),
      host: { links: ROUTER.links!, routes: ROUTER.routes! },
    })
    expect(told(sets('eth1'), 'mark-missing')?.fix).toBe(
      'iptables -t mangle -I PREROUTING 1 -i eth0 -p tcp --dport 80 -j MARK --set-xmark 0x1/0xff → forwarded',
    )
    expect(told(sets('eth7'), 'mark-missing')?.fix).toBe(
      'iptables -t mangle -R PREROUTING 1 -i eth0 -p tcp --dport 80 -j MARK --set-xmark 0x1/0xff → forwarded',
    )
  })

  it('leaves a rule for what an endpoint asks of itself to that, whoever else asks the same service', () => {
    const balanced = (own: string): Case => ({
      rules: {
        nat: [
          '-A PREROUTING -p tcp -m tcp --dport 80 -j SEP',
          `-A SEP -s ${own}/32 -j MARK --set-xmark 0x4000/0x4000`,
          '-A SEP -p tcp -m tcp -j DNAT --to-destination 10.0.1.3:80',
          '-A POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN',
          '-A POSTROUTING -j MASQUERADE',
        ],
      },
    })
    // it goes back out of eth0, to its own network
    const about = (own: string) =>
      findingsOf(played(balanced(own)), 'mark-missing').map(({ severity, fix }) => [severity, fix.length > 0])
    expect(about('10.0.1.3')).toEqual([['note', false]])
    expect(about('10.0.1.4')).toEqual([['warning', true]])
  })

  it('does not blame a rule that clears the mark of every packet for those behind it that may set it', () => {
    const reset = '-A PREROUTING -j MARK --set-xmark 0x0/0xff'
    const sets = `[0:0] ${SETS.replace('-p tcp', '-i eth7 -p tcp')}`
    // it came with the mark, which a rule of another framework may have given it
    const marked = { ...SYN, mark: 1 }
    const [found] = findingsOf(played({ ...one(reset, sets), packet: marked }), 'mark-missing')
    expect(found?.message).toContain('mangle PREROUTING rule 2, which sets this mark, only matches -i eth7')
    const [alone] = findingsOf(played({ ...one(reset), packet: marked }), 'mark-missing')
    expect(alone?.message).toContain('mangle PREROUTING rule 1 cleared it')
  })

  it('of several policies that set one mark in turn, names the one for the service of the packet', () => {
    const RETURN = '-A workload -m mark --mark 0x10000/0x10000 -j RETURN'
    const policies = (...names: string[]) =>
      names.flatMap((name) => [`-A workload -m mark --mark 0x0/0x20000 -j ${name}`, RETURN])
    const filter = (...names: string[]) => [
      '-A FORWARD -o eth1 -j workload',
      ...policies(...names),
      '-A workload -j DROP',
      '-A all-of-ui -m set --match-set ui src -j MARK --set-xmark 0x10000/0x10000',
      '-A web-of-front -p tcp -m set --match-set front src -m multiport --dports 80 -j MARK --set-xmark 0x10000/0x10000',
    ]
    const set = (name: string, element: string) => ({ name, type: 'hash:ip', elements: [{ parts: [element] }] })
    const found = (...names: string[]) =>
      findingsOf(
        played({ rules: { filter: filter(...names) }, sets: [set('ui', '10.0.1.8'), set('front', '10.0.1.9')] }),
        'mark-missing',
      ).map(({ message }) => message.split(': ').slice(1).join(': '))
    const front = 'filter web-of-front rule 1, which sets this mark, does not match: 10.0.1.2 is not in set front.'
    expect(found('all-of-ui', 'web-of-front')).toEqual([front])
    expect(found('web-of-front', 'all-of-ui')).toEqual([front])
    expect(found('all-of-ui')[0]).toContain('10.0.1.2 is not in set ui')
  })

  it('names the rule that gave it a mark which nobody reads, before one that others use', () => {
    const host = { routingRules: [{ family: 'ip', priority: 32766, action: { table: 'main' } }] } as Case['host']
    const gives = '[9:540] -A PREROUTING -p tcp -j MARK --set-xmark 0x2/0xff'
    const others = '[9:540] -A PREROUTING -i eth1 -j MARK --set-xmark 0x1/0xff'
    const found = (...mangle: string[]) => told({ ...one(...mangle), host: host! }, 'mark-missing')
    expect(found(gives, others)?.message).toContain('mangle PREROUTING rule 1 gave it 0x2')
    expect(found(gives, others)?.fix).toMatch(
      /^iptables -t mangle -R PREROUTING 1 -p tcp -j MARK --set-xmark 0x1\/0xff/,
    )
    // a routing rule reads it
    const reads = { family: 'ip', priority: 9, mark: 2, markMask: 0xff, action: { table: 'main' } } as const
    const led = told({ ...one(gives, others), host: { routingRules: [reads, ...host!.routingRules!] } }, 'mark-missing')
    expect(led?.message ?? '').not.toContain('gave it')
  })

  it('leaves a rule that marks whatever an interface takes to the others that are stopped for it', () => {
    const guarded = (gives: string): Case => ({
      rules: {
        mangle: [gives],
        filter: ['-A FORWARD -i eth1 -j ACCEPT', '-A FORWARD -o eth1 -m mark ! --mark 0x1/0xff -j DROP'],
      },
    })
    expect(told(guarded('[9:540] -A PREROUTING -i eth0 -j MARK --set-xmark 0x2/0xff'), 'mark-missing')?.fix).toBe(
      'iptables -t mangle -A PREROUTING -s 10.0.1.2 -d 10.0.2.2 -i eth0 -p tcp --dport 80 -j MARK --set-xmark 0x1/0xff → forwarded',
    )
    expect(
      told(guarded('[9:540] -A PREROUTING -d 10.0.2.2/32 -j MARK --set-xmark 0x2/0xff'), 'mark-missing')?.fix,
    ).toMatch(/^iptables -t mangle -R PREROUTING 1 /)
  })

  it('names the jump that leads elsewhere than to the chain that sets it', () => {
    const found = told(
      one(
        '-A PREROUTING -i eth0 -j other',
        '-A PREROUTING -i eth1 -j other',
        '-A other -p udp -j ACCEPT',
        SETS.replace('PREROUTING', 'marks'),
      ),
      'mark-missing',
    )
    expect(found?.message).toContain(
      'no rule jumps to mangle marks rule 1, which sets this mark. PREROUTING rule 1, which matches it, jumps to other, as rule 2 does.',
    )
    expect(found?.fix).toBe('iptables -t mangle -R PREROUTING 1 -i eth0 -j marks → forwarded')
  })

  it('nor makes it set the mark of every packet, where rules behind it set that of others', () => {
    const reset = '-A PREROUTING -j MARK --set-xmark 0x0/0xff'
    const others = '-A PREROUTING -i eth7 -p tcp -m tcp --dport 11211 -j MARK --set-xmark 0x1/0xff'
    expect(findingsOf(played(one(reset, others)), 'mark-missing')).toEqual([])
  })

  it('says which element a rule that sets the mark lacks in its set, and adds it', () => {
    const set = { name: 'servers', type: 'hash:net', elements: [{ parts: ['10.0.2.9'] }] }
    const marks = '-A PREROUTING -m set --match-set servers dst -j MARK --set-xmark 0x1/0xff'
    expect(told({ ...one(marks), sets: [set] }, 'mark-missing')).toMatchObject({
      message: expect.stringContaining(
        'mangle PREROUTING rule 1, which sets this mark, does not match: 10.0.2.2 is not in set servers.',
      ),
      fix: 'ipset add servers 10.0.2.2 → forwarded',
    })
  })

  it('says which element is missing where the mark is cleared once it was asked for, and leaves a chain that marks everything', () => {
    const POLICY = [
      '-A FORWARD -d 10.0.2.2/32 -j POD',
      '-A FORWARD -m mark --mark 0x20000/0x20000 -j ACCEPT',
      '-A POD -j POLICY',
      '-A POD -m mark ! --mark 0x10000/0x10000 -j REJECT',
      '-A POD -j MARK --set-xmark 0x0/0x10000',
      '-A POD -j MARK --set-xmark 0x20000/0x20000',
      '-A POLICY -p tcp -m set --match-set servers dst -m tcp --dport 80 -j MARK --set-xmark 0x10000/0x10000',
      '-A DEFAULT -j MARK --set-xmark 0x10000/0x10000',
    ]
    const servers = (timeout: number) => ({ name: 'servers', type: 'hash:ip', elements: [], timeout })
    const policy: Case = { rules: { filter: POLICY }, sets: [servers(0)] }
    expect(told(policy, 'mark-missing')).toMatchObject({
      message:
        'filter POD rule 2 matches packets without mark 0x10000/0x10000, and filter POLICY rule 1, which sets this mark, does not match: 10.0.2.2 is not in set servers, which is empty.',
      fix: 'ipset add servers 10.0.2.2 → forwarded',
    })
    expect(told({ ...policy, sets: [servers(600)] }, 'mark-missing')?.message).toContain('its elements time out')
    expect(told(policy, 'never-reached')).toBeUndefined()
    // a mark that is cleared before it is asked for would not have helped
    const early = ['-A POD -j POLICY', '-A POD -j MARK --set-xmark 0x0/0x10000']
    const cleared = [...POLICY.slice(0, 2), ...early, ...POLICY.slice(3, 4), ...POLICY.slice(5)]
    expect(told({ ...policy, rules: { filter: cleared } }, 'mark-missing')?.message ?? '').not.toContain('POLICY')
  })

  it('leaves a mark that no rule sets to near-miss, where other rules were as near', () => {
    const near: Case = {
      rules: { filter: ['-P FORWARD DROP', ASKS, '-A FORWARD -o lxc+ -p tcp -m tcp --dport 80 -j ACCEPT'] },
    }
    expect(told(near, 'mark-missing')).toBeUndefined()
    expect(findingsOf(played(near), 'near-miss').map(({ message }) => message)).toEqual(
      expect.arrayContaining([expect.stringContaining('--mark 0x1/0xff'), expect.stringContaining('-o lxc+')]),
    )
    expect(told({ rules: { filter: ['-P FORWARD DROP', ASKS] } }, 'mark-missing')?.message).toContain(
      'no rule sets this mark',
    )
  })

  it('warns of no mark that nobody sets, where another one that would do as well is set by a rule', () => {
    const accept = '-A POD -m mark --mark 0x10000/0x10000 -j ACCEPT'
    const rest = '-A POD -m mark ! --mark 0x20000/0x20000 -j DROP'
    const severities = (...rules: string[]) =>
      findingsOf(played({ rules: { filter: ['-A FORWARD -j POD', ...rules, rest] } }), 'mark-missing').map(
        ({ severity, message, fix }) => [severity, message, fix.length],
      )
    const nobody = 'matches packets without mark 0x20000/0x20000, and no rule sets this mark.'
    expect(severities()).toEqual([['warning', `filter POD rule 1 ${nobody}`, 0]])
    // two things speak against the rule that sets the first one
    const sets = '-A POD -d 10.0.9.9/32 -p tcp -m tcp --dport 443 -j MARK --set-xmark 0x10000/0x10000'
    expect(severities(sets, accept)).toEqual([['note', `filter POD rule 3 ${nobody}`, 0]])
  })

  it('warns of a mark that nobody sets where its rule is for this very service, whatever other marks are set', () => {
    const severity = (service: string) =>
      findingsOf(
        played({
          rules: {
            mangle: ['-A PREROUTING -i wg0 -j MARK --set-xmark 0x1/0xff'],
            filter: [
              ...['-P FORWARD DROP', '-A FORWARD -m mark --mark 0x1/0xff -j ACCEPT'],
              `-A FORWARD ${service}-m mark --mark 0x2/0xff -j ACCEPT`,
            ],
          },
        }),
        'mark-missing',
      ).find(({ message }) => message.includes('0x2/0xff'))?.severity
    expect(severity('-p tcp -m tcp --dport 80 ')).toBe('warning')
    expect(severity('')).toBe('note')
  })

  it('warns of no mark that nobody sets where a rule has chosen the packet to be stopped', () => {
    const severity = (drop: string) =>
      findingsOf(
        played({ rules: { filter: ['-A FORWARD -m mark --mark 0x1ed6 -j RETURN', drop] } }),
        'mark-missing',
      ).map(({ severity, message }) => [severity, message.includes('no rule sets this mark')])
    expect(severity('-A FORWARD ! -s 10.0.9.0/24 -j DROP')).toEqual([['note', true]])
    // of a rule that takes the rest, the mark may be all that is missing
    expect(severity('-A FORWARD -j DROP')).toEqual([['warning', true]])
  })

  it('still proposes to set it in an empty chain for marks, whatever the rule that stopped it asks for', () => {
    const filter = ['-A FORWARD -m mark --mark 0x1/0x1 -j ACCEPT', '-A FORWARD -i eth0 -j DROP']
    expect(told({ rules: { mangle: ['-A PREROUTING -j MARKS', '-N MARKS'], filter } }, 'mark-missing')?.fix).toBe(
      'iptables -t mangle -A MARKS -j MARK --set-xmark 0x1/0x1 → forwarded',
    )
  })

  it('takes a rule for another destination before one that marks what has begun', () => {
    const other = '[0:0] -A PREROUTING -d 10.0.2.7/32 -p tcp -j MARK --set-xmark 0x1/0xff'
    const begun = '[0:0] -A PREROUTING -m conntrack --ctstate RELATED,ESTABLISHED -j MARK --set-xmark 0x1/0xff'
    expect(told(one(begun, other), 'mark-missing')?.rules[0]).toBe('mangle PREROUTING rule 2')
  })

  it('blames no rule for what comes in, where this host sent the packet', () => {
    const own: Case = {
      rules: {
        mangle: ['-A OUTPUT -i eth0 -p tcp -j MARK --set-xmark 0x1/0xff'],
        filter: ['-P OUTPUT DROP', '-A OUTPUT -m mark --mark 0x1/0xff -j ACCEPT'],
      },
      packet: OWN,
    }
    expect(JSON.stringify(findingsOf(played(own), 'mark-missing'))).not.toContain('mangle OUTPUT rule 1, which')
  })

  it.each([
    [
      'took it away',
      [SETS, '-A FORWARD -j MARK --set-xmark 0x0/0xff'],
      ['mangle FORWARD rule 1', 'mangle PREROUTING rule 1'],
      'iptables -t mangle -D FORWARD 1 → forwarded',
    ],
    [
      'gave it another one',
      [SETS.replace('0x1/', '0x2/')],
      ['mangle PREROUTING rule 1'],
      /--set-xmark 0x1\/0xff → forwarded$/,
    ],
    [
      'led past the rule that sets it',
      ['-A PREROUTING -p tcp -j ACCEPT', SETS],
      ['mangle PREROUTING rule 1'],
      'iptables -t mangle -D PREROUTING 1 → forwarded',
    ],
    [
      'sets it for another interface',
      [`[0:0] ${SETS.replace('-p tcp', '-i eth7 -p tcp')}`],
      ['mangle PREROUTING rule 1'],
      /-R PREROUTING 1 -i eth0 .* → forwarded$/,
    ],
    [
      'sets it where nothing leads',
      ['-A PREROUTING -p udp -j DROP', SETS.replace('PREROUTING', 'marks')],
      ['mangle marks rule 1'],
      /-j marks → forwarded$/,
    ],
    [
      'is missing, in a chain for it',
      ['-N marks', '-A PREROUTING -j marks'],
      ['mangle marks rule 1'],
      'iptables -t mangle -A marks -j MARK --set-xmark 0x1/0xff → forwarded',
    ],
  ])('names the rule that %s', (_name, mangle, rules, fix) => {
    const found = told(one(...mangle), 'mark-missing')
    expect(found?.rules).toEqual([...rules, 'filter FORWARD rule 2'])
    expect(found?.fix).toMatch(
      fix instanceof RegExp ? fix : new RegExp(`^${fix.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`),
    )
  })

  it('does not blame a rule that marks what is for one other host', () => {
    const found = (to: string) => findingsOf(played(one(SETS.replace('-p tcp', `-d ${to} -p tcp`))), 'mark-missing')
    expect(found('10.9.9.9/32').map(({ severity, fix }) => [severity, fix])).toEqual([['note', []]])
    expect(found('10.0.2.3/32').map(({ severity }) => severity)).toEqual(['warning'])
  })

  it('proposes nothing where a rule stopped just such packets', () => {
    const { mangle } = one(SETS.replace('0x1/', '0x2/')).rules
    const found = told(
      { rules: { mangle: mangle!, filter: [ASKS, '-A FORWARD -p tcp -m tcp --dport 80 -j DROP'] } },
      'mark-missing',
    )
    expect([found?.rules, found?.fix]).toEqual([['mangle PREROUTING rule 1', 'filter FORWARD rule 1'], undefined])
  })

  it.each([
    ['the packet has it', one(SETS)],
    ['no rule asks for one', { rules: { mangle: [SETS], filter: ['-P FORWARD DROP'] } }],
    [
      'the rule fails for something else, too',
      {
        rules: {
          mangle: [SETS.replace('0x1/', '0x2/')],
          filter: ['-P FORWARD DROP', ASKS.replace('-m mark', '-i eth7 -m mark')],
        },
      },
    ],
  ] satisfies [string, Case][])('is not told where %s', (_name, case_) => {
    expect(told(case_, 'mark-missing')).toBeUndefined()
  })

  it('names the rule that would have set the mark of its connection', () => {
    const rules = {
      mangle: ['-A PREROUTING -p tcp -m tcp --dport 8080 -j CONNMARK --set-xmark 0x1/0xffffffff'],
      filter: ['-P FORWARD DROP', '-A FORWARD -m connmark --mark 0x1 -j ACCEPT'],
    }
    expect(told({ rules }, 'mark-missing')?.message).toBe(
      'filter FORWARD rule 1 requires connection mark 0x1, which the packet does not have: mangle PREROUTING rule 1, which sets this mark, only matches --dport 8080.',
    )
    const bits = rules.mangle[0]!.replace('0x1/0xffffffff', '0x2/0xffffffff')
    expect(told({ rules: { ...rules, mangle: [bits] } }, 'mark-missing')).toBeUndefined()
  })

  it('is a jump that is alone in its chain, and leads past the chain that sets the mark', () => {
    const mangle = [
      '-A PREROUTING -j agent-mark',
      '-A agent -j agent-mark',
      '-A agent -p tcp -m tcp --dport 80 -j MARK --set-xmark 0x1/0xff',
      '-A agent-mark -i eth1 -j MARK --set-xmark 0x2/0xff',
    ]
    const found = told(one(...mangle), 'mark-missing')
    expect(found?.message).toContain('PREROUTING rule 1, which matches it, jumps to agent-mark, as agent rule 1 does')
    expect(found?.fix).toBe('iptables -t mangle -R PREROUTING 1 -j agent → forwarded')
  })

  it('is a note where nat returns what has no mark, and no rule sets it: others are given a source so', () => {
    const nat = [
      '-A POSTROUTING -j services',
      '-A services -m mark ! --mark 0x4000/0x4000 -j RETURN',
      '-A services -j MASQUERADE',
    ]
    const packet = { ...SYN, dst: '8.8.8.8' }
    const [found] = findingsOf(played({ rules: { nat }, packet }), 'mark-missing')
    expect(found).toMatchObject({
      severity: 'note',
      message: 'nat services rule 1 matches packets without mark 0x4000/0x4000, and no rule sets this mark.',
    })
  })
})
