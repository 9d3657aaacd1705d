/** What comes behind a chain's last rule, which iptables-legacy prints like an unconditional rule: the chain's length alone tells them apart. */
import type { Step } from './journey.ts'

export const endWords = (reported: Step['reported']): string =>
  reported === 'return' ? 'the end of the chain' : 'the policy'
