/** The index finds what walking finds: every rule that may match, in order, and none is passed over. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Packet } from '../../src/model/packet.ts'
import type { Chain } from '../../src/model/ruleset.ts'
import { emptyWorld } from '../../src/model/world.ts'
import { indexOf, nextIn } from '../../src/rules/chain-index.ts'
import type { EvalContext } from '../../src/rules/eval-context.ts'
import { evaluateAll } from '../../src/rules/evaluate.ts'
import { lowerSpec } from '../../src/rules/iptables/lower.ts'
import { readRule } from '../../src/rules/iptables/read.ts'
import { splitWords } from '../../src/rules/iptables/words.ts'
import { share } from '../share.ts'

function chainOf(rules: readonly string[], family: 'ip' | 'ip6'): Chain {
  return {
    name: 'SIBLINGS',
    rules: rules.map((text, i) => {
      const { specs, problems } = readRule(splitWords(text), family)
      expect(problems, text).toEqual([])
      return { text, ruleNumber: i + 1, ...lowerSpec(specs[0]!, family) }
    }),
  }
}

const momentOf = (packet: Packet, family: 'ip' | 'ip6'): EvalContext => ({
  packet,
  family,
  hook: 'forward',
  world: emptyWorld(),
})

/** In any chain, as walk-table.ts looks for it. */
function nextCandidate({ rules }: Chain, from: number, moment: EvalContext): number {
  const index = indexOf(rules)
  return index ? nextIn(index, from, moment) : from
}

/** Rules that may match: true or unknown. */
function candidates(chain: Chain, moment: EvalContext, next: (from: number) => number): number[] {
  const found: number[] = []
  for (let i = next(0); i < chain.rules.length; i = next(i + 1))
    if (evaluateAll(chain.rules[i]!.conditions, moment) !== false) found.push(i)
  return found
}

const host = (family: 'ip' | 'ip6') =>
  fc.integer({ min: 1, max: 6 }).map((n) => (family === 'ip' ? `10.0.0.${n}` : `fd00::${n}`))

const ruleOf = (family: 'ip' | 'ip6') =>
  fc
    .record({
      dst: fc.option(
        host(family).chain((one) =>
          fc.constantFrom(`-d ${one}`, `! -d ${one}`, `-d ${one}/${family === 'ip' ? 30 : 126}`),
        ),
        { nil: '' },
      ),
      src: fc.option(
        host(family).map((one) => `-s ${one}`),
        { nil: '' },
      ),
      port: fc
        .constantFrom(
          '',
          '-p tcp',
          '-p tcp --dport 80',
          '-p tcp ! --dport 80',
          '-p tcp --dport 80:90',
          '-p udp --dport 80',
        )
        .chain((one) => (one === '' ? fc.constantFrom('', '-p tcp -m multiport --dports 80,443') : fc.constant(one))),
      target: fc.constantFrom('-j ACCEPT', '-j DROP', ''),
    })
    .map(({ dst, src, port, target }) => [src, dst, port, target].filter((one) => one !== '').join(' '))

const packetOf = (family: 'ip' | 'ip6') =>
  fc.record(
    {
      src: host(family),
      dst: host(family),
      protocol: fc.constantFrom('tcp', 'udp', 'icmp'),
      dport: fc.constantFrom(80, 85, 443, 22),
      fragOffset: fc.constantFrom(0, 1480),
    },
    { requiredKeys: [] },
  )

describe.each(['ip', 'ip6'] as const)('%s', (family) => {
  it('gives the rules that walking gives', () => {
    fc.assert(
      fc.property(fc.array(ruleOf(family), { minLength: 16, maxLength: 60 }), packetOf(family), (rules, packet) => {
        const chain = chainOf(rules, family)
        const moment = momentOf(packet as Packet, family)
        const looked = candidates(chain, moment, (from) => nextCandidate(chain, from, moment))
        expect(looked).toEqual(candidates(chain, moment, (from) => from))
      }),
      { numRuns: share(400) },
    )
  })
})

it('passes thousands of siblings over in one look-up', () => {
  const rules = Array.from(
    { length: 5000 },
    (_, i) => `-d 10.${i >> 8}.${i & 255}.1/32 -p tcp -m tcp --dport 80 -j ACCEPT`,
  )
  const chain = chainOf([...rules, '-j DROP'], 'ip')
  const at = (dst: string, from: number) =>
    nextCandidate(chain, from, momentOf({ dst, protocol: 'tcp', dport: 80 }, 'ip'))
  expect(at('10.3.7.1', 0)).toBe(3 * 256 + 7)
  expect(at('10.3.7.1', 3 * 256 + 8)).toBe(5000)
  expect(at('192.0.2.1', 0)).toBe(5000)
})
