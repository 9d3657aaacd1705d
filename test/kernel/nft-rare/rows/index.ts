import { HOOKS } from './hooks.ts'

export const TOPICS = { hooks: HOOKS }
