/** What follows a LOG line whose rule is known, where no trace shows it. */
import { describe, expect, it } from 'vitest'
import type { Journey } from '../../src/model/journey.ts'
import { explainLog, worldOf } from './journeys.ts'
import { dmesg, log, type TestPacket } from './kernel-lines.ts'

const packet: TestPacket = { in: 'eth0', src: '10.0.0.1', dst: '192.0.2.1', sport: 40000, dport: 22, id: 77 }
const nft = (...rules: string[]) => `table inet fw {
  chain input { # handle 1
    type filter hook input priority filter; policy accept;
${rules.map((rule, i) => `    ${rule} # handle ${i + 2}\n`).join('')}  }
}
`
const filter = (policy: string, ...rules: string[]) => `*filter
:INPUT ${policy} [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:logs - [0:0]
:more - [0:0]
${rules.map((rule) => `-A ${rule}\n`).join('')}COMMIT
`
const explained = (rules: string, prefix = 'x ', over: Partial<TestPacket> = {}): Journey =>
  explainLog(dmesg([log(prefix, { ...packet, ...over })]), worldOf(rules)).journeys[0]!
const ended = ({ outcome, basis, steps }: Journey) => {
  const { chain, kind, ruleNumber, verdict } = steps.at(-1)!
  return `${outcome} ${basis}: ${chain} ${kind} ${ruleNumber ?? ''} ${verdict}`.replace('  ', ' ')
}
const told = ({ findings }: Journey) => findings.find(({ code }) => code === 'capture-ends')?.message

describe('a rule of nft logs and has the verdict itself', () => {
  it('which is what was seen', () => {
    const journey = explained(nft('tcp dport 22 log prefix "x " drop', 'log prefix "y " accept'))
    expect(ended(journey)).toBe('dropped observed: input rule 1 drop')
    expect(journey.steps.map(({ verdict }) => verdict)).toEqual(['drop', 'drop'])
    expect(journey.cause[0]?.rule).toMatchObject({ family: 'inet', table: 'fw', chain: 'input', handle: 2 })
    expect(told(journey)).toBeUndefined()
  })

  it('or rejects', () => {
    expect(ended(explained(nft('log prefix "x " reject')))).toBe('rejected observed: input rule 1 reject')
  })

  it('behind a condition that holds', () => {
    expect(ended(explained(nft('log prefix "x " tcp dport 22 drop')))).toBe('dropped inferred: input rule 1 drop')
  })

  it('behind a condition that fails: the next rule decides', () => {
    expect(ended(explained(nft('log prefix "x " tcp dport 23 drop', 'tcp dport 22 reject')))).toBe(
      'rejected inferred: input rule 2 reject',
    )
  })

  it('behind a limit: not known', () => {
    const journey = explained(nft('log prefix "x " limit rate 1/second drop'))
    expect([journey.outcome, journey.steps.length, journey.steps[0]!.verdict]).toEqual(['undetermined', 1, undefined])
    expect(told(journey)).toMatch(/^inet fw input handle 2 logged this packet\. What comes after that is unknown/)
  })

  it('in front of the log statement a limit has let it pass', () => {
    expect(ended(explained(nft('limit rate 1/second log prefix "x " drop')))).toBe(
      'dropped observed: input rule 1 drop',
    )
  })

  it('jumps to a chain that drops', () => {
    const rules = `table inet fw {
  chain gone { # handle 5
    drop # handle 6
  }
  chain input { # handle 1
    type filter hook input priority filter; policy accept;
    log prefix "x " jump gone # handle 2
  }
}
`
    expect(ended(explained(rules))).toBe('dropped inferred: gone rule 1 drop')
  })
})

describe('a rule logs, and those behind it decide', () => {
  it.each([
    [
      'the next rule',
      'ACCEPT',
      ['INPUT -j LOG --log-prefix "x "', 'INPUT -j DROP'],
      'dropped inferred: INPUT rule 2 drop',
    ],
    [
      'the one behind rules that do not match',
      'ACCEPT',
      ['INPUT -j LOG --log-prefix "x "', 'INPUT -p udp -j ACCEPT', 'INPUT -p tcp --dport 22 -j REJECT'],
      'rejected inferred: INPUT rule 3 reject',
    ],
    ['the policy', 'DROP', ['INPUT -j LOG --log-prefix "x "'], 'dropped inferred: INPUT policy 2 drop'],
    [
      'a rule of the same user chain',
      'ACCEPT',
      ['INPUT -j logs', 'logs -m limit --limit 1/s -j LOG --log-prefix "x "', 'logs -j DROP'],
      'dropped inferred: logs rule 2 drop',
    ],
    [
      'the policy of the chain that jumped there',
      'DROP',
      ['INPUT -j logs', 'logs -m limit --limit 1/s -j LOG --log-prefix "x "'],
      'dropped inferred: INPUT policy 2 drop',
    ],
    [
      'a rule behind the jump, two chains up',
      'ACCEPT',
      ['INPUT -j more', 'INPUT -j DROP', 'more -j logs', 'more -p udp -j ACCEPT', 'logs -j LOG --log-prefix "x "'],
      'dropped inferred: INPUT rule 2 drop',
    ],
    [
      'the policy behind a goto',
      'DROP',
      ['INPUT -g logs', 'INPUT -j ACCEPT', 'logs -j LOG --log-prefix "x "'],
      'dropped inferred: INPUT policy 3 drop',
    ],
    [
      'the same one for both ways that lead there',
      'ACCEPT',
      ['INPUT -p tcp -j logs', 'INPUT -j logs', 'INPUT -j DROP', 'logs -j LOG --log-prefix "x "'],
      'dropped inferred: INPUT rule 3 drop',
    ],
    [
      'the same one behind two rules with one prefix',
      'ACCEPT',
      ['INPUT -j LOG --log-prefix "x "', 'INPUT -p tcp -j LOG --log-prefix "x "', 'INPUT -j DROP'],
      'dropped inferred: INPUT rule 3 drop',
    ],
  ])('%s', (_name, policy, rules, end) => {
    expect(ended(explained(filter(policy, ...rules)))).toBe(end)
  })

  it('and says that the ruleset tells so', () => {
    expect(told(explained(filter('DROP', 'INPUT -j LOG --log-prefix "x "')))).toBe(
      'filter INPUT rule 1 logged it. That it was stopped after that follows from the ruleset: LOG lines do not show it.',
    )
  })
})

describe('not known', () => {
  it('a condition that no line shows', () => {
    const rules = [
      'INPUT -j LOG --log-prefix "x "',
      'INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT',
      'INPUT -j DROP',
    ]
    const journey = explained(filter('ACCEPT', ...rules))
    expect([journey.outcome, journey.steps.length]).toEqual(['undetermined', 1])
    expect(told(journey)).toMatch(
      /^filter INPUT rule 1 logged this packet\. What comes after that is unknown at filter INPUT rule 2: .+\. LOG lines/,
    )
  })

  it('accepted in that chain, and a later one may stop it', () => {
    const rules = filter('ACCEPT', 'INPUT -j LOG --log-prefix "x "', 'INPUT -p tcp -j ACCEPT')
    const later = '*security\n:INPUT ACCEPT [0:0]\n-A INPUT -m limit --limit 1/s -j DROP\nCOMMIT\n'
    const journey = explained(`${rules}${later}`)
    expect([journey.outcome, journey.steps.length]).toEqual(['undetermined', 1])
    expect(told(journey)).toBe(
      'filter INPUT rule 1 logged this packet. After that, by the ruleset, filter INPUT rule 2 accepts it. What later chains did is not logged.',
    )
  })

  it('rules with one prefix lead to different ends', () => {
    const rules = ['INPUT -j LOG --log-prefix "x "', 'INPUT -p tcp -j ACCEPT', 'INPUT -p udp -j ACCEPT']
    const journey = explained(
      filter('DROP', 'INPUT -j more', ...rules, 'more -j LOG --log-prefix "x "', 'more -j DROP'),
    )
    expect(journey.outcome).toBe('undetermined')
    expect(told(journey)).toBe(
      'Several rules have the prefix of this log line: filter INPUT rule 2, filter more rule 1. What comes after that is not known for certain: filter INPUT rule 3 accepts it, or filter more rule 2 drops it.',
    )
  })

  it('the ways to a chain lead on differently', () => {
    const rules = [
      'INPUT -p tcp -j logs',
      'INPUT -p tcp -j DROP',
      'INPUT -s 10.0.0.0/8 -j logs',
      'logs -j LOG --log-prefix "x "',
    ]
    expect(explained(filter('ACCEPT', ...rules)).outcome).toBe('undetermined')
  })

  it('the rule with that prefix does not match the packet', () => {
    const journey = explained(filter('DROP', 'INPUT -p udp -j LOG --log-prefix "x "'))
    expect(journey.outcome).toBe('undetermined')
    expect(told(journey)).toMatch(/unknown at filter INPUT rule 1: this rule does not match the packet\./)
  })

  it('chains that lead to each other in a circle end', () => {
    const rules = ['INPUT -j logs', 'logs -j LOG --log-prefix "x "', 'logs -p udp -j more', 'more -j logs']
    expect(explained(filter('DROP', ...rules)).outcome).toBe('dropped')
  })
})

describe('the state of the connection, which no line shows', () => {
  const LOG = 'INPUT -j LOG --log-prefix "x "'
  const KNOWN = 'INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'

  it('is none that a rule in front would have accepted', () => {
    const again = 'INPUT -m conntrack --ctstate ESTABLISHED -p tcp -j ACCEPT'
    expect(ended(explained(filter('ACCEPT', KNOWN, LOG, again, 'INPUT -j DROP')))).toBe(
      'dropped inferred: INPUT rule 4 drop',
    )
    // both are possible then
    const forNew = 'INPUT -p tcp -m conntrack --ctstate NEW -m tcp --dport 22 -j ACCEPT'
    expect(explained(filter('ACCEPT', KNOWN, LOG, forNew, 'INPUT -j DROP')).outcome).toBe('undetermined')
  })

  it('is one that the rule itself asks for', () => {
    const logsNew = 'INPUT -m conntrack --ctstate NEW -j LOG --log-prefix "x "'
    expect(ended(explained(filter('ACCEPT', logsNew, KNOWN, 'INPUT -j DROP')))).toBe(
      'dropped inferred: INPUT rule 3 drop',
    )
    expect(ended(explained(nft('ct state new log prefix "x "', 'ct state established accept', 'reject')))).toBe(
      'rejected inferred: input rule 3 reject',
    )
  })

  it('is none that a map in front has a verdict for', () => {
    const map = 'ct state vmap { established : accept, related : accept, invalid : drop }'
    expect(ended(explained(nft(map, 'log prefix "x "', 'ct state established,related accept', 'drop')))).toBe(
      'dropped inferred: input rule 4 drop',
    )
  })

  it('does not matter where each leads to one end', () => {
    const rules = [LOG, 'INPUT -p udp -m conntrack --ctstate NEW -j ACCEPT', 'INPUT -j DROP']
    expect(ended(explained(filter('ACCEPT', ...rules)))).toBe('dropped inferred: INPUT rule 3 drop')
  })

  it('is not known in front of connection tracking', () => {
    const raw = `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -m conntrack --ctstate NEW -j LOG --log-prefix "x "
-A PREROUTING -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A PREROUTING -j DROP
COMMIT
`
    expect(explained(raw).outcome).toBe('undetermined')
  })
})

describe('accepted, and no later chain can stop it', () => {
  const accepting = (chain: string, more = '') =>
    `${filter('DROP', `${chain} -j LOG --log-prefix "x "`, `${chain} -p tcp -j ACCEPT`)}${more}`
  const nat = (rule: string) => `*nat\n:POSTROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A ${rule}\nCOMMIT\n`
  const through = { out: 'eth1' }
  const own = { in: '', out: 'eth1' }

  it.each([
    ['there is none', accepting('INPUT'), {}, 'delivered inferred: INPUT rule 2 accept'],
    [
      'by the policy',
      filter('ACCEPT', 'INPUT -j LOG --log-prefix "x "'),
      {},
      'delivered inferred: INPUT policy 2 accept',
    ],
    ['forwarded', accepting('FORWARD'), through, 'forwarded inferred: FORWARD rule 2 accept'],
    ['sent', accepting('OUTPUT'), own, 'sent inferred: OUTPUT rule 2 accept'],
    [
      'it is masqueraded',
      accepting('FORWARD', nat('POSTROUTING -o eth1 -j MASQUERADE')),
      through,
      'forwarded inferred: FORWARD rule 2 accept',
    ],
    ['by nft itself', nft('log prefix "x " accept'), {}, 'delivered inferred: input rule 1 accept'],
  ])('%s', (_name, rules, over, end) => {
    const journey = explained(rules, 'x ', over)
    expect(ended(journey)).toBe(end)
    expect(told(journey)).toMatch(/logged it\. That it was accepted after that follows from the ruleset/)
  })

  it.each([
    ['it comes in again', accepting('OUTPUT'), { in: '', out: 'lo' }],
    ['the later chain drops all else', `${accepting('FORWARD')}*mangle\n:POSTROUTING DROP [0:0]\nCOMMIT\n`, through],
    [
      'another table of the same hook and priority drops some',
      `${nft('tcp dport 22 log prefix "x " accept')}table inet other {
  chain input { # handle 1
    type filter hook input priority filter; policy accept;
    limit rate 1/second drop # handle 2
  }
}
`,
      {},
    ],
  ])('not known where %s', (_name, rules, over) => {
    expect(explained(rules, 'x ', over).outcome).toBe('undetermined')
  })
})
