import type { StoreOption } from './storing.ts'
import type { Colour } from './terminal.ts'

/** What `nfwhy watch` was told on its command line. */
export interface WatchOptions extends StoreOption {
  via?: string
  /** Seconds. */
  for?: number
  count?: number
  metrics?: string
  json?: boolean
  ndjson?: boolean
  plain?: boolean
  page?: boolean
  port?: string
  printUnit?: boolean
  color?: Colour
  width?: number
}
