/** May the kernel be asked for its drops here? */
import { release } from 'node:os'
import { watchDrops } from '../../../src/kernel/bpf/watch.ts'
import { whyNot } from '../namespaces.ts'

/** Undefined: it may. `thread`: as built. */
export async function whyNoDrops(thread: string): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'no right to name network namespaces (run as root)'
  // the names have become more from release to release
  const [major = 0, minor = 0] = release().split('.').map(Number)
  if (major < 6 || (major === 6 && minor < 14)) return 'kernels before Linux 6.14 know fewer reasons'
  const missing = whyNot('ip', 'nft', 'python3')
  if (missing !== undefined) return missing
  const watch = watchDrops({ namespaceInode: 1, entries: 16 }, thread)
  try {
    await watch.ready
    await watch.stop()
  } catch (error) {
    return (error as Error).message
  }
  return undefined
}

/** A minute at most: a slow machine takes long to get there. Throws then: what never comes would be waited for on every run. */
export async function until(done: () => boolean): Promise<void> {
  for (let i = 0; !done(); i++) {
    if (i === 3000) throw new Error(`this did not come: ${done}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
