/**
 * A program for tests: `node watch.mjs INODE` watches the drops of that network namespace until it is ended, and says in
 * lines of JSON what it is told.
 */
import { watchDrops } from '../../../src/kernel/bpf/watch.ts'
import { Unavailable } from '../../../src/kernel/unavailable.ts'

const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`)

const watch = watchDrops({ namespaceInode: Number(process.argv[2]) })
watch.onDrops((drops) => say({ drops }))
try {
  await watch.ready
  say({ ready: true })
} catch (error) {
  if (!(error instanceof Unavailable)) throw error
  say({ unavailable: error.reason, message: error.message })
}
