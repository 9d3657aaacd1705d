/** eBPF programs by the numbers that the kernel gives them. */
import { closeSync, readdirSync, readFileSync } from 'node:fs'
import { CALL_NUMBERS } from '../../../src/kernel/bpf/bpf.ts'
import { errnoName, libc } from '../../../src/kernel/libc.ts'

const PROGRAM_FD_BY_ID = 13

/** Of all programs that a process holds. */
export function programsOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/fdinfo`).flatMap((fd) => {
    const id = /^prog_id:\s*(\d+)/m.exec(readIfThere(`/proc/${pid}/fdinfo/${fd}`))?.[1]
    return id === undefined ? [] : [Number(id)]
  })
}

/** A descriptor may be closed meanwhile. */
function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

export function isLoaded(program: number): boolean {
  const c = libc()
  const attributes = new DataView(new ArrayBuffer(128))
  attributes.setUint32(0, program, true)
  const syscall = c.func('long syscall(long number, long command, void *attributes, long size)')
  const fd = Number(syscall(CALL_NUMBERS[process.arch]!, PROGRAM_FD_BY_ID, new Uint8Array(attributes.buffer), 128))
  if (fd < 0 && errnoName(c.errno()) !== 'ENOENT') throw new Error(errnoName(c.errno()))
  if (fd >= 0) closeSync(fd)
  return fd >= 0
}
