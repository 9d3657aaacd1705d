import type { Engine } from '../journey/engine.ts'
import { Simulator } from './simulator.ts'

/** The model: at once, anywhere, and as far as conditions can be known. */
export const modelEngine: Engine = {
  id: 'model',
  play(world, packet, { before = [], ...given } = {}) {
    const machine = new Simulator(world, given)
    for (const one of before) machine.send(one)
    return machine.send(packet)
  },
}
