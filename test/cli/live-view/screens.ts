/** Screens of the live view, as text and compared with fixtures/cli/live-view. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'vitest'
import { add, type Came, notice } from '../../../src/cli/live-view/add.ts'
import { paste, press } from '../../../src/cli/live-view/press.ts'
import { render } from '../../../src/cli/live-view/render.ts'
import { type Beginning, begin, count, type LiveState } from '../../../src/cli/live-view/state.ts'
import type { Journey } from '../../../src/model/journey.ts'
import { replay } from './replay.ts'

const GOLDEN = new URL('../../../fixtures/cli/live-view/', import.meta.url)

export const INCIDENTS = ['nodeport-clash', 'firewalld-port-forward', 'openstack-snat']

let known: Came[] | undefined
/** A packet of each fate in the examples. */
export const examples = (): Came[] => {
  known ??= INCIDENTS.flatMap((name) => replay(`examples/${name}/`))
  return known
}

export const empty = (more: Partial<Beginning> = {}): LiveState =>
  begin({
    title: "nfwhy trace 'tcp or icmp' on this host, by nft's trace",
    columns: 80,
    rows: 24,
    now: 0,
    deadline: 581_000,
    look: { colour: false, unicode: true },
    ...more,
  })

/** With the examples' packets, events that were lost, and a notice. */
export const busy = (more: Partial<Beginning> = {}): LiveState =>
  notice(count(add(empty(more), examples()), { lost: 12 }), 'the rules have changed, and were read again')

export const presses = (state: LiveState, ...keys: string[]): LiveState => keys.reduce(press, state)

export const typing = (state: LiveState, text: string): LiveState => paste(press(state, '/'), text)

const made = new Map<string, Came>()

/** As many fates as asked for, a packet to port 1, 2, …; the same each time. */
export const many = (length: number, outcome: Journey['outcome'] = 'dropped'): Came[] =>
  Array.from({ length }, (_, i) => {
    const key = `${outcome} ${i}`
    const came = made.get(key) ?? make(i + 1, outcome)
    made.set(key, came)
    return came
  })

function make(dport: number, outcome: Journey['outcome']): Came {
  const packet = { src: '192.0.2.1', dst: '198.51.100.1', protocol: 'tcp', sport: 40_000, dport }
  const [steps, cause, findings] = [[], [], []]
  const journey: Journey = {
    id: String(dport),
    family: 'ip',
    packet,
    steps,
    outcome,
    basis: 'observed',
    cause,
    findings,
  }
  return { journey, packet, group: { journey, count: 1, same: same() } }
}

const same = () => ({ src: true, dst: true, sport: true, dport: true })

/** One more packet of the fate; `sport`: from another port. */
export function again({ journey, group, packet }: Came, sport = packet.sport!): Came {
  const differs = sport !== journey.packet.sport
  return {
    journey,
    group: { ...group, count: group.count + 1, same: { ...group.same, ...(differs ? { sport: false } : {}) } },
    packet: { ...packet, sport },
  }
}

export const screen = (state: LiveState): string[] => render(state).lines.map((line) => line.trimEnd())

/** `UPDATE_GOLDEN=1` writes it. */
export function expectScreen(name: string, state: LiveState): void {
  const file = new URL(`${name}.txt`, GOLDEN)
  const text = `${render(state)
    .lines.map((line) => line.trimEnd())
    .join('\n')}\n`
  if (process.env.UPDATE_GOLDEN === '1') {
    mkdirSync(GOLDEN, { recursive: true })
    writeFileSync(file, text)
  }
  expect(existsSync(file), `${name} is there; UPDATE_GOLDEN=1 writes it`).toBe(true)
  expect(text).toBe(readFileSync(file, 'utf8'))
}
