/** An interface of which only the index is known: nothing is said that hangs on its name. */

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../../src/edits/fix.ts'
import { deviceWord } from '../../../../src/edits/words.ts'
import { command } from '../../../../src/model/command.ts'
import { isNameless } from '../../../../src/model/packet.ts'
import { UNICODE } from '../../../../src/reports/marks.ts'
import { interfaceWords } from '../../../../src/reports/packet-words.ts'
import { evaluate } from '../../../../src/rules/evaluate.ts'
import { isUnknown } from '../../../../src/rules/truth.ts'
import { Simulator } from '../../../../src/simulate/simulator.ts'
import { explainFile, worldOf } from '../../../journey/journeys.ts'

const root = new URL('../../../../', import.meta.url)
const text = (path: string) => readFileSync(new URL(path, root), 'utf8')
const incident = 'examples/firewalld-port-forward'
const capture = new Uint8Array(readFileSync(new URL('fixtures/incidents/firewalld-port-forward/nflog.pcap', root)))
const rules = text(`${incident}/rules.v4`)
const routes = text(`${incident}/host/ip-route.json`)

it('#3 is none, eth3 is one', () => {
  expect(['#3', '#12345', '#', 'eth3', 'a#3', '#3a', '', undefined].map(isNameless)).toEqual([
    ...[true, true],
    ...new Array(6).fill(false),
  ])
})

describe('the port forward without `ip addr`', () => {
  const { journeys, told } = explainFile(capture, worldOf(rules, routes))
  const [journey] = journeys

  it('ends as it does, by the same rule', () => {
    expect(told).toEqual(['- nameless-interfaces'])
    expect([journey?.outcome, journey?.culprit?.chain, journey?.culprit?.ruleNumber]).toEqual([
      'rejected',
      'FORWARD',
      7,
    ])
    expect([journey?.packet.in, journey?.steps.at(-1)?.out]).toEqual(['#2', '#3'])
  })

  it('proposes no command that names such an interface', () => {
    const commands = journey!.findings.flatMap(({ fix }) =>
      fix.map(fixCommands).flatMap(({ command, undo }) => [command?.toString(), undo?.toString()]),
    )
    expect(commands.filter(Boolean).length).toBeGreaterThan(0)
    expect(commands.filter((command) => command?.includes('#'))).toEqual([])
    expect(String(command('ip', 'link', deviceWord('#2')).whyNot)).toBe('nameless')
  })

  it('writes it otherwise than the number of a packet', () => {
    expect(interfaceWords(journey!, UNICODE)).toEqual(['interface 2→interface 3'])
  })
})

it('a condition on it is unknown, whatever it asks for', () => {
  const world = worldOf(rules)
  const packet = { in: '#2', out: '#3', physIn: '#4', physOut: '#5', src: '192.0.2.1', dst: '198.51.100.2' }
  const fields = ['meta iifname', 'meta oifname', 'meta physiifname', 'meta physoifname']
  for (const field of fields)
    for (const value of ['em1', '#2'])
      for (const op of ['==', '!='] as const) {
        const moment = { packet, family: 'ip', world, hook: 'forward' } as const
        expect(isUnknown(evaluate({ kind: 'compare', field, op, value }, moment) as never)).toBe(true)
      }
})

it('the model does not play such a packet', () => {
  const machine = new Simulator(worldOf(rules, routes))
  const sent = machine.send({ in: '#2', src: '192.0.2.1', dst: '198.51.100.2', protocol: 'tcp', sport: 1, dport: 2 })
  expect(sent.ended.outcome).toBe('undetermined')
  expect(JSON.stringify(sent.ended)).toContain('its name is not known')
})
