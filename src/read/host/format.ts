/**
 * One source of host state: what a tool printed about the machine. A file is recognised by its content alone, and
 * never by two formats; an empty one is nobody's.
 */
import type { Report } from '../../model/diagnostic.ts'
import type { Host } from '../../model/host.ts'
import type { NamedSet } from '../../model/ruleset.ts'
import type { Format } from '../format.ts'

export interface HostReading {
  host?: Partial<Host>
  sets?: NamedSet[]
}

export interface HostFormat extends Format {
  /** Keeps what it understands and reports the rest with its line; never throws. */
  read(text: string, report: Report): HostReading
}
