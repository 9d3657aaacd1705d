import type { Rate, Wish } from '../live/plan.ts'
import type { Colour } from './terminal.ts'

/** What `nfwhy trace` was told on its command line. */
export interface TraceOptions {
  count?: number
  for?: number
  rate: Rate | undefined
  deadline: number
  backend: Wish['backend']
  via?: string[]
  exec?: string
  save?: string
  log?: boolean
  programs?: boolean
  drops: boolean
  takeOver?: boolean
  dryRun?: boolean
  cleanup?: boolean
  idle?: number
  outcome?: string[]
  rule?: string[]
  full?: boolean
  quiet?: boolean
  json?: boolean
  ndjson?: boolean
  output?: string
  plain?: boolean
  color?: Colour
  width?: number
}
