/** `nfwhy trace --cleanup`: removes what a session that was killed may have left. */

import { cleanUp } from '../live/cleanup.ts'
import { cleanupCommand } from '../live/notes/tell.ts'
import type { TraceHost } from '../live/trace-host.ts'
import { printCommand } from '../model/command.ts'
import { printable } from '../model/printable.ts'
import { EXIT } from './errors.ts'
import { Output } from './stdout.ts'

/** The exit code. Throws LiveProblem. */
export async function runCleanup(places: readonly TraceHost[]): Promise<number> {
  const out = new Output()
  let failed = false
  for (const place of places) {
    const { removed, failures, running, elsewhere, stays, distrusted, blind } = await cleanUp(place)
    const name = printable(place.name)
    for (const one of removed) out.write(`${name}: removed ${printable(one)}\n`)
    for (const one of running)
      out.write(`${name}: ${printable(one)} belongs to a session that still runs, and is kept\n`)
    for (const one of elsewhere)
      out.write(
        `${name}: ${printable(one.id)} was set up in another network namespace, and is kept; ${
          one.pid === undefined
            ? 'clean up there with --via'
            : `clean up there: ${printCommand(cleanupCommand(place, one))}`
        }\n`,
      )
    for (const one of failures) out.write(`${name}: could not remove ${printable(one)}\n`)
    for (const one of stays) out.write(`${name}: left as it is: ${printable(one)}\n`)
    for (const one of distrusted) out.write(`${name}: not trusted: ${printable(one)}\n`)
    if (blind) out.write(`${name}: without CAP_NET_ADMIN, rules and tables are not visible: run this as root.\n`)
    else if (removed.length + failures.length + running.length + elsewhere.length + stays.length === 0)
      out.write(`${name}: nothing is left behind.\n`)
    failed ||= blind || failures.length > 0
  }
  out.flush()
  return failed ? EXIT.failed : EXIT.done
}
