/** Rules of iptables-legacy with iptables-nft, and the other way round. */
import type { Problem } from '../problem.ts'

export function otherTool(problem: Problem): Problem | undefined {
  const { backend } = problem
  // a command names the other one, or nft, which shares the kernel's tables with iptables-nft alone
  if (/\bnft\b|legacy/.test(JSON.stringify([problem.hosts, problem.setup, problem.earlier, problem.mend]))) return
  if (backend === 'iptables-legacy') return { ...problem, backend: 'iptables-nft' }
  return backend === 'iptables-nft' ? { ...problem, backend: 'iptables-legacy' } : undefined
}
