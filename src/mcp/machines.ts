/** What calls may ask machines: this host, or those that were named when the server was started; none else. */
import type { NamedInput } from '../analysis/inputs/named.ts'
import type { DoctorDocument } from '../live/doctor/json.ts'

export interface Machines {
  /** Was --allow-trace given? */
  readonly mayTrace: boolean
  /** Looks, and changes nothing. `filter`: which packets show no trace. Throws UserError. */
  doctor(where: string | undefined, filter: string | undefined, ending: AbortSignal): Promise<DoctorDocument>
  /** Everything that was set up is removed when it resolves or rejects. Throws UserError. */
  trace(wanted: TraceWanted, ending: AbortSignal): Promise<Traced>
}

export interface TraceWanted {
  where: string | undefined
  filter: string
  seconds: number
  /** At most. */
  packets: number
}

export interface Traced {
  /** The machine. */
  where: string
  /** Captures, rules and host state; their names begin with `folder` and a slash. */
  inputs(folder: string): Promise<NamedInput[]>
  warnings: string[]
}
