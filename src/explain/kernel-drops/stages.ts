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
  /** A program and its words, as our own table has them; DEVICE stands for the interface. */
  look?: readonly string[]
  /** The packet has done what it came for, or nothing is lost with it. */
  harmless?: boolean
}

/** A word that is put in place where it is known. */
export const DEVICE = 'DEVICE'

export const at = (stage: Stage, text: string, check?: string, look?: string): Meaning => ({
  stage,
  text,
  ...(check === undefined ? {} : { check }),
  ...(look === undefined ? {} : { look: look.split(' ') }),
})
export const harmless = (text: string): Meaning => ({ stage: 'here', text, harmless: true })
