/** What was changed, and what the packet would meet then. */
import { batch, signal } from '@preact/signals'
import type { Packet } from '../../../model/packet.ts'
import type { Explanation, Play, RuleAt } from '../../protocol.ts'
import { Refused } from '../engine.ts'
import { ask, explanation, maps, onOpened, opened, rulesets, tab } from '../state.ts'

/** As a person would type them, in order. */
export const commands = signal<readonly string[]>([])
/** What is played: of the exchange that was chosen, or what was typed. */
export const packet = signal<Packet | undefined>(undefined)
export const machine = signal<string | undefined>(undefined)
/** The exchange that the packet was taken from, while it is that very packet. */
const captured = signal<Explanation | undefined>(undefined)
/** The same packet on the rules as they were: captured, or else played. */
export const before = signal<Explanation | undefined>(undefined)
export const after = signal<Explanation | undefined>(undefined)
/** Why the model does not give what was captured. */
export const differs = signal<string | undefined>(undefined)
export const refused = signal<Refused | undefined>(undefined)
/** Milliseconds from the question to its answer. */
export const took = signal<number | undefined>(undefined)

onOpened.push(() => {
  batch(() => {
    commands.value = []
    packet.value = undefined
    captured.value = undefined
    before.value = undefined
    after.value = undefined
    refused.value = undefined
    machine.value = opened.value?.machines[0]
  })
})

const here = () => (machine.value === undefined ? {} : { machine: machine.value })

/** Takes over the packet of the exchange that is shown, unless another one is being tried. */
export async function takePacket(): Promise<void> {
  const shown = explanation.value
  if (packet.value !== undefined || !shown) return
  packet.value = shown.packet
  machine.value = shown.machine ?? machine.value
  captured.value = shown
  await playAgain()
}

/** Another packet: words as `nfwhy simulate` takes them, or fields. */
export const playPacket = (of: Play['packet']): Promise<void> =>
  trying(async () => {
    const { packet: read } = await ask('play', { packet: of, ...here() })
    packet.value = read
    captured.value = undefined
    before.value = undefined
    await playBoth()
  })

/** These commands in place of those before; where one is refused, nothing changes. */
export const change = (wanted: readonly string[]): Promise<void> =>
  trying(async () => {
    await ask('change', { commands: wanted, ...here() })
    commands.value = wanted
    rulesets.value = await ask('rulesets', undefined)
    maps.value = await ask('map', undefined)
    await playAgain()
  })

/** One more of them. */
export const add = (command: string): Promise<void> => change([...commands.value, command])

/** As `add`, from the explanation, for the packet that it is about. */
export async function tryHere(command: string): Promise<void> {
  tab.value = 'try'
  packet.value = undefined
  await takePacket()
  await add(command)
}

export const changeRule = (at: RuleAt, what: 'off' | 'up' | 'down'): Promise<void> =>
  trying(async () => {
    await takePacket()
    await add(await ask('ruleCommand', { ...at, do: what }))
  })

async function playAgain(): Promise<void> {
  if (packet.value === undefined) return
  await trying(playBoth)
}

/** On the rules as they are now, and where they were changed, on those before. */
async function playBoth(): Promise<void> {
  const of = captured.value
  const asked = { packet: packet.value!, ...(of ? { journey: of.row.id } : {}), ...here() }
  const began = performance.now()
  const { explanation: now, differs: reason } = await ask('play', asked)
  differs.value = reason
  took.value = performance.now() - began
  if (captured.value) before.value = captured.value
  else if (commands.value.length === 0) before.value = now
  after.value = now
}

async function trying(work: () => Promise<void>): Promise<void> {
  refused.value = undefined
  try {
    await work()
  } catch (error) {
    refused.value = error instanceof Refused ? error : new Refused(String(error))
  }
}
