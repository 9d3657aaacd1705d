/** Journeys and connections as JSON has them: a command is text for a POSIX shell, which JSON.stringify makes of it. */
import type { Flow } from '../analysis/flow.ts'
import { printedExchange, printedJourney } from '../edits/fix.ts'
import type { Command } from '../model/command.ts'
import type { Exchange } from '../model/exchange.ts'
import type { Journey, PrintedFix } from '../model/journey.ts'
import type { ExchangeDocument, FlowDocument, JourneyDocument } from './documents.ts'
import { printedFlow } from './printed-group.ts'

/** What JSON.stringify makes of a value. */
type Stringified<T> = T extends Command ? string : { [K in keyof T]: Stringified<T[K]> }

/** To be printed, and for nothing else. */
export const journeyDocument: (journey: Journey) => JourneyDocument = printedJourney as unknown as (
  journey: Journey,
) => Stringified<Journey<PrintedFix>>

/** The same. */
export const flowDocument: (flow: Flow) => FlowDocument = printedFlow as unknown as (
  flow: Flow,
) => Stringified<Flow<PrintedFix>>

/** The same. */
export const exchangeDocument: (exchange: Exchange) => ExchangeDocument = printedExchange as unknown as (
  exchange: Exchange,
) => Stringified<Exchange<PrintedFix>>
