import type { Facts } from '../../survey/facts.ts'
import { FAMILY_NAME, legacyFamilies } from '../legacy.ts'
import type { Cause, Problem } from '../problem.ts'

export const moduleMissing: Cause = {
  id: 'module-missing',
  about: {
    cause: 'the kernel module for tracing is missing',
    check: '`/proc/net/ip_tables_targets` without TRACE; `modules.dep`, `/sys/module`',
    mend: 'the package with the module (OpenWrt: kmod-ipt-debug, kmod-ipt-raw), or nft',
  },
  tested: 'recorded',
  check(facts, wish) {
    return legacyFamilies(facts, wish).flatMap((family) => {
      const raw = family === 'ip' ? 'iptable_raw' : 'ip6table_raw'
      const targets = facts.files.get(`/proc/net/${family}_tables_targets`)
      const found: Problem[] = []
      if (targets && !targets.includes('TRACE') && isMissing(facts, 'xt_TRACE'))
        found.push(missing(facts, 'xt_TRACE', `${FAMILY_NAME[family]} rules cannot use TRACE`))
      if (facts.modules.get(raw) === 'missing')
        found.push(
          missing(facts, raw, `there is no raw table for ${FAMILY_NAME[family]}, and TRACE works in no other table`),
        )
      return found
    })
  },
}

const isMissing = ({ modules }: Facts, name: string): boolean =>
  modules.get(name) === 'missing' || modules.get(name) === 'no-modules'

function missing({ kernel, modules, programs, nftTables }: Facts, name: string, what: string): Problem {
  const nft = nftTables ? ' nft can trace here: `nfwhy trace` uses it.' : ''
  const hint = programs.has('opkg')
    ? 'opkg install iptables-mod-trace kmod-ipt-debug kmod-ipt-raw'
    : `install the package with all modules of kernel ${kernel ?? ''} (linux-modules-extra, kernel-modules-extra …)`
  return {
    code: 'module-missing',
    severity: nftTables ? 'warning' : 'error',
    message: `The kernel has no ${name}: ${what}.`,
    evidence:
      modules.get(name) === 'no-modules'
        ? `${name}: it is not built in, and this kernel cannot load modules`
        : `${name}: not in /lib/modules/${kernel ?? ''}/modules.dep`,
    fix: { description: `${hint}.${nft}`, safe: false, unsafe: 'it installs software' },
  }
}
