import { describe, expect, it } from 'vitest'
import { single } from '../../src/analysis/groups.ts'
import { explain } from '../../src/explain/explain.ts'
import { noteUnmatched } from '../../src/explain/unmatched.ts'
import { recognise } from '../../src/read/recognise.ts'
import { WorldBuilder } from '../../src/read/world.ts'
import { text } from '../../src/reports/text/index.ts'
import { Simulator } from '../../src/simulate/simulator.ts'
import { parseSpec } from '../../src/simulate/spec.ts'

const RULES = `*filter
:INPUT DROP [0:0]
:web - [0:0]
-A INPUT -s 198.51.100.0/24 -p udp -j ACCEPT
-A INPUT -p tcp -m tcp --dport 80 -j web
-A INPUT -m limit --limit 5/min -m ttl --ttl-eq 1 -j ACCEPT
-A web -s 192.0.2.2/32 -j ACCEPT
-A web ! -i eth0 -j ACCEPT
COMMIT
`

function simulate() {
  const builder = new WorldBuilder()
  const found = recognise(RULES)
  if (found && found.kind !== 'capture') builder.add('rules', RULES, found)
  const machine = new Simulator(builder.world, { assume: new Map([['192.0.2.9 is local', true]]) })
  const spec = parseSpec('in eth0 tcp 192.0.2.1:40000 > 192.0.2.9:80 syn')
  if (!('packet' in spec)) throw new Error('no packet')
  const { evidence, ended } = machine.send(spec.packet)
  const journey = explain(evidence, builder.world, { ended })
  noteUnmatched(evidence, builder.world)
  return journey
}

describe('rules that did not match', () => {
  const { steps } = simulate()

  it('stand at the step that came next, each with what did not hold', () => {
    expect(
      steps.map(({ chain, ruleNumber, unmatched = [] }) => [
        chain,
        ruleNumber,
        unmatched.map((one) => [one.ruleNumber, one.failed]),
      ]),
    ).toEqual([
      ['INPUT', 2, [[1, ['-s 198.51.100.0/24', '-p udp']]]],
      [
        'web',
        3,
        [
          [1, ['-s 192.0.2.2/32']],
          [2, ['! -i eth0']],
        ],
      ],
      ['INPUT', 4, [[3, ['--ttl-eq 1']]]],
    ])
  })

  it('are told in a full report, in front of that step', () => {
    const lines = text
      .open({ full: true, width: 100 })
      .journey(single(simulate()))
      .split('\n')
      .map((line) => line.trim())
    const at = lines.indexOf('1 no: -s 198.51.100.0/24, -p udp')
    expect(at).toBeGreaterThan(0)
    expect(lines.findLastIndex((line) => line.includes('filter INPUT rule 2'))).toBeGreaterThan(at)
  })
})
