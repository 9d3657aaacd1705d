/** The program, loaded and attached: from then on the kernel writes down the drops of one network namespace. */
import { readFileSync } from 'node:fs'
import { RECORD } from '../../read/host/kernel-drop-record.ts'
import { libc } from '../libc.ts'
import { Unavailable } from '../unavailable.ts'
import { Bpf, CALL_NUMBERS } from './bpf.ts'
import { Btf } from './btf.ts'
import { type Layout, layoutOf } from './layout.ts'
import { dropProgram } from './program.ts'
import { circumstances, isLockedDown, LOCKED_DOWN, refused } from './refused.ts'

const TYPES = '/sys/kernel/btf/vmlinux'

export interface Tap {
  /** By number, as in records. */
  reasons: ReadonlyMap<number, string>
  /** Fills with whole records (src/read/host/kernel-drop-record.ts); gives how many bytes. 0: there are no more now. */
  take(into: Uint8Array): number
  /** Drops that the queue had no room for, since it was opened. */
  lost(): number
  /**
   * Drops of any namespace that the program did not see, since one of them interrupted another on the same CPU; 0 on
   * kernels before 5.12.
   */
  missed(): number
  /** No more records come; those that are there can still be taken. */
  detach(): void
  close(): void
}

/** `entries`: how many drops may wait. Throws Unavailable, with the reason. Ends by itself when the process ends. */
export function openTap(namespaceInode: number, entries: number): Tap {
  return loadAt((bpf, layout, keep) => {
    const queue = keep(bpf.createQueue(RECORD, entries))
    const lost = keep(bpf.createCounter())
    const program = keep(bpf.loadTracepointProgram(dropProgram(layout, namespaceInode, { queue, lost })))
    return {
      program,
      tap: {
        reasons: layout.reasons,
        take: (into) => bpf.take(queue, into, RECORD),
        lost: () => bpf.readCounter(lost),
        missed: () => bpf.missed(program),
      },
    }
  })
}

/** Gives file descriptors that it closes in the end. */
type Keep = (fd: number) => number

/** What every tap has, whatever its program writes. */
interface Attached {
  detach(): void
  close(): void
}

/** Loads a program and attaches it to kfree_skb. Throws Unavailable. */
export function loadAt<T>(load: (bpf: Bpf, layout: Layout, keep: Keep) => { program: number; tap: T }): T & Attached {
  const number = CALL_NUMBERS[process.arch]
  if (number === undefined)
    throw new Unavailable('platform', `drops can be watched on x86-64 and arm64, not on ${process.arch}`)
  const c = libc()
  const here = circumstances()
  if (isLockedDown(here)) throw new Unavailable('kernel', LOCKED_DOWN)
  // Node's own close warns of descriptors that it has not opened
  const closeFd = c.func('int close(int fd)')
  const fds: number[] = []
  const keep = (fd: number) => {
    fds.push(fd)
    return fd
  }
  const close = () => {
    for (const fd of fds.splice(0)) closeFd(fd)
  }
  try {
    const bpf = new Bpf(c, number)
    const { program, tap } = load(bpf, layoutOf(new Btf(readTypes())), keep)
    const link = keep(bpf.attach(program, 'kfree_skb'))
    return {
      ...tap,
      detach() {
        const at = fds.indexOf(link)
        if (at >= 0) closeFd(fds.splice(at, 1)[0]!)
      },
      close,
    }
  } catch (error) {
    close()
    throw refused(error, here)
  }
}

function readTypes(): Uint8Array {
  try {
    return readFileSync(TYPES)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new Unavailable(
      'kernel',
      code === 'ENOENT'
        ? `the kernel does not describe its types (no ${TYPES}: CONFIG_DEBUG_INFO_BTF)`
        : `${TYPES} cannot be read (${code})`,
    )
  }
}
