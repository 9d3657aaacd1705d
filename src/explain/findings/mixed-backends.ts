import { backendOf } from '../../journey/backends.ts'
import { type Detector, finding } from '../context.ts'
import { nameRef, refAt } from '../refs.ts'

/** Rules of iptables-legacy and of nf_tables are both in force, and the capture shows one side only. */
export const mixedBackends: Detector = {
  code: 'mixed-backends',
  detect(context) {
    const { ended } = context
    if (ended.because !== 'other-backend' || !ended.missing) return []
    const { table, chain, hook } = ended.missing
    const last = refAt(context, ended.step)
    const other = backendOf(table)
    const name = `${table.family} ${table.name} ${chain.name}`
    return [
      finding(
        'mixed-backends',
        'warning',
        `Behind ${last ? nameRef(last) : 'its last line'} the packet meets ${name} of ${other === 'legacy' ? 'iptables-legacy' : 'nf_tables'} (${hook.toUpperCase()}), which this capture does not show: rules of both are in force here.`,
        {
          steps: [ended.step + 1],
          rules: [{ family: table.family, table: table.name, chain: chain.name }],
          fix: [
            other === 'legacy'
              ? {
                  description: 'trace iptables-legacy as well: its lines are in the kernel log',
                  unverified: 'it only looks',
                }
              : { description: 'trace nf_tables as well: nft monitor trace', unverified: 'it only looks' },
          ],
        },
      ),
    ]
  },
}
