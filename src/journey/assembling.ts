/** What both assemblers take and give. */

import type { OpenJourney } from './open.ts'

export interface AssemblerOptions {
  /** Microseconds of capture time without another event after which a journey is closed. */
  idle: number
  /** Journeys open at the same time; more, and the oldest is closed as it is. */
  maxOpen: number
  /** Lines of the capture are missing, nobody knows where. */
  lossy?: boolean
  /** Where no trace ids tell packets apart: one shows for the first time, with this state. Valid during the call alone. */
  onBegun?(state: number): void
}

export const DEFAULT_OPTIONS: AssemblerOptions = { idle: 1_000_000, maxOpen: 20_000 }

/** Takes a journey that is closed; its points and states are valid only during the call. */
export type OnClosed = (journey: OpenJourney, followed: boolean) => void

/** Numbers journeys by first event, over all captures of one run. */
export class JourneyIds {
  last = 0
}
