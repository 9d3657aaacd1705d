/** What is asked of LOG and NFLOG lines alone, and fetched with what reads them. */
import { withLogs } from '../read/captures/log-readers.ts'

export const ofLogs = withLogs(() => import('./of-logs.ts'))
