/** What a rule or policy has counted, as iptables and its kin print it. */

import type { Counters } from '../../model/counters.ts'
import { kernelNumber } from '../../model/kernel-number.ts'

/** Undefined where they are not there, or no numbers that the kernel has. */
export function countersOf(packets: string | undefined, bytes: string | undefined): Counters | undefined {
  const [counted, sum] = [kernelNumber(packets), kernelNumber(bytes)]
  return counted === undefined || sum === undefined ? undefined : { packets: counted, bytes: sum }
}
