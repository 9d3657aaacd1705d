/** What is known only once all inputs are read. */
import type { Diagnostic } from '../model/diagnostic.ts'
import type { RunStats } from './capture.ts'
import type { Joined } from './hosts.ts'
import type { InputFile } from './inputs/open.ts'

/** What was read, and what of it could not be used. */
export interface Ending {
  /** In the order in which they were read. */
  inputs: readonly InputFile[]
  /** What could not be used or has to be known. */
  warnings: readonly Diagnostic[]
  /** How much was read. */
  stats: RunStats
  /** Packets that were seen on two machines, in the order of their way. Absent: all inputs are of one machine. */
  joined?: readonly Joined[]
}
