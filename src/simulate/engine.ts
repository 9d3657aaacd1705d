import type { Engine } from '../journey/engine.ts'
import { Machine } from './machine.ts'

/** The model: at once, anywhere, and as far as conditions can be known. */
export const modelEngine: Engine = {
  id: 'model',
  play: (world, packet) => new Machine(world).send(packet),
}
