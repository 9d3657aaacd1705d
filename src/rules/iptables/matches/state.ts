import { defineMatch, negateIf } from '../extension.ts'
import { ctStates, stateCondition } from '../values/ct.ts'

/** `-m state --state …`: an older word for `-m conntrack --ctstate …` that still prints as itself (libxt_conntrack.c, state_save). */
export const state = defineMatch({
  name: 'state',
  options: { state: ctStates({ invert: true, required: true }) },
  conditions({ state }) {
    const { value, not } = state!
    return [negateIf(not, stateCondition(value, `--state ${value.join(',')}`))]
  },
})
