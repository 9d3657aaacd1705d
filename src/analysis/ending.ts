/** What is known only once all inputs are read. */
import type { Diagnostic } from '../model/diagnostic.ts'
import type { RunStats } from './capture.ts'
import type { Joined } from './hosts.ts'
import type { InputFile } from './inputs/open.ts'

/** What was read, and what of it could not be used. */
export interface Ending {
  inputs: readonly InputFile[]
  warnings: readonly Diagnostic[]
  stats: RunStats
  /** Packets that were seen on two machines, in the order of their way. */
  joined?: readonly Joined[]
}
