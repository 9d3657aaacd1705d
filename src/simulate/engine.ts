import type { Engine } from '../journey/engine.ts'
import { Machine } from './machine.ts'

/** The model: at once, anywhere, and as far as conditions can be known. */
export const modelEngine: Engine = {
  id: 'model',
  play(world, packet, { before = [], assume, budget } = {}) {
    const machine = new Machine(world, { ...(assume ? { assume } : {}), ...(budget ? { budget } : {}) })
    for (const one of before) machine.send(one)
    return machine.send(packet)
  },
}
