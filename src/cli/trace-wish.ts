/** What a trace is asked for, of the words of a command line. */
import { readFilter } from '../analysis/select.ts'
import { alternatives } from '../filter/alternatives.ts'
import type { Wish } from '../live/plan.ts'
import { HERE, parseVia, type TraceHost } from '../live/trace-host.ts'
import type { SetupOptions } from './trace-setup.ts'

/** Throws LiveProblem. */
export const placesOf = ({ via }: Pick<SetupOptions, 'via'>): readonly TraceHost[] => (via ? via.map(parseVia) : [HERE])

/** Throws UserError for a filter that cannot be read. */
export const wishOf = (filter: string, options: SetupOptions): Wish => ({
  backend: options.backend,
  alternatives: alternatives(readFilter(filter)).list,
  rate: options.rate,
  deadline: options.deadline,
  log: options.log ?? false,
  programs: options.programs ?? false,
  takeOver: options.takeOver ?? false,
})
