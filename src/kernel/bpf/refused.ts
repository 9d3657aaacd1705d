/** Why the kernel refuses to have its drops watched, in a sentence. */
import { readFileSync } from 'node:fs'
import { Unavailable } from '../unavailable.ts'
import { BpfError } from './bpf.ts'
import { BtfError } from './btf.ts'

/** What the kernel says of this process and of itself. */
export interface Circumstances {
  /** /proc/self/status */
  status: string
  /** /proc/self/uid_map: how users of this namespace are numbered in the one above. */
  uidMap: string
  /** /sys/kernel/security/lockdown, as `none [integrity] confidentiality`; empty where the kernel has none. */
  lockdown: string
}

const CAPABILITIES = { CAP_SYS_ADMIN: 21, CAP_PERFMON: 38, CAP_BPF: 39 } as const

export function circumstances(): Circumstances {
  const read = (path: string) => {
    try {
      return readFileSync(path, 'utf8')
    } catch {
      return ''
    }
  }
  return {
    status: read('/proc/self/status'),
    uidMap: read('/proc/self/uid_map'),
    lockdown: read('/sys/kernel/security/lockdown'),
  }
}

/** A lock that nobody gets around: kernel memory is not to be read. */
export const isLockedDown = ({ lockdown }: Circumstances): boolean => lockdown.includes('[confidentiality]')

export const LOCKED_DOWN = 'the kernel is locked down (confidentiality), so no program may read its memory'

/** What went wrong as an Unavailable; what is none of these mishaps stays as it is. */
export function refused(error: unknown, here: Circumstances): unknown {
  if (error instanceof BtfError) return new Unavailable('kernel', error.message)
  if (!(error instanceof BpfError)) return error
  if (error.code === 'EPERM' || error.code === 'EACCES') return new Unavailable('rights', `${whyNoRight(here)}`)
  if (error.code === 'ENOSYS') return new Unavailable('kernel', 'this kernel has no bpf(2) (CONFIG_BPF_SYSCALL)')
  const said = error.log.trim().split('\n').slice(-3).join('; ')
  return new Unavailable('kernel', said === '' ? error.message : `${error.message}: ${said}`)
}

function whyNoRight(here: Circumstances): string {
  const bits = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(here.status)?.[1] ?? '0'}`)
  const has = (name: keyof typeof CAPABILITIES) => (bits >> BigInt(CAPABILITIES[name])) % 2n === 1n
  const missing = has('CAP_SYS_ADMIN') ? [] : (['CAP_BPF', 'CAP_PERFMON'] as const).filter((name) => !has(name))
  if (missing.length > 0) return `watching drops needs ${missing.join(' and ')} (or root)`
  // 0 0 4294967295: all users, as they are numbered in the first user namespace
  if (!/^\s*0\s+0\s+4294967295\s*$/.test(here.uidMap))
    return 'watching drops needs root rights outside of this user namespace'
  if (isLockedDown(here)) return LOCKED_DOWN
  const filtered = /^Seccomp:\s*2/m.test(here.status)
  return `the kernel forbids bpf(2)${filtered ? ': the seccomp filter of this process blocks it, as is usual in containers' : ''}`
}
