import { describe, expect, it } from 'vitest'
import { BpfError } from '../../../src/kernel/bpf/bpf.ts'
import { BtfError } from '../../../src/kernel/bpf/btf.ts'
import { type Circumstances, refused } from '../../../src/kernel/bpf/refused.ts'
import { Unavailable } from '../../../src/kernel/unavailable.ts'

const ROOT: Circumstances = {
  status: 'Name:\tnode\nCapEff:\t000001ffffffffff\nSeccomp:\t0\n',
  uidMap: '         0          0 4294967295\n',
  lockdown: '[none] integrity confidentiality\n',
}
const [EPERM, EINVAL, ENOSYS] = [1, 22, 38]
const with_ = (CapEff: string, more: Partial<Circumstances> = {}) => ({
  ...ROOT,
  status: `CapEff:\t${CapEff}\nSeccomp:\t0\n`,
  ...more,
})

describe('why drops cannot be watched', () => {
  it.each<[string, Unavailable['reason'], number, Circumstances]>([
    ['watching drops needs CAP_BPF and CAP_PERFMON (or root)', 'rights', EPERM, with_('0000000000000000')],
    ['watching drops needs CAP_PERFMON (or root)', 'rights', EPERM, with_('0000008000000000')],
    ['watching drops needs CAP_BPF (or root)', 'rights', EPERM, with_('0000004000000000')],
    ['the kernel forbids bpf(2)', 'rights', EPERM, with_('0000000000200000')],
    [
      'watching drops needs root rights outside of this user namespace',
      'rights',
      EPERM,
      { ...ROOT, uidMap: '         0       1000          1\n' },
    ],
    [
      'the kernel forbids bpf(2): the seccomp filter of this process blocks it, as is usual in containers',
      'rights',
      EPERM,
      { ...ROOT, status: 'CapEff:\t000001ffffffffff\nSeccomp:\t2\n' },
    ],
    [
      'the kernel is locked down (confidentiality), so no program may read its memory',
      'rights',
      EPERM,
      { ...ROOT, lockdown: 'none integrity [confidentiality]\n' },
    ],
    ['this kernel has no bpf(2) (CONFIG_BPF_SYSCALL)', 'kernel', ENOSYS, ROOT],
    ['it failed (EINVAL)', 'kernel', EINVAL, ROOT],
  ])('%s', (message, reason, errno, here) => {
    const told = refused(new BpfError('it failed', errno), here)
    expect(told).toBeInstanceOf(Unavailable)
    expect(told).toMatchObject({ message, reason })
  })

  it('the end of what the verifier said', () => {
    const log = '0: (bf) r6 = r1\n1: (79) r9 = *(u64 *)(r6 +16)\nR1 invalid mem access\nprocessed 2 insns\n'
    expect(refused(new BpfError('the kernel rejects the eBPF program', EINVAL, log), ROOT)).toMatchObject({
      message:
        'the kernel rejects the eBPF program (EINVAL): 1: (79) r9 = *(u64 *)(r6 +16); R1 invalid mem access; processed 2 insns',
    })
  })

  it('types that are not described', () => {
    expect(refused(new BtfError('this kernel has no tracepoint kfree_skb'), ROOT)).toMatchObject({ reason: 'kernel' })
  })

  it('what is a bug stays one', () => {
    const bug = new TypeError('x')
    expect(refused(bug, ROOT)).toBe(bug)
  })
})
