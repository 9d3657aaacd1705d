/**
 * The incidents, told beforehand: their packets sent through their rules have to meet what the kernel printed, line by
 * line. fixtures/simulate/incidents/ is what a person read in the captures; the captures themselves are in examples/.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { explain } from '../../src/explain/explain.ts'
import { CaptureExplainer, type Journey, recognise, type World, WorldBuilder } from '../../src/index.ts'
import { kernelLog } from '../../src/read/captures/kernel-log/format.ts'
import { Simulator } from '../../src/simulate/simulator.ts'

interface Expected {
  steps: {
    table: string
    chain: string
    printed: string
    ruleNumber: number
    dst: string
    mark: number
    dport?: number
  }[]
  outcome: string
}

const ROOT = new URL('../../', import.meta.url)
const FIXTURES = new URL('fixtures/simulate/incidents/', ROOT)

describe.each(readdirSync(FIXTURES).map((file) => file.replace('.json', '')))('%s', (name) => {
  const folder = new URL(`examples/${name}/`, ROOT)
  const world = readWorld(folder)
  const observed = explainLog(folder, world)
  const expected: Expected[] = JSON.parse(readFileSync(new URL(`${name}.json`, FIXTURES), 'utf8'))
  const machine = new Simulator(world)
  const simulated = observed.map(({ packet }) => {
    const { evidence, ended } = machine.send(packet)
    return explain(evidence, world, { ended })
  })

  it('meets what a person read in the capture', () => {
    const told = simulated.map(({ steps, outcome }) => ({
      outcome,
      steps: steps.map(({ table, chain, kind, reported, ruleNumber, dst, mark, dport }) => ({
        ...{ table, chain, printed: reported ?? kind, ruleNumber, dst, mark },
        ...(dport === undefined ? {} : { dport }),
      })),
    }))
    expect(told).toEqual(expected.map(({ steps, outcome }) => ({ outcome, steps })))
  })

  it('is the journey that the capture shows', () => {
    expect(simulated.map(comparable)).toEqual(observed.map(comparable))
  })
})

/** Without what only a capture has: its time; and what a step did to the packet, of which a capture shows less. */
const comparable = ({ steps, outcome, findings, culprit, cause }: Journey) => ({
  steps: steps.map(({ known: _, changes: __, ...step }) => step),
  outcome,
  cause,
  culprit,
  findings: findings.map(({ code }) => code),
})

/** The connections were listed behind the capture: they are what its packets made. */
function readWorld(folder: URL): World {
  const builder = new WorldBuilder()
  const files = ['rules.v4', ...readdirSync(new URL('host/', folder)).map((name) => `host/${name}`)]
  for (const name of files) {
    const text = readFileSync(new URL(name, folder), 'utf8')
    const recognised = recognise(text)
    if (recognised && recognised.kind !== 'capture') builder.add(name, text, recognised)
  }
  builder.world.host.conntrack = []
  return builder.world
}

function explainLog(folder: URL, world: World): Journey[] {
  const journeys: Journey[] = []
  const explainer = new CaptureExplainer(
    kernelLog,
    world,
    () => {},
    (closed) => journeys.push(closed.explain()),
  )
  explainer.push(readFileSync(new URL('dmesg.log', folder)))
  explainer.end()
  return journeys
}
