import type { Host } from '../../model/host.ts'
import { tableLedTo } from '../../rules/route.ts'
import { KERNEL_TABLES } from './routes.ts'

/** The one table with routes that no routing rule leads to; undefined where there are several. */
export function unledTable({ routes = [], routingRules = [] }: Host, family: string): string | undefined {
  const led = new Set([...routingRules.map(tableLedTo), ...KERNEL_TABLES, ''])
  const tables = new Set(routes.flatMap((one) => (one.family === family && !led.has(one.table) ? one.table : [])))
  const [table, ...others] = tables
  return others.length > 0 ? undefined : table
}
