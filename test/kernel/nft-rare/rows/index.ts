import { HOOKS } from './hooks.ts'
import { PAYLOAD } from './payload.ts'

export const TOPICS = {
  hooks: HOOKS,
  payload: PAYLOAD,
}
