/** Where the kernel drops packets, and what a reason for it is described by. */

/**
 * Where on its way a packet was: in netfilter; in routing, between hooks; on this host, behind INPUT; on its way out,
 * behind POSTROUTING; or before the first hook.
 */
export type Stage = 'netfilter' | 'routing' | 'here' | 'out' | 'before'

export interface Meaning {
  /** Absent: anywhere. */
  stage?: Stage
  /** Goes on behind "The kernel dropped it (REASON): ". */
  text: string
  /** What to look at. */
  check?: string
  command?: string
  /** The packet has done what it came for, or nothing is lost with it. */
  harmless?: boolean
}

export const at = (stage: Stage, text: string, check?: string, command?: string): Meaning => ({
  stage,
  text,
  ...(check === undefined ? {} : { check }),
  ...(command === undefined ? {} : { command }),
})
export const harmless = (text: string): Meaning => ({ stage: 'here', text, harmless: true })
