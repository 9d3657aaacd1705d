import { describe, expect, it } from 'vitest'
import { lowerSpec } from '../../../src/rules/iptables/lower.ts'
import { printSpec } from '../../../src/rules/iptables/print.ts'
import { readRule } from '../../../src/rules/iptables/read.ts'
import { splitWords } from '../../../src/rules/iptables/words.ts'

const read = (text: string, family: 'ip' | 'ip6' = 'ip') => readRule(splitWords(text), family, 'filter')
const print = (text: string) => read(text).specs.map((spec) => printSpec(spec, 'ip', 'filter'))

describe('readRule takes what other versions than 1.8.9 take', () => {
  it.each([
    ['-s ! 10.0.0.1 -p ! tcp -i ! eth0', '! -s 10.0.0.1/32 ! -i eth0 ! -p tcp'],
    ['-p tcp --dport ! 80', '-p tcp -m tcp ! --dport 80'],
    ['-p tcp --syn ! -s 10.0.0.1', '! -s 10.0.0.1/32 -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN'],
    ['-ptcp -s10.0.0.1 -ieth0 -jACCEPT', '-s 10.0.0.1/32 -i eth0 -p tcp -j ACCEPT'],
    ['--protocol=tcp --source=10.0.0.1 --jump=ACCEPT', '-s 10.0.0.1/32 -p tcp -j ACCEPT'],
    ['! -i + -j ACCEPT', '! -i + -j ACCEPT'],
  ])('%s', (text, printed) => {
    expect(read(text).problems).toEqual([])
    expect(print(text)).toEqual([printed])
  })
})

it('leaves a rule to the other family', () => {
  expect(read('-6 -j ACCEPT')).toEqual({ specs: [], problems: [] })
  expect(read('-4 -j ACCEPT', 'ip6')).toEqual({ specs: [], problems: [] })
})

it('reads counters', () => {
  expect(read('-c 5,600 -j ACCEPT').counters).toEqual({ packets: 5, bytes: 600 })
  const huge = '9'.repeat(400)
  expect(read(`-c ${huge} ${huge} -j ACCEPT`).counters).toEqual({ packets: 2 ** 64, bytes: 2 ** 64 })
  expect(read('-j ACCEPT -c 18446744073709551615 0').problems).toEqual([])
})

it('jumps to a chain that is named like a target', () => {
  const { specs } = readRule(['-j', 'LOG'], 'ip', 'filter', (name) => name === 'LOG')
  expect(specs[0]!.target).toEqual({ name: 'LOG', chain: true })
  expect(lowerSpec(specs[0]!, 'ip').statements).toEqual([{ kind: 'jump', chain: 'LOG' }])
})

describe('keeps what it does not understand', () => {
  it.each([
    ['-j FULLCONENAT --to-ports 1024-65535 --random', 'statements', '-j FULLCONENAT --to-ports 1024-65535 --random'],
    ['-m geoip ! --source-country DE -j DROP', 'conditions', '-m geoip ! --source-country DE'],
    ['-m mark --mark 0x1 --rainbow 7 -j DROP', 'conditions', '-m mark --mark 0x1 --rainbow 7'],
    ['-m mark --mark blue -j DROP', 'conditions', '-m mark --mark blue'],
    ['-m mark -j DROP', 'conditions', '-m mark'],
    ['-j LOG --log-level 9', 'statements', '-j LOG --log-level 9'],
    ['-s host.invalid -j DROP', 'conditions', '-s host.invalid'],
    ['-p tcp -p udp -j DROP', 'conditions', '-p udp'],
    ['-j ACCEPT -j DROP', 'conditions', '-j DROP'],
  ] as const)('%s', (text, where, unknown) => {
    const { specs, problems } = read(text)
    expect(problems).not.toEqual([])
    expect(lowerSpec(specs[0]!, 'ip', 'filter')[where]).toContainEqual({
      kind: 'unknown',
      text: unknown,
      reason: 'not understood',
    })
    for (const word of splitWords(text)) expect(splitWords(printSpec(specs[0]!, 'ip', 'filter'))).toContain(word)
  })

  it('and prints a target that it did not understand behind the matches', () => {
    const rule = '-p tcp -m conntrack --ctstate NEW -j "two words"'
    expect(read(rule).specs[0]?.unread).toEqual(['-j', 'two words'])
    expect(print(rule)).toEqual([rule])
  })

  it('and never throws, whatever the words', () => {
    const words = ['!', '-s', '-j', '-m', '--', '-', '', '-c', '--dport', '=', '--=', '-p', 'tcp', 'x', '-4x', '--x=']
    for (const a of words)
      for (const b of words) for (const c of words) expect(() => readRule([a, b, c], 'ip', 'filter')).not.toThrow()
  })
})
