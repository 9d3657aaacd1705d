import { HOOKS } from './hooks.ts'
import { OBJECTS } from './objects.ts'
import { PAYLOAD } from './payload.ts'
import { REJECT } from './reject.ts'
import { SETS } from './sets.ts'

export const TOPICS = {
  hooks: HOOKS,
  payload: PAYLOAD,
  sets: SETS,
  objects: OBJECTS,
  reject: REJECT,
}
