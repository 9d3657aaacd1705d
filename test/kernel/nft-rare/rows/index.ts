import { CONNECTIONS } from './connections.ts'
import { HOOKS } from './hooks.ts'
import { NAT } from './nat.ts'
import { NUMBERS } from './numbers.ts'
import { OBJECTS } from './objects.ts'
import { PAYLOAD } from './payload.ts'
import { RANDOM } from './random.ts'
import { REJECT } from './reject.ts'
import { ROUTING } from './routing.ts'
import { SETS } from './sets.ts'

export const TOPICS = {
  hooks: HOOKS,
  payload: PAYLOAD,
  connections: CONNECTIONS,
  sets: SETS,
  objects: OBJECTS,
  numbers: NUMBERS,
  nat: NAT,
  routing: ROUTING,
  reject: REJECT,
  'found by random rulesets': RANDOM,
}
