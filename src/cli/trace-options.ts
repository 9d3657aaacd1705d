import type { StoreOption } from './storing.ts'
import type { Colour } from './terminal.ts'
import type { SetupOptions } from './trace-setup.ts'

/** What `nfwhy trace` was told on its command line. */
export interface TraceOptions extends SetupOptions, StoreOption {
  count?: number
  for?: number
  exec?: string
  save?: string
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
